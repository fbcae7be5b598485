"""Digests of rows: 64 bits that tell whether a row is what it was, and 64 that tell its key.

They are kept beside a table's files, so that the next refresh compares a million rows without reading them. Cells of
a fixed width are mixed in numpy, which costs a fifteenth of writing them; the others go through DuckDB's ``hash``. That
a changed row is taken for an unchanged one has a chance of one in 2^64 for each changed row.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headwater.tables import reported, sync_folder

__all__ = ["FOLDER", "Digests", "Hasher", "read_digests", "write_digests"]

#: Where they lie in a table's folder. Delta's tools leave alone what begins with an underscore.
FOLDER = "_digests"

Words = npt.NDArray[np.uint64]

_VERSION = 1
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_ABSENT = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True)
class Digests:
    """Of each row of a version, in order: the digest of the row, and that of its key."""

    rows: Words
    keys: Words

    def __len__(self) -> int:
        return len(self.rows)


class Hasher:
    """Makes digests of rows. Close it."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None

    @staticmethod
    def version() -> str:
        """What digests are made by: those of two versions do not compare."""
        return f"{_VERSION}/duckdb {duckdb.__version__}"

    def digests(self, rows: pa.RecordBatch) -> Words:
        """The digest of each row; it depends on all columns, in their order, and on nothing else. Never 0.

        >>> hasher = Hasher()
        >>> len(set(hasher.digests(pa.record_batch({"a": [1, 1, None, 1], "b": ["x", "y", "x", "x"]})).tolist()))
        3
        >>> hasher.close()
        """
        mixed = np.zeros(rows.num_rows, np.uint64)
        others = []
        for column in rows.columns:
            words = _words(column)
            if words is None:
                others.append(column)
            for word in words or ():
                _mix(mixed, word)
        if others:
            _mix(mixed, self._hashed(others))
        mixed[mixed == 0] = 1
        return mixed

    def close(self) -> None:
        """Lets go of the engine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hashed(self, columns: list[Any]) -> Words:
        if self._connection is None:
            self._connection = duckdb.connect(":memory:", config={"threads": 1})
        names = [f"c{number}" for number in range(len(columns))]
        self._connection.register("rows", pa.Table.from_arrays(columns, names))
        hashed = f"SELECT hash({', '.join(names)}) FROM rows"  # noqa: S608 -- the names are our own
        found = self._connection.sql(hashed).to_arrow_table()
        self._connection.unregister("rows")
        return np.asarray(found.column(0).to_numpy())


def _mix(mixed: Words, word: Words) -> None:
    """Take one word of each row in; each step can be undone, so no two words give one result."""
    mixed ^= word
    mixed *= _FACTOR
    mixed ^= mixed >> _SHIFT


def _words(column: Any) -> list[Words] | None:
    """A column of fixed width as words of 64 bits; None for other columns."""
    kind = column.type
    if not (pa.types.is_primitive(kind) or pa.types.is_decimal128(kind)):
        return None
    null = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    if pa.types.is_decimal128(kind):
        raw = np.frombuffer(column.buffers()[1], np.uint64, count=2 * len(column), offset=column.offset * 16)
        words = [raw[0::2].copy(), raw[1::2].copy()]
    else:
        words = [_whole(column)]
    if null is None:
        return words
    for word in words:
        word[null] = 0
    return [*words, np.where(null, _ABSENT, np.uint64(0))]


def _whole(column: Any) -> Words:
    """A primitive column's bits, widened to 64, in memory of its own where it has nulls."""
    kind = column.type
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.int8()), pa.int8()
    bits = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}[kind.bit_width // 8]
    width = np.dtype(bits).itemsize
    raw = np.frombuffer(column.buffers()[1], bits, count=len(column), offset=column.offset * width)
    wide = raw.astype(np.int64, copy=bool(column.null_count))
    return wide.view(np.uint64)


def write_digests(folder: Path, digests: Digests) -> str:
    """Keep digests beside a table, forced to the disk; returns the file's name, relative to the folder.

    Raises:
        TableError: they cannot be written. No file stays.
    """
    name = f"{FOLDER}/{time.time_ns():020d}-{uuid.uuid4().hex[:12]}.npy"
    with reported(folder, "written"):
        (folder / FOLDER).mkdir(exist_ok=True)
        _write(folder / name, digests)
    return name


def _write(path: Path, digests: Digests) -> None:
    try:
        with path.open("wb") as file:
            np.save(file, np.stack([digests.rows, digests.keys]))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read_digests(folder: Path, name: str, rows: int) -> Digests | None:
    """What :func:`write_digests` kept of a version with so many rows; None where it is not there or not whole."""
    try:
        stored = np.load(folder / name, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if stored.shape != (2, rows) or stored.dtype != np.uint64:
        return None
    return Digests(stored[0], stored[1])
