"""Fingerprints of a file's columns, kept in its footer: whether a column has the same values shows without reading it.

A fingerprint is the XXH3 hash, 128 bits, of a column's values in order, however they are cut into batches. Nested
columns have none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from xxhash import xxh3_128

__all__ = ["Fingerprint", "fingerprint", "fingerprints_of", "to_metadata"]

_KEY = "headwater.fingerprints"


class Fingerprint:
    """Takes a column's values, part by part."""

    def __init__(self) -> None:
        self._values = xxh3_128()
        self._lengths = xxh3_128()
        self._nulls = xxh3_128()
        self._rows = 0

    def add(self, column: Any) -> None:
        """Takes the next values: an Arrow array that is not nested."""
        null = np.empty(0, np.int64)
        if column.null_count:
            null = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
            self._nulls.update((self._rows + null).data)
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            self._add_texts(column, null)
        else:
            self._values.update(_fixed(column, null).data)
        self._rows += len(column)

    def _add_texts(self, column: Any, null: npt.NDArray[np.int64]) -> None:
        _, ends, data = column.buffers()
        bounds = np.frombuffer(ends, np.int32, count=len(column) + 1, offset=column.offset * 4)
        lengths = np.diff(bounds)
        lengths[null] = 0
        self._lengths.update(lengths.data)
        first, last = int(bounds[0]), int(bounds[-1])
        if last > first:
            self._values.update(memoryview(data)[first:last])

    @property
    def text(self) -> str:
        """What was taken, as a text."""
        parts = (self._values, self._lengths, self._nulls)
        return xxh3_128(b"".join(part.digest() for part in parts) + self._rows.to_bytes(8, "little")).hexdigest()


def _fixed(column: Any, null: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The bytes of a column of fixed width, one row of them for each value, zeros where there is none."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    width = column.type.bit_width // 8
    raw = np.frombuffer(column.buffers()[1], np.uint8, count=len(column) * width, offset=column.offset * width)
    if len(null):
        raw = raw.copy()
        raw.reshape(-1, width)[null] = 0
    return raw


def fingerprint(parts: Iterable[Any]) -> str | None:
    """The fingerprint of a column that comes in these parts; None where it is nested.

    >>> whole = pa.array(["a", None, "bc"])
    >>> fingerprint([whole]) == fingerprint([whole[:1], whole[1:]]) != fingerprint([pa.array(["a", "", "bc"])])
    True
    """
    made = Fingerprint()
    for part in parts:
        if pa.types.is_nested(part.type):
            return None
        if len(part):
            made.add(part)
    return made.text


def to_metadata(fingerprints: Mapping[str, str | None]) -> dict[str, str]:
    """Fingerprints of columns as what a Parquet file's footer keeps."""
    return {_KEY: json.dumps({name: one for name, one in fingerprints.items() if one is not None})}


def fingerprints_of(path: Path) -> dict[str, str]:
    """The fingerprints that a file's footer has; empty where it has none.

    Raises:
        OSError, pa.ArrowException: the file is gone, or no Parquet file.
    """
    known = (pq.read_metadata(path).metadata or {}).get(_KEY.encode())
    found: dict[str, str] = json.loads(known) if known else {}
    return found
