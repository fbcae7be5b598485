"""Cells as JSON."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headwater.plan.types import DataType, Kind

__all__ = [
    "clock_text",
    "double_json",
    "duration_text",
    "instant_text",
    "json_cell",
    "json_rows",
    "whole_json",
    "zoned_text",
]

_SAFE = 2**53
_TICKS_PER_SECOND = 10_000_000


def json_rows(table: pa.Table, types: Sequence[DataType]) -> list[list[Any]]:
    """The rows of an Arrow table, each a list of JSON values; ``types`` are its columns'.

    Numbers that JSON cannot hold keep their worth as text: whole numbers beyond 2**53, decimals, NaN, infinities.

    >>> from headwater.plan.types import DOUBLE, INT64
    >>> json_rows(pa.table({"a": [1, None], "b": [float("nan"), 0.5]}), [INT64, DOUBLE])
    [[1, 'NaN'], [None, 0.5]]
    """
    columns = [
        [json_cell(cell, of) for cell in column.to_pylist()] for column, of in zip(table.columns, types, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(table.num_rows)]


def json_cell(value: Any, of: DataType) -> Any:
    """One cell as JSON: ``value`` as Arrow gives it for a column of type ``of``.

    >>> json_cell(19 * 3600 * 10**7 + 5, DataType(Kind.TIME))
    '19:00:00.0000005'
    """
    if value is None:
        return None
    if of.kind is Kind.RECORD:
        return {field.name: json_cell(value[field.name], field.type) for field in of.fields}
    if of.kind is Kind.LIST:
        assert of.item is not None, "a list type has an item type"
        return [json_cell(item, of.item) for item in value]
    writer = _WRITERS.get(of.kind)
    return value if writer is None else writer(value)


def whole_json(value: int) -> int | str:
    """A whole number; text where JSON's readers would round it."""
    return value if abs(value) <= _SAFE else str(value)


def double_json(value: float) -> float | str:
    """A number; text where JSON has none for it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _binary(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def clock_text(ticks: int) -> str:
    """A time of the day, from ticks of 100 nanoseconds."""
    seconds, fraction = divmod(ticks, _TICKS_PER_SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{_seconds(seconds % 60, fraction, 2)}"


def _seconds(seconds: int, fraction: int, width: int = 1) -> str:
    return f"{seconds:0{width}}" + (f".{fraction:07}".rstrip("0") if fraction else "")


def _datetime(value: dt.datetime | int) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return instant_text(value)


def instant_text(ticks: int) -> str:
    """A date and time, from ticks since the year 1."""
    days, rest = divmod(ticks, 86_400 * _TICKS_PER_SECOND)
    return f"{dt.date.fromordinal(days + 1).isoformat()}T{clock_text(rest)}"


def _datetimezone(value: dict[str, int]) -> str:
    return zoned_text(value["instant"], value["offset"])


def zoned_text(ticks: int, offset: int) -> str:
    """An instant, in ticks from the year 1 on, with an offset from UTC in minutes.

    >>> zoned_text(0, 90)
    '0001-01-01T01:30:00+01:30'
    """
    hours, minutes = divmod(abs(offset), 60)
    local = instant_text(ticks + offset * 60 * _TICKS_PER_SECOND)
    return f"{local}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def duration_text(ticks: int) -> str:
    """A duration as ISO 8601 writes it, from ticks."""
    seconds, fraction = divmod(abs(ticks), _TICKS_PER_SECOND)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    sign = "-" if ticks < 0 else ""
    return f"{sign}P{days}DT{hours}H{minutes}M{_seconds(seconds, fraction)}S"


_WRITERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.INT64: whole_json,
    Kind.DOUBLE: double_json,
    Kind.DECIMAL: Decimal.__str__,
    Kind.BINARY: _binary,
    Kind.DATE: dt.date.isoformat,
    Kind.TIME: clock_text,
    Kind.DATETIME: _datetime,
    Kind.DATETIMEZONE: _datetimezone,
    Kind.DURATION: duration_text,
}
