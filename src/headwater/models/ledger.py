"""The prediction ledger: what a call has scored once is looked up, not scored again.

A ledger is a folder of immutable Parquet files, a subfolder a call fingerprint, with the columns ``key_hi`` and
``key_lo`` (int64 halves of the row key), ``result`` and ``scored_at`` (UTC). A file belongs to the ledger from the
moment that its row in the metadata database is committed, and not before: it is written in full, forced to the disk
and renamed first. So any number of processes may append at once, and one that is killed leaves at most a file that
nobody reads. Two processes that score the same row both append it; either answer is right, and one is read.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from headwater.errors import ModelError
from headwater.models.arrow import Array, Keys, compute
from headwater.models.keys import key_columns, packed_keys
from headwater.models.predictions import Found, moments
from headwater.store import Database, tables, utc_now

__all__ = ["Ledger", "LedgerFile", "LedgerPredictions"]

#: Rows looked up together: a lookup hashes all wanted keys anew, so small files are read in groups.
_LOOKUP_ROWS = 1 << 20

_COLUMNS = ["key_hi", "key_lo", "result", "scored_at"]

#: Keys neither repeat nor compress, and nobody looks for a range of them.
_FILE_FORMAT: dict[str, Any] = {
    "use_dictionary": ["scored_at"],
    "compression": {"key_hi": "none", "key_lo": "none", "scored_at": "snappy"},
    "write_statistics": False,
}


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A file of the ledger and how many rows it has."""

    path: Path
    rows: int


class Ledger:
    """Predictions by call fingerprint and row key.

    Args:
        folder: where the files are; made when missing.
        database: the metadata database, which says which files count.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database

    def register(self, fingerprint: str, description: Mapping[str, Any]) -> None:
        """Make a fingerprint known, with what it stands for; needed once before the first :meth:`append`."""
        row = {"fingerprint": fingerprint, "description": dict(description), "created_at": utc_now()}
        known = select(tables.ledger_fingerprints.c.fingerprint).filter_by(fingerprint=fingerprint)
        try:
            with self._database.begin() as connection:
                if connection.execute(known).first() is None:
                    connection.execute(insert(tables.ledger_fingerprints).values(row))
        except IntegrityError:
            with self._database.read() as connection:
                if connection.execute(known).first() is None:
                    raise  # not another process that was quicker

    def known(self, fingerprint: str, since: datetime | None = None) -> tuple[LedgerFile, ...]:
        """The files that hold this call's predictions, oldest first; those made before ``since`` left out."""
        files = tables.ledger_files
        query = select(files.c.path, files.c.rows).filter_by(fingerprint=fingerprint).order_by(files.c.id)
        if since is not None:
            query = query.where(files.c.created_at >= since)
        with self._database.read() as connection:
            return tuple(LedgerFile(self._folder / path, rows) for path, rows in connection.execute(query))

    def lookup(self, files: tuple[LedgerFile, ...], keys: Keys, result: pa.DataType) -> Found:
        """The predictions for these keys, as far as the files have them.

        Args:
            files: of one fingerprint (see :meth:`known`).
            keys: distinct packed row keys.
            result: the Arrow type of a prediction.

        Raises:
            ModelError: a file is missing or cannot be read.
        """
        positions: list[Array] = []
        results: list[Array] = []
        scored_at: list[Array] = []
        for stored in _read_groups(files):
            at = compute.index_in(_packed(stored), value_set=keys)
            rows = compute.indices_nonzero(at.is_valid())
            if len(rows):
                positions.append(at.take(rows).cast(pa.int64()))
                results.append(stored.column("result").combine_chunks().take(rows).cast(result))
                scored_at.append(stored.column("scored_at").combine_chunks().take(rows))
        if not positions:
            return Found.nothing(result)
        return Found(*(pa.concat_arrays(parts) for parts in (positions, results, scored_at)))

    def append(self, fingerprint: str, keys: Keys, results: Array, now: datetime) -> LedgerFile:
        """Add predictions; they are in the ledger when this returns, for every process.

        Args:
            fingerprint: registered before.
            keys: packed row keys, one per result.
            results: the predictions.
            now: when they were made.
        """
        high, low = key_columns(keys)
        table = pa.table({"key_hi": high, "key_lo": low, "result": results, "scored_at": moments(now, len(keys))})
        name = Path(fingerprint[:2]) / fingerprint / f"{uuid.uuid4().hex}.parquet"
        _write_durably(table, self._folder / name)
        self._commit(fingerprint, name, len(keys), now)
        return LedgerFile(self._folder / name, len(keys))

    def _commit(self, fingerprint: str, name: Path, rows: int, now: datetime) -> None:
        row = {"fingerprint": fingerprint, "path": name.as_posix(), "rows": rows, "created_at": now}
        with self._database.begin() as connection:
            connection.execute(insert(tables.ledger_files).values(row))


class LedgerPredictions:
    """The predictions of one call in the ledger.

    Args:
        ledger: where they are kept.
        fingerprint: of the call, registered there.
        max_age: how long ago a prediction may have been made to be used again; None: for ever.
    """

    streams: bool = False

    def __init__(self, ledger: Ledger, fingerprint: str, max_age: timedelta | None = None) -> None:
        self._ledger = ledger
        self._fingerprint = fingerprint
        self._max_age = max_age

    def count(self) -> int:
        return sum(file.rows for file in self._known())

    def lookup(self, keys: Keys, result: pa.DataType) -> Found:
        return self._ledger.lookup(self._known(), keys, result)

    def append(self, keys: Keys, results: Array, scored_at: datetime) -> None:
        self._ledger.append(self._fingerprint, keys, results, scored_at)

    def _known(self) -> tuple[LedgerFile, ...]:
        return self._ledger.known(self._fingerprint, None if self._max_age is None else utc_now() - self._max_age)


def _read_groups(files: tuple[LedgerFile, ...]) -> Iterator[pa.Table]:
    """The files' keys and results, about :data:`_LOOKUP_ROWS` rows at a time."""
    group: list[pa.Table] = []
    for file in files:
        group.append(_read(file.path))
        if sum(table.num_rows for table in group) >= _LOOKUP_ROWS:
            yield pa.concat_tables(group)
            group = []
    if group:
        yield pa.concat_tables(group)


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(
            path, columns=["key_hi", "key_lo", "result", "scored_at"], use_threads=False, partitioning=None
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise ModelError(
            f"A file of the prediction ledger cannot be read: {type(error).__name__}.",
            code="model.ledger",
            place=str(path),
            hint="Restore it from a backup, or delete its row from ledger_files to score those rows again.",
        ) from error


def _packed(stored: pa.Table) -> Keys:
    halves = (stored.column(name).to_numpy() for name in ("key_hi", "key_lo"))
    return packed_keys(*halves)


def _write_durably(table: pa.Table, path: Path) -> None:
    """Write, force to the disk, and only then give the file its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        pq.write_table(table, file, **_FILE_FORMAT)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
