"""Cells of a published table as JSON."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headwater.plan.types import DataType, Kind

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


def _whole(value: int) -> int | str:
    return value if abs(value) <= _SAFE else str(value)


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _binary(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _clock(ticks: int) -> str:
    seconds, fraction = divmod(ticks, _TICKS_PER_SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{_seconds(seconds % 60, fraction, 2)}"


def _seconds(seconds: int, fraction: int, width: int = 1) -> str:
    return f"{seconds:0{width}}" + (f".{fraction:07}".rstrip("0") if fraction else "")


def _datetime(value: dt.datetime | int) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return _instant(value)


def _instant(ticks: int) -> str:
    days, rest = divmod(ticks, 86_400 * _TICKS_PER_SECOND)
    return f"{dt.date.fromordinal(days + 1).isoformat()}T{_clock(rest)}"


def _datetimezone(value: dict[str, int]) -> str:
    offset = value["offset"]
    hours, minutes = divmod(abs(offset), 60)
    local = _instant(value["instant"] + offset * 60 * _TICKS_PER_SECOND)
    return f"{local}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _duration(ticks: int) -> str:
    seconds, fraction = divmod(abs(ticks), _TICKS_PER_SECOND)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    sign = "-" if ticks < 0 else ""
    return f"{sign}P{days}DT{hours}H{minutes}M{_seconds(seconds, fraction)}S"


_WRITERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.INT64: _whole,
    Kind.DOUBLE: _double,
    Kind.DECIMAL: Decimal.__str__,
    Kind.BINARY: _binary,
    Kind.DATE: dt.date.isoformat,
    Kind.TIME: _clock,
    Kind.DATETIME: _datetime,
    Kind.DATETIMEZONE: _datetimezone,
    Kind.DURATION: _duration,
}
