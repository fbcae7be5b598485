"""Conversion of a value to a type: what ``Number.From`` and its kin do, and ``Table.TransformColumnTypes`` uses.

Text is read by the grammar of :mod:`headwater.plan.conversions`, which the engines share.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.operators import cannot_convert, is_number, to_double
from headwater.powerquery.values.text import number_text
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Date,
    DateTime,
    DateTimeZone,
    Duration,
    Time,
    out_of_range,
)

_OLE_EPOCH = Date.of(1899, 12, 30).ticks
"""Day 0 of a date that is written as a number."""


def to_number(value: Value) -> Value:
    """``Number.From``: text, logical, number; dates and times as days."""
    value = plain(value)
    if value is None:
        return None
    if is_number(value):
        return to_double(value)
    match value:
        case bool():
            return int(value)
        case str():
            number = c.number_from_text(value)
            return int(number) if number is not None and number.is_integer() and abs(number) < 2**53 else number
        case Date() | DateTime():
            return (value.ticks - _OLE_EPOCH) / TICKS_PER_DAY
        case DateTimeZone():
            return (value.local.ticks - _OLE_EPOCH) / TICKS_PER_DAY
        case Time() | Duration():
            return value.ticks / TICKS_PER_DAY
    raise cannot_convert(value, "Number")


def to_int64(value: Value) -> Value:
    """``Int64.From``: whole numbers, rounding half to even."""
    value = plain(value)
    if isinstance(value, str):
        return c.int64_from_text(value)
    # A whole number keeps its worth; any other value goes through a double.
    number = value if type(value) is int else to_number(value)
    if number is None or (isinstance(number, int) and c.INT64_MIN <= number <= c.INT64_MAX):
        return number
    return c.int64_from_number(number)


def to_text(value: Value) -> Value:
    """``Text.From`` in en-US: numbers shortest, dates and times as their parts are written there."""
    value = plain(value)
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _number_as_text(value)
        case Date():
            return _date_text(value)
        case Time():
            return _clock_text(value.ticks, short=True)
        case DateTime():
            return f"{_date_text(value.date)} {_clock_text(value.time.ticks)}"
        case DateTimeZone():
            local, sign = value.local, "-" if value.offset < 0 else "+"
            hours, minutes = divmod(abs(value.offset), 60)
            clock = f"{_date_text(local.date)} {_clock_text(local.time.ticks)}"
            return f"{clock} {sign}{hours:02d}:{minutes:02d}"
        case Duration():
            return duration_text(value)
    raise cannot_convert(value, "Text")


def _number_as_text(value: float | Decimal) -> str:
    shown = number_text(value)
    return {"#nan": "NaN", "#infinity": "Infinity", "-#infinity": "-Infinity"}.get(shown, shown)


def _date_text(value: Date) -> str:
    day = value.calendar
    return f"{day.month}/{day.day}/{day.year}"


def _clock_text(ticks: int, *, short: bool = False) -> str:
    hours, rest = divmod(ticks, TICKS_PER_HOUR)
    minutes, rest = divmod(rest, TICKS_PER_MINUTE)
    half = "AM" if hours % 24 < 12 else "PM"
    seconds = "" if short else f":{rest // TICKS_PER_SECOND:02d}"
    return f"{hours % 12 or 12}:{minutes:02d}{seconds} {half}"


def duration_text(value: Duration) -> str:
    """``[-]days.hours:minutes:seconds[.fraction]``."""
    days, hours, minutes, seconds, ticks = (abs(part) for part in value.parts)
    fraction = f".{ticks:07d}" if ticks else ""
    sign = "-" if value.ticks < 0 else ""
    leading = f"{days}." if days else ""
    return f"{sign}{leading}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def to_logical(value: Value) -> Value:
    """``Logical.From``: text ``true``/``false``, numbers by being zero or not."""
    value = plain(value)
    match value:
        case None | bool():
            return value
        case str():
            return c.logical_from_text(value)
    if is_number(value):
        return value != 0
    raise cannot_convert(value, "Logical")


def to_date(value: Value) -> Value:
    """``Date.From``: text, datetime, datetimezone, or a number of days."""
    value = plain(value)
    match value:
        case None | Date():
            return value
        case DateTime():
            return value.date
        case DateTimeZone():
            return value.local.date
        case str():
            day = c.date_from_text(value)
            return None if day is None else Date(day.toordinal() - 1)
    if is_number(value):
        return _from_days(value).date
    raise cannot_convert(value, "Date")


def to_datetime(value: Value) -> Value:
    """``DateTime.From``: text, date, time, datetimezone, or a number of days."""
    value = plain(value)
    match value:
        case None | DateTime():
            return value
        case Date():
            return DateTime(value.ticks)
        case DateTimeZone():
            return value.local
        case Time():
            return DateTime(_OLE_EPOCH + value.ticks)
        case str():
            ticks = c.datetime_ticks_from_text(value)
            return None if ticks is None else DateTime(ticks)
    if is_number(value):
        return _from_days(value)
    raise cannot_convert(value, "DateTime")


def _from_days(number: float) -> DateTime:
    ticks = number * TICKS_PER_DAY
    if not math.isfinite(ticks):
        raise out_of_range("DateTime")
    return DateTime(_OLE_EPOCH + round(ticks))


CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    "number": to_number,
    "text": to_text,
    "logical": to_logical,
    "date": to_date,
    "datetime": to_datetime,
}
"""By the name of the primitive type; whole-number facets go through :func:`to_int64`."""

WHOLE_FACETS = frozenset({"Byte.Type", "Int8.Type", "Int16.Type", "Int32.Type", "Int64.Type"})


def converter(target: t.Type) -> Callable[[Value], Value]:
    """The conversion to a type.

    Raises:
        MError: Expression.Error where no conversion to the type is defined.
    """
    inner = t.non_nullable(target)
    if isinstance(inner, t.PrimitiveType):
        if inner.facet in WHOLE_FACETS:
            return to_int64
        if inner.name in ("any", "anynonnull"):
            return lambda value: value
        found = CONVERSIONS.get(inner.name)
        if found is not None:
            return found
    raise MError("Expression.Error", f"There is no conversion to {t.type_text(target)}.")
