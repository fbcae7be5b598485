"""Prediction keys: 128 bits that stand for one row of a model's arguments, the same everywhere and for ever.

A row is written as one fixed-width string of bytes, and its key is the XXH3 128-bit hash of that. Per cell: a tag
byte (0 null, 1 value), then, all zero for null:

================  =========  =====================================================================================
Arrow             bytes      content
================  =========  =====================================================================================
bool, integers    8          the value as int64, little-endian (uint64: as uint64)
floats            8          the value as double, little-endian; -0.0 as 0.0; every NaN as 0x7ff8000000000000
date, timestamp   8          the count of the type's own unit as int64, little-endian
decimal128        16         Arrow's own two's complement, little-endian
text, binary      16         XXH3 128-bit hash of the (UTF-8) bytes, big-endian
struct            1 + …      a tag, then each field's cell in order
list              16         XXH3 128-bit hash of the items' cells, one after the other, big-endian
================  =========  =====================================================================================

Columns come in the order of the parameters, in the types that the model declares, so that 1 and 1.0 cannot differ;
names and types are part of the call's fingerprint, not of the key. Changing any of this changes ``KEY_VERSION``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from xxhash import xxh3_128_digest

from headwater.errors import SchemaError
from headwater.models.arrow import Array, compute
from headwater.models.key_index import RowKeys

__all__ = ["KEY_VERSION", "row_keys"]

#: The version of the encoding above; part of every fingerprint.
KEY_VERSION = 1

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_CANONICAL_NAN = np.uint64(0x7FF8000000000000)
_DIGEST_WIDTH = 16

#: Rows written at a time: few enough for their bytes to stay in the processor's cache.
_CHUNK_ROWS = 1 << 14


def row_keys(batch: pa.RecordBatch) -> RowKeys:
    """The key of each row.

    Args:
        batch: one column per parameter, in order, in the parameters' wire types.

    Raises:
        SchemaError: a column's type has no encoding.

    >>> import pyarrow as pa
    >>> keys = row_keys(pa.record_batch({"carrier": ["AA", "AA"], "delay": [0.0, -0.0]}))
    >>> bool(keys.high[0] == keys.high[1] and keys.low[0] == keys.low[1])
    True
    """
    chunks = -(-batch.num_rows // _CHUNK_ROWS) or 1
    rows = -(-batch.num_rows // chunks) or 1
    digests = [_digest_rows(_cells(batch.slice(start, rows))) for start in range(0, batch.num_rows, rows)]
    pairs = np.concatenate([np.zeros((0, _DIGEST_WIDTH), np.uint8), *digests]).view(">i8")
    return RowKeys(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64))


def _cells(batch: pa.RecordBatch) -> Bytes:
    """The rows as bytes, one below the other."""
    matrix = np.empty((batch.num_rows, sum(_width(kind) for kind in batch.schema.types)), np.uint8)
    start = 0
    for column in batch.columns:
        end = start + _width(column.type)
        _write(column, matrix[:, start:end])
        start = end
    return matrix


@cache
def _width(kind: pa.DataType) -> int:
    """Bytes that a cell takes: its tag and its content."""
    if pa.types.is_struct(kind):
        return 1 + sum(_width(kind.field(i).type) for i in range(kind.num_fields))
    return 1 + (8 if _encoder(kind) in _EIGHT_WIDE else _DIGEST_WIDTH)


def _write(column: Array, cells: Bytes, absent: Mask | None = None) -> None:
    """Write the cells of one column. ``absent`` marks rows to write as null besides."""
    if pa.types.is_dictionary(column.type) and not _is_bytes(column.type.value_type):
        column = column.dictionary_decode()
    null = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    if absent is not None:
        null = absent if null is None else null | absent
    cells[:, 0] = 1
    if pa.types.is_struct(column.type):
        _write_fields(column, cells[:, 1:], null)
    else:
        # In words of eight bytes: copying byte by byte into rows of odd width takes four times as long.
        cells[:, 1:].view(np.uint64)[:] = _encoder(column.type)(column).view(np.uint64)
    if null is not None:
        cells[null] = 0


def _write_fields(column: Array, cells: Bytes, null: Mask | None) -> None:
    start = 0
    for i in range(column.type.num_fields):
        member = column.field(i)
        end = start + _width(member.type)
        _write(member, cells[:, start:end], null)
        start = end


@cache
def _encoder(kind: pa.DataType) -> Callable[[Array], Bytes]:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if _is_bytes(kind):
        return _bytes_content
    for accepts, encoder in _ENCODERS:
        if any(test(kind) for test in accepts):
            return encoder
    raise SchemaError(
        f"A parameter of the Arrow type {kind} has no prediction key.",
        code="model.schema.key",
        hint="Change the model's signature to one of the documented column types.",
    )


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    more = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in (*tests, *more))


def _integer_content(column: Array) -> Bytes:
    wide = column if pa.types.is_uint64(column.type) else column.cast(pa.int64())
    return _eight_bytes(_values(wide, 0))


def _count_content(column: Array) -> Bytes:
    storage = pa.int32() if pa.types.is_date32(column.type) else pa.int64()
    return _eight_bytes(_values(column.view(storage).cast(pa.int64()), 0))


def _float_content(column: Array) -> Bytes:
    numbers = _values(column.cast(pa.float64()), 0.0) + 0.0  # -0.0 + 0.0 is 0.0
    bits = numbers.view(np.uint64)
    bits[np.isnan(numbers)] = _CANONICAL_NAN
    return _eight_bytes(bits)


def _values(column: Array, filler: float) -> npt.NDArray[Any]:
    filled = column.fill_null(filler) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _eight_bytes(values: npt.NDArray[Any]) -> Bytes:
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(len(values), 8)


def _decimal_content(column: Array) -> Bytes:
    data = column.buffers()[1]
    return np.frombuffer(data, np.uint8, count=len(column) * 16, offset=column.offset * 16).reshape(-1, 16)


def _bytes_content(column: Array) -> Bytes:
    """Each distinct text is hashed once."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = encoded.dictionary.cast(pa.large_binary())
    data, offsets = _buffer(values.buffers()[2]), _offsets(values)
    digests = _digest_slices(data, offsets)
    if not len(digests):
        return np.zeros((len(column), _DIGEST_WIDTH), np.uint8)
    return digests[_values(encoded.indices, 0).astype(np.int64, copy=False)]


