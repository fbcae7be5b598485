"""Taking date and time values apart and putting them together; the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


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


# -- the clock -----------------------------------------------------------------------------------------------------

_UTC_START = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def instant_ticks(moment: dt.datetime) -> int:
    """The ticks of a moment in UTC."""
    return (moment - _UTC_START) // dt.timedelta(microseconds=1) * 10


def local_offset(session: Session, moment: dt.datetime) -> int:
    """The minutes by which local time is ahead of UTC at a moment, which has a zone."""
    offset = session.timezone.utcoffset(moment.astimezone(session.timezone).replace(tzinfo=None))
    return 0 if offset is None else round(offset / dt.timedelta(minutes=1))


def offset_at(session: Session, local: DateTime) -> int:
    """The minutes by which local time is ahead of UTC when local clocks show ``local``."""
    naive = dt.datetime(1, 1, 1) + dt.timedelta(microseconds=local.ticks // 10)
    offset = session.timezone.utcoffset(naive)
    return 0 if offset is None else round(offset / dt.timedelta(minutes=1))


def local_moment(session: Session, moment: dt.datetime) -> DateTimeZone:
    """A moment of the clock in the session's time zone."""
    return DateTimeZone(instant_ticks(moment), local_offset(session, moment))


def localized(session: Session, local: DateTime) -> DateTimeZone:
    """What local clocks show as ``local``, with its offset."""
    return DateTimeZone.at(local, offset_at(session, local))


def to_local(session: Session, value: DateTimeZone) -> DateTimeZone:
    """The same instant in the session's time zone."""
    moment = _UTC_START + dt.timedelta(microseconds=value.ticks // 10)
    return DateTimeZone(value.ticks, local_offset(session, moment))


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
