"""Taking date and time values apart and putting them together."""

from __future__ import annotations

from collections.abc import Callable

from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_SECOND,
    Date,
    DateTime,
    DateTimeZone,
    Time,
)


def date_of(value: Value) -> Date | None:
    """The day of a date, datetime or datetimezone, as its own clock shows it; null stays.

    Raises:
        MError: Expression.Error, it is another kind of value.
    """
    match plain(value):
        case None:
            return None
        case Date() as day:
            return day
        case DateTime() as moment:
            return moment.date
        case DateTimeZone() as zoned:
            return zoned.local.date
    raise cannot_convert(value, "Date")


def ticks_of_day(value: Value) -> int | None:
    """The ticks since midnight of a time, datetime or datetimezone; null stays.

    Raises:
        MError: Expression.Error, it is another kind of value.
    """
    match plain(value):
        case None:
            return None
        case Time(ticks=ticks):
            return ticks % TICKS_PER_DAY
        case DateTime() as moment:
            return moment.time.ticks
        case DateTimeZone() as zoned:
            return zoned.local.time.ticks
    raise cannot_convert(value, "Time")


def with_day(value: Value, day: Date, ticks: int | None = None) -> Value:
    """A value of the same kind on another day, at its own time of day or at ``ticks`` since midnight."""
    value = plain(value)
    if isinstance(value, Date):
        return day
    kept = ticks_of_day(value) if ticks is None else ticks
    assert kept is not None, "null has no day to replace"
    local = DateTime(day.ticks + kept)
    return DateTimeZone.at(local, value.offset) if isinstance(value, DateTimeZone) else local


def on_day(value: Value, change: Callable[[Date], Date], ticks: int | None = None) -> Value:
    """The value with its day changed; null stays."""
    day = date_of(value)
    return None if day is None else with_day(value, change(day), ticks)


def seconds_of(ticks: int) -> float | int:
    """Ticks as seconds; a whole number where they are one."""
    whole, fraction = divmod(ticks, TICKS_PER_SECOND)
    return ticks / TICKS_PER_SECOND if fraction else whole


# -- offsets from UTC ------------------------------------------------------------------------------------------------


def minutes_of(hours: float, minutes: float) -> int:
    """An offset in minutes from hours and minutes."""
    return round(hours * 60 + minutes)


def split_offset(offset: int) -> tuple[int, int]:
    """An offset as hours and minutes of the same sign.

    >>> split_offset(-450)
    (-7, -30)
    """
    hours, minutes = divmod(abs(offset), 60)
    return (-hours, -minutes) if offset < 0 else (hours, minutes)
