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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from headwater import moments
from headwater.errors import ModelError
from headwater.models.arrow import Array
from headwater.models.key_index import KeyFilter, KeyIndex, RowKeys
from headwater.models.predictions import Found
from headwater.models.predictions import moments as times
from headwater.store import Database, tables, utc_now

__all__ = ["Ledger", "LedgerFile", "LedgerPredictions"]

#: Rows looked up together.
_SEGMENT_ROWS = 1 << 20

#: Rows whose keys a run keeps in memory, at 24 bytes each, and their results once one of them was wanted, at 10 to 30.
#: What is beyond is read for each window.
_KEPT_ROWS = 4 << 20

_KEYS = ["key_hi", "key_lo"]
_RESULTS = ["result", "scored_at"]

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
        on_kept: called in each transaction that adds predictions.
    """

    def __init__(
        self, folder: Path, database: Database, *, on_kept: Callable[[Connection], None] = lambda _: None
    ) -> None:
        self._folder = folder
        self._database = database
        self._on_kept = on_kept

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

    def append(self, fingerprint: str, keys: RowKeys, results: Array, now: datetime) -> LedgerFile:
        """Add predictions; they are in the ledger when this returns, for every process.

        Args:
            fingerprint: registered before.
            keys: packed row keys, one per result.
            results: the predictions.
            now: when they were made.
        """
        columns = {"key_hi": pa.array(keys.high), "key_lo": pa.array(keys.low), "result": results}
        table = pa.table({**columns, "scored_at": times(now, len(keys))})
        name = Path(fingerprint[:2]) / fingerprint / f"{uuid.uuid4().hex}.parquet"
        _write_durably(table, self._folder / name)
        moments.reached("ledger.written")
        self._commit(fingerprint, name, len(keys), now)
        moments.reached("ledger.appended")
        return LedgerFile(self._folder / name, len(keys))

    def _commit(self, fingerprint: str, name: Path, rows: int, now: datetime) -> None:
        row = {"fingerprint": fingerprint, "path": name.as_posix(), "rows": rows, "created_at": now}
        with self._database.begin() as connection:
            connection.execute(insert(tables.ledger_files).values(row))
            self._on_kept(connection)


class LedgerPredictions:
    """The predictions of one call in the ledger, for one run.

    The keys that were looked up once are kept in order, up to a limit, and so are results: the windows of a run look
    for other keys in the same files. What was appended since the last lookup is read then.

    Args:
        ledger: where they are kept.
        fingerprint: of the call, registered there.
        max_age: how long ago a prediction may have been made to be used again; None: for ever.
    """

    streams: bool = False

    def __init__(self, ledger: Ledger, fingerprint: str, max_age: timedelta | None = None) -> None:
        self.fingerprint = fingerprint
        #: Whether a prediction that was made once holds for ever.
        self.hold = max_age is None
        self._ledger = ledger
        self._max_age = max_age
        self._segments: list[_Segment] = []
        #: The keys of files that this run wrote and has not looked into yet.
        self._own: dict[Path, RowKeys] = {}
        self._written = KeyFilter()

    def count(self) -> int:
        return sum(file.rows for file in self._known())

    def lookup(self, wanted: KeyIndex, result: pa.DataType) -> Found:
        # Most of what a run looks for it has not scored a moment ago.
        own = wanted.where(self._written.may_have(wanted))
        found = [
            segment.find(own if segment.is_own else wanted, result)
            for segment in self._all_segments()
            if len(own) or not segment.is_own
        ]
        found = [part for part in found if len(part.positions)]
        if not found:
            return Found.nothing(result)
        return Found(
            np.concatenate([part.positions for part in found]),
            pa.concat_arrays([part.results for part in found]),
            pa.concat_arrays([part.scored_at for part in found]),
        )

    def append(self, keys: RowKeys, results: Array, scored_at: datetime) -> None:
        file = self._ledger.append(self.fingerprint, keys, results, scored_at)
        self._own[file.path] = keys
        self._written.add(keys)

    def _all_segments(self) -> Iterator[_Segment]:
        """All files that count now, oldest first, about :data:`_SEGMENT_ROWS` rows at a time."""
        known = self._known()
        kept = {path for segment in self._segments for path in segment.paths}
        if not kept.issubset(file.path for file in known):
            self._segments, kept = [], set()  # some are too old by now
        yield from self._segments
        for files in _grouped([file for file in known if file.path not in kept]):
            segment = _Segment(files, self._own)
            if sum(len(one) for one in self._segments) + len(segment) <= _KEPT_ROWS:
                self._segments.append(segment)
            yield segment

    def _known(self) -> tuple[LedgerFile, ...]:
        return self._ledger.known(self.fingerprint, None if self._max_age is None else utc_now() - self._max_age)


class _Segment:
    """Some files: their keys in order, and their results, which are read when one of the keys is wanted.

    ``own`` are keys that need not be read, by their files; those of this segment are taken out of it.
    """

    def __init__(self, files: Sequence[LedgerFile], own: dict[Path, RowKeys]) -> None:
        self.paths = tuple(file.path for file in files)
        self._results: pa.Table | None = None
        #: Whether this run wrote them, and nobody else.
        self.is_own = all(path in own for path in self.paths)
        if self.is_own:
            self._index = KeyIndex(RowKeys.concat([own.pop(path) for path in self.paths]))
            return
        keys = _read(self.paths, _KEYS)
        self._index = KeyIndex(RowKeys(*(column.to_numpy() for column in keys.columns)))

    def __len__(self) -> int:
        return len(self._index)

    def find(self, wanted: KeyIndex, result: pa.DataType) -> Found:
        positions, rows = self._index.find(wanted)
        if not len(rows):
            return Found.nothing(result)
        if self._results is None:
            self._results = _read(self.paths, _RESULTS)
        places: Any = pa.array(rows)
        taken = self._results.take(places)
        results, scored_at = (column.combine_chunks() for column in taken.columns)
        return Found(positions, results.cast(result), scored_at)


def _grouped(files: Sequence[LedgerFile]) -> Iterator[Sequence[LedgerFile]]:
    group: list[LedgerFile] = []
    for file in files:
        group.append(file)
        if sum(one.rows for one in group) >= _SEGMENT_ROWS:
            yield group
            group = []
    if group:
        yield group


def _read(paths: Sequence[Path], columns: list[str]) -> pa.Table:
    """These columns of the files, one file after the other."""
    return pa.concat_tables([_read_file(path, columns) for path in paths])


def _read_file(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, use_threads=False, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise ModelError(
            f"A file of the prediction ledger cannot be read: {type(error).__name__}.",
            code="model.ledger",
            place=str(path),
            hint="Restore it from a backup, or delete its row from ledger_files to score those rows again.",
        ) from error


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
