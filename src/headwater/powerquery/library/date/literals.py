"""The functions behind ``#date``, ``#time``, ``#datetime``, ``#datetimezone`` and ``#duration``."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.date.folds import of_whole_parts
from headwater.powerquery.library.date.parts import minutes_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

_FAR = 10**6


def _part(value: Value, kind: str) -> int:
    """A part of a date or time: a whole number; what is far out of range is refused here, the rest by the value."""
    if not -_FAR < value < _FAR or value != int(value):
        raise MError("Expression.Error", f"The {kind} value is out of range.")
    return int(value)


def _second(value: Value, kind: str) -> float:
    if not 0 <= value < 60:
        raise MError("Expression.Error", f"The {kind} value is out of range.", value)
    return float(value)


@function(
    "#date(year as number, month as number, day as number) as date",
    examples=[("#date(2024, 2, 29) + #duration(1, 0, 0, 0)", "#date(2024, 3, 1)")],
    fold="#date",
)
def date(year: Value, month: Value, day: Value) -> Date:
    """A date from its parts."""
    return Date.of(_part(year, "Date"), _part(month, "Date"), _part(day, "Date"))


@function(
    "#time(hour as number, minute as number, second as number) as time",
    examples=[("#time(23, 59, 59.5) - #time(23, 59, 59)", "#duration(0, 0, 0, 0.5)")],
)
def time(hour: Value, minute: Value, second: Value) -> Time:
    """A time of day from its parts."""
    return Time.of(_part(hour, "Time"), _part(minute, "Time"), _second(second, "Time"))


@function(
    "#datetime(year as number, month as number, day as number, hour as number, minute as number, second as number) as"
    " datetime",
    examples=[("#datetime(2024, 2, 29, 12, 0, 0) = #date(2024, 2, 29) & #time(12, 0, 0)", "true")],
    fold=of_whole_parts("#datetime"),
)
def datetime(year: Value, month: Value, day: Value, hour: Value, minute: Value, second: Value) -> DateTime:
    """A date with a time of day, from its parts."""
    kind = "DateTime"
    date_parts = _part(year, kind), _part(month, kind), _part(day, kind)
    return DateTime.of(*date_parts, _part(hour, kind), _part(minute, kind), _second(second, kind))


@function(
    "#datetimezone(year as number, month as number, day as number, hour as number, minute as number, second as number,"
    " offsetHours as number, offsetMinutes as number) as datetimezone",
    examples=[
        ("#datetimezone(2024, 1, 1, 12, 0, 0, 2, 0) = #datetimezone(2024, 1, 1, 10, 0, 0, 0, 0)", "true"),
    ],
)
def datetimezone(
    year: Value, month: Value, day: Value, hour: Value, minute: Value, second: Value, offset_hours: Value,
    offset_minutes: Value,
) -> DateTimeZone:  # fmt: skip
    """A date with a time of day and its offset from UTC, from their parts."""
    kind = "DateTimeZone"
    date_parts = _part(year, kind), _part(month, kind), _part(day, kind)
    local = DateTime.of(*date_parts, _part(hour, kind), _part(minute, kind), _second(second, kind))
    return DateTimeZone.at(local, minutes_of(_part(offset_hours, kind), _part(offset_minutes, kind)))


@function(
    "#duration(days as number, hours as number, minutes as number, seconds as number) as duration",
    examples=[
        ("#duration(0, 36, 0, 0)", "#duration(1, 12, 0, 0)"),
        ("#duration(0, 0, 0, -0.5) * 2", "#duration(0, 0, 0, -1)"),
    ],
    fold=of_whole_parts("#duration"),
)
def duration(days: Value, hours: Value, minutes: Value, seconds: Value) -> Duration:
    """A length of time from its parts, each of which may be negative or a fraction."""
    for part in (days, hours, minutes, seconds):
        if not -(10**12) < part < 10**12:
            raise MError("Expression.Error", "The Duration value is out of range.", part)
    return Duration.of(days, hours, minutes, seconds)
