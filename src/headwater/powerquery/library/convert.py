"""Conversion of a value to a type: what ``Number.From`` and its kin do, and ``Table.TransformColumnTypes`` uses.

In en-US and the invariant culture text is read by the grammar of :mod:`headwater.plan.conversions`, which the engines
share; in any other culture as is usual there.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.library.cultures import ENGLISH_US, Culture
from headwater.powerquery.library.cultures.numerals import invariant, localized
from headwater.powerquery.library.temporal.automation import EPOCH, moment_of_number, number_of_moment
from headwater.powerquery.library.temporal.durations import read_duration
from headwater.powerquery.library.temporal.exact import unreadable
from headwater.powerquery.library.temporal.usual import usual_date, usual_moment, usual_time
from headwater.powerquery.library.temporal.writing import format_temporal
from headwater.powerquery.values.core import Binary, Value, binary_bytes, plain
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
)

_MOST_DAYS = 10**7
"""A duration is shorter than so many days."""


def to_number(value: Value, culture: Culture = ENGLISH_US) -> Value:
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
            number = c.number_from_text(value if culture.usual else invariant_number(value, culture))
            return int(number) if number is not None and number.is_integer() and abs(number) < 2**53 else number
        case Date():
            return (value.ticks - EPOCH) / TICKS_PER_DAY
        case DateTime():
            return number_of_moment(value)
        case DateTimeZone():
            return number_of_moment(value.local)
        case Time() | Duration():
            return value.ticks / TICKS_PER_DAY
    raise cannot_convert(value, "Number")


def invariant_number(text: str, culture: Culture) -> str:
    """A number's text as the shared grammar reads it.

    Raises:
        MError: DataFormat.Error, it is no number in the culture.
    """
    if culture.usual or text == "":
        return text
    found = invariant(text, culture)
    if found is None:
        raise c.NOT_A_NUMBER.error(text)
    return found


def to_int64(value: Value, culture: Culture = ENGLISH_US) -> Value:
    """``Int64.From``: whole numbers, rounding half to even."""
    value = plain(value)
    if isinstance(value, str):
        return c.int64_from_text(invariant_number(value, culture))
    # A whole number keeps its worth; any other value goes through a double.
    number = value if type(value) is int else to_number(value)
    if number is None or (isinstance(number, int) and c.INT64_MIN <= number <= c.INT64_MAX):
        return number
    return c.int64_from_number(number)


def to_text(value: Value, culture: Culture = ENGLISH_US) -> Value:
    """``Text.From``: numbers shortest, dates and times as usual in the culture, bytes in base 64."""
    value = plain(value)
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            shown = _number_as_text(value)
            return shown if culture.usual else localized(shown, culture)
        case Date() if culture is ENGLISH_US:
            return _date_text(value)
        case DateTime() if culture is ENGLISH_US:
            return f"{_date_text(value.date)} {_clock_text(value.time.ticks)}"
        case Duration():
            return duration_text(value)
        case bytes() | Binary():
            return base64.b64encode(binary_bytes(value)).decode("ascii")
        case Date() | Time() | DateTime() | DateTimeZone():
            return format_temporal(value, None, culture)
    raise cannot_convert(value, "Text")


def _number_as_text(value: float | Decimal) -> str:
    shown = number_text(value)
    return {"#nan": "NaN", "#infinity": "Infinity", "-#infinity": "-Infinity"}.get(shown, shown)


def _date_text(value: Date) -> str:
    day = value.calendar
    return f"{day.month}/{day.day}/{day.year:04d}"


def _clock_text(ticks: int) -> str:
    hours, rest = divmod(ticks, TICKS_PER_HOUR)
    minutes, rest = divmod(rest, TICKS_PER_MINUTE)
    half = "AM" if hours < 12 else "PM"
    return f"{hours % 12 or 12}:{minutes:02d}:{rest // TICKS_PER_SECOND:02d} {half}"


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


def to_date(value: Value, culture: Culture = ENGLISH_US) -> Value:
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
            return _date_from_text(value, culture)
    if is_number(value):
        return moment_of_number(value).date
    raise cannot_convert(value, "Date")


def _date_from_text(text: str, culture: Culture) -> Date | None:
    if culture.usual or text == "":
        day = c.date_from_text(text)
        return None if day is None else Date(day.toordinal() - 1)
    found = usual_date(text, culture)
    if found is None:
        raise c.NOT_A_DATE.error(text)
    return found


def to_datetime(value: Value, culture: Culture = ENGLISH_US) -> Value:
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
            return DateTime(EPOCH + value.ticks)
        case str():
            return _datetime_from_text(value, culture)
    if is_number(value):
        return moment_of_number(value)
    raise cannot_convert(value, "DateTime")


def _datetime_from_text(text: str, culture: Culture) -> DateTime | None:
    if culture.usual or text == "":
        ticks = c.datetime_ticks_from_text(text)
        return None if ticks is None else DateTime(ticks)
    found = usual_moment(text, culture)
    if not isinstance(found, DateTime):
        raise c.NOT_A_DATETIME.error(text)
    return found


def to_time(value: Value, culture: Culture = ENGLISH_US) -> Value:
    """``Time.From``: text, datetime, datetimezone, duration, or a part of a day.

    Raises:
        MError: DataFormat.Error or Expression.Error, the value is no time of day.
    """
    value = plain(value)
    match value:
        case None | Time():
            return value
        case str():
            return _time_from_text(value, culture)
        case DateTime():
            return value.time
        case DateTimeZone():
            return value.local.time
        case Duration():
            return _time_at(value.ticks, value)
    if is_number(value) and 0 <= value < 1:
        return _time_at(round(value * TICKS_PER_DAY), value)
    raise cannot_convert(value, "Time")


def _time_from_text(text: str, culture: Culture) -> Time | None:
    if text == "":
        return None
    found = usual_time(text, culture)
    if found is None:
        raise unreadable("Time", text)
    return found


def _time_at(ticks: int, value: Value) -> Time:
    if not 0 <= ticks < TICKS_PER_DAY:
        raise MError("Expression.Error", "The Time value is out of range.", value)
    return Time(ticks)


def to_datetimezone(value: Value, culture: Culture, localize: Callable[[DateTime], DateTimeZone]) -> Value:
    """``DateTimeZone.From``; ``localize`` gives what names no zone its offset.

    Raises:
        MError: DataFormat.Error or Expression.Error, the value is no moment.
    """
    value = plain(value)
    if value is None or isinstance(value, DateTimeZone):
        return value
    found = _moment_from_text(value, culture) if isinstance(value, str) else to_datetime(value)
    return localize(found) if isinstance(found, DateTime) else found


def _moment_from_text(text: str, culture: Culture) -> DateTimeZone | DateTime | None:
    if text == "":
        return None
    found = usual_moment(text, culture)
    if found is None:
        raise unreadable("DateTimeZone", text)
    return found


def to_duration(value: Value, _culture: Culture = ENGLISH_US) -> Value:
    """``Duration.From``: text, or a number of days; the same in every culture.

    Raises:
        MError: DataFormat.Error or Expression.Error, the value is no length of time.
    """
    value = plain(value)
    match value:
        case None | Duration():
            return value
        case str():
            return read_duration(value)
    if is_number(value) and abs(value) < _MOST_DAYS:
        return Duration(round(value * TICKS_PER_DAY))
    raise cannot_convert(value, "Duration")
