"""Canonical M text of a value: one way of writing each value, itself M wherever possible."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from headwater.powerquery.language import quote_identifier, quote_text
from headwater.powerquery.values.core import Binary, List, Record, Value, binary_bytes, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.structured import TypedList, TypedRecord
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import TICKS_PER_HOUR, Date, DateTime, DateTimeZone, Duration, Time
from headwater.powerquery.values.types import ANY, RecordType, TableType, Type, type_text
from headwater.powerquery.values.views import ViewedBytes


def number_text(value: float | Decimal) -> str:
    """The shortest decimal that reads back to the same number.

    >>> number_text(0.1), number_text(3.0), number_text(1e21), number_text(float("nan"))
    ('0.1', '3', '1E+21', '#nan')
    """
    if isinstance(value, int | Decimal):
        return str(value)
    if math.isnan(value):
        return "#nan"
    if math.isinf(value):
        return "#infinity" if value > 0 else "-#infinity"
    return "0" if value == 0 else repr(value).upper().removesuffix(".0")


def canonical_text(value: Value) -> str:
    """The text of a value, evaluating all of it.

    Raises:
        MError: the error of any member that is one.

    >>> canonical_text(Record.of({"A": 1, "two words": List([True, None, "x"])}))
    '[A = 1, #"two words" = {true, null, "x"}]'
    """
    value = plain(value)
    if value is None:
        return "null"
    if isinstance(value, Table):
        return _table(value)
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if isinstance(value, Type):
        return type_text(value)
    raise TypeError(f"not an M value: {type(value).__name__}")


def literal_text(value: Value) -> str:
    """The canonical text of a scalar, for messages; empty for anything structured."""
    value = plain(value)
    if value is None or isinstance(value, _SCALARS):
        return canonical_text(value)
    return ""


def _seconds(ticks: int) -> str:
    whole, fraction = divmod(ticks, 10_000_000)
    return f"{whole}.{fraction:07d}".rstrip("0") if fraction else str(whole)


def _clock(ticks: int) -> str:
    hours, rest = divmod(ticks, TICKS_PER_HOUR)
    minutes, rest = divmod(rest, 600_000_000)
    return f"{hours}, {minutes}, {_seconds(rest)}"


def _day(value: Date) -> str:
    day = value.calendar
    return f"{day.year}, {day.month}, {day.day}"


def _datetimezone(value: DateTimeZone) -> str:
    local = value.local
    hours, minutes = divmod(abs(value.offset), 60)
    sign = -1 if value.offset < 0 else 1
    return f"#datetimezone({_day(local.date)}, {_clock(local.time.ticks)}, {sign * hours}, {sign * minutes})"


def _duration(value: Duration) -> str:
    days, hours, minutes, seconds, ticks = value.parts
    shown = ("-" if seconds < 0 or ticks < 0 else "") + _seconds(abs(seconds) * 10_000_000 + abs(ticks))
    return f"#duration({days}, {hours}, {minutes}, {shown})"


def _binary(value: bytes | Binary) -> str:
    return f'#binary("{base64.b64encode(binary_bytes(value)).decode()}")'


def _list(items: Sequence[Value]) -> str:
    return "{" + ", ".join(canonical_text(force(item)) for item in items) + "}"


def _record(value: Record) -> str:
    return "[" + ", ".join(f"{quote_identifier(name)} = {canonical_text(item)}" for name, item in value.items()) + "]"


def _table(value: Table) -> str:
    if all(t == ANY for t in value.column_types):
        heading = "{" + ", ".join(quote_text(name) for name in value.names) + "}"
    else:
        heading = type_text(TableType(RecordType(value.type.row.fields)))
    return f"#table({heading}, " + "{" + ", ".join(_list(row) for row in value.rows()) + "})"


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: lambda v: "true" if v else "false",
    int: number_text,
    float: number_text,
    Decimal: number_text,
    str: quote_text,
    bytes: _binary,
    ViewedBytes: _binary,
    Binary: _binary,
    Date: lambda v: f"#date({_day(v)})",
    Time: lambda v: f"#time({_clock(v.ticks)})",
    DateTime: lambda v: f"#datetime({_day(v.date)}, {_clock(v.time.ticks)})",
    DateTimeZone: _datetimezone,
    Duration: _duration,
    List: lambda v: _list(v.items),
    TypedList: lambda v: _list(v.items),
    Record: _record,
    TypedRecord: _record,
    Function: lambda _: "function",
}
_SCALARS = (bool, int, float, Decimal, str, Date, Time, DateTime, DateTimeZone, Duration)
