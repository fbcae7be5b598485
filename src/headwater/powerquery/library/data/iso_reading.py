"""Reading the dates, times and durations that web services write as ISO 8601."""

from __future__ import annotations

import re
from decimal import Decimal

from headwater.powerquery.values.times import TICKS_PER_SECOND, Date, DateTime, DateTimeZone, Duration, Time

_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?"
_DATES = re.compile(_DATE)
_TIMES = re.compile(_CLOCK)
_MOMENTS = re.compile(rf"{_DATE}T{_CLOCK}(Z|[+-]\d\d:\d\d)?")
_DURATIONS = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def read_date(written: str) -> Date:
    """A date, ``2024-02-29``; ValueError or MError where it is none, as for all functions here."""
    year, month, day = _matched(_DATES, written)
    return Date.of(int(year), int(month), int(day))


def read_time(written: str) -> Time:
    """A time of day, ``08:30:00.5``."""
    hour, minute, second = _matched(_TIMES, written)
    return Time.of(int(hour), int(minute), float(second or 0))


def read_datetime(written: str) -> DateTime:
    """A moment on a clock that nothing is said of, ``2024-02-29T08:30:00``."""
    return _moment(written)[0]


def read_datetimezone(written: str) -> DateTimeZone:
    """A moment, in UTC where no offset is written.

    >>> read_datetimezone("2024-02-29T08:30:00-05:30").offset
    -330
    """
    local, zone = _moment(written)
    if zone == "Z":
        return DateTimeZone.at(local, 0)
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return DateTimeZone.at(local, -minutes if zone[0] == "-" else minutes)


def read_duration(written: str) -> Duration:
    """A duration of days, hours, minutes and seconds, ``P1DT2H``."""
    sign, days, hours, minutes, seconds = _matched(_DURATIONS, written)
    whole = (int(days or 0) * 24 + int(hours or 0)) * 3600 + int(minutes or 0) * 60
    ticks = whole * TICKS_PER_SECOND + int(Decimal(seconds or "0") * TICKS_PER_SECOND)
    return Duration(-ticks if sign else ticks)


def _moment(written: str) -> tuple[DateTime, str]:
    year, month, day, hour, minute, second, zone = _matched(_MOMENTS, written)
    local = DateTime.of(int(year), int(month), int(day), int(hour), int(minute), float(second or 0))
    return local, zone or "Z"


def _matched(pattern: re.Pattern[str], written: str) -> tuple[str, ...]:
    found = pattern.fullmatch(written)
    if found is None:
        raise ValueError
    return found.groups()
