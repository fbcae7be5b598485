"""Arrow columns that others made (Parquet files, above all): their M types, and their cells as M values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from headwater.errors import MError
from headwater.plan import types as p
from headwater.plan.conversions import EPOCH_TICKS
from headwater.powerquery.tables.arrow import m_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value
from headwater.powerquery.values.times import TICKS_PER_DAY, Date, DateTime, DateTimeZone, Duration, Time

_PER_TICK = {"s": 10_000_000, "ms": 10_000, "us": 10}
"""Ticks in a unit of Arrow's; a nanosecond is less than one."""


def foldable_type(arrow: Any) -> p.DataType | None:
    """The plan type that an engine reads a Parquet column of this Arrow type as; None where the evaluator has to."""
    if pa.types.is_timestamp(arrow):
        if arrow.tz is not None:
            return p.DATETIMEZONE if arrow.unit != "ns" else None
        return p.DATETIME_TICKS if arrow.unit == "ns" else p.DATETIME
    if pa.types.is_time(arrow):
        return p.TIME
    if pa.types.is_uint64(arrow):
        return p.DataType(p.Kind.DECIMAL, precision=20, scale=0)
    if pa.types.is_null(arrow):
        return p.TEXT
    if pa.types.is_dictionary(arrow):
        return foldable_type(arrow.value_type)
    return p.from_arrow(arrow)


def type_of_cells(arrow: Any) -> t.Type:
    """The M type of the cells of a column of this Arrow type."""
    known = foldable_type(arrow)
    if known is not None:
        return m_type(known)
    if pa.types.is_timestamp(arrow):
        return t.nullable(t.DATETIMEZONE)
    if pa.types.is_duration(arrow):
        return t.nullable(t.DURATION)
    if pa.types.is_fixed_size_binary(arrow):
        return t.nullable(t.BINARY)
    return t.ANY


def cells_of(array: Any) -> list[Value]:
    """The cells of a column; one that M has no value for is an error."""
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return cells_of(array.storage)
    if pa.types.is_dictionary(kind):
        return cells_of(array.dictionary_decode())
    if pa.types.is_map(kind):
        return _maps(array)
    if pa.types.is_struct(kind):
        return _records(array)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [List(cells_of(scalar.values)) if scalar.is_valid else None for scalar in array]
    make = _maker(kind)
    if make is None:
        plain: list[Value] = array.to_pylist()
        return plain
    numbers = array.cast(pa.int32() if pa.types.is_date32(kind) or pa.types.is_time32(kind) else pa.int64())
    return [None if number is None else _made(make, number) for number in numbers.to_pylist()]


def _made(make: Callable[[int], Value], number: int) -> Value:
    try:
        return make(number)
    except MError as error:  # a year that M has not
        return Thunk.failed(error)


def _maker(kind: Any) -> Callable[[int], Value] | None:
    """From the number that Arrow keeps to the M value; None for kinds that Python has a value for."""
    if pa.types.is_date32(kind):
        return lambda days: Date(days + EPOCH_TICKS // TICKS_PER_DAY)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return lambda number: _zoned(EPOCH_TICKS + _ticks(number, kind.unit))
    if pa.types.is_timestamp(kind):
        return lambda number: DateTime(EPOCH_TICKS + _ticks(number, kind.unit))
    if pa.types.is_time(kind):
        return lambda number: Time(_ticks(number, kind.unit))
    if pa.types.is_duration(kind):
        return lambda number: Duration(_ticks(number, kind.unit))
    return None


def _ticks(number: int, unit: str) -> int:
    return number // 100 if unit == "ns" else number * _PER_TICK[unit]


def _zoned(ticks: int) -> DateTimeZone:
    return DateTimeZone.at(DateTime(ticks), 0)


def _records(array: Any) -> list[Value]:
    index = {array.type.field(at).name: at for at in range(array.type.num_fields)}
    members = [cells_of(member) for member in array.flatten()]
    valid = array.is_valid().to_pylist()
    rows = zip(*members, strict=True) if members else ((),) * len(valid)
    return [Record(index, row) if ok else None for ok, row in zip(valid, rows, strict=True)]


def _maps(array: Any) -> list[Value]:
    index = {"Key": 0, "Value": 1}
    keys, values = cells_of(array.keys), cells_of(array.items)
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    first = offsets[0]
    pairs = [Record(index, pair) for pair in zip(keys, values, strict=True)]
    bounds = zip(offsets, offsets[1:], valid, strict=False)
    return [List(pairs[start - first : end - first]) if ok else None for start, end, ok in bounds]