def _list_content(column: Array) -> Bytes:
    """``flatten`` leaves out what lies behind null lists, whose length counts as 0."""
    values = column.flatten()
    items = np.empty((len(values), _width(values.type)), np.uint8)
    _write(values, items)
    lengths = _values(compute.list_value_length(column), 0).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)]) * items.shape[1]
    return _digest_slices(items.tobytes(), offsets)


def _buffer(data: pa.Buffer | None) -> memoryview | bytes:
    return memoryview(data) if data is not None else b""


def _offsets(values: Array) -> npt.NDArray[np.int64]:
    return np.frombuffer(values.buffers()[1], np.int64, count=len(values) + 1, offset=values.offset * 8)


def _digest_slices(data: memoryview | bytes, offsets: npt.NDArray[np.int64]) -> Bytes:
    return _joined(xxh3_128_digest(data[start:end]) for start, end in pairwise(offsets.tolist()))


def _digest_rows(matrix: Bytes) -> Bytes:
    """The hash of each row. The loop over the rows runs in C: a million rows take .2 s."""
    if not matrix.shape[1]:
        return _joined(xxh3_128_digest(b"") for _ in range(len(matrix)))
    rows = struct.iter_unpack(f"{matrix.shape[1]}s", matrix.data)
    return _joined(map(xxh3_128_digest, chain.from_iterable(rows)))


def _joined(digests: Iterable[bytes]) -> Bytes:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _DIGEST_WIDTH)


_ENCODERS: tuple[tuple[tuple[Callable[[pa.DataType], bool], ...], Callable[[Array], Bytes]], ...] = (
    ((pa.types.is_boolean, pa.types.is_integer), _integer_content),
    ((pa.types.is_floating,), _float_content),
    ((pa.types.is_date, pa.types.is_timestamp, pa.types.is_time64, pa.types.is_duration), _count_content),
    ((pa.types.is_decimal128,), _decimal_content),
    ((pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list), _list_content),
)

_EIGHT_WIDE = (_integer_content, _count_content, _float_content)
