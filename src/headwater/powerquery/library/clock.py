"""The session's clock and time zone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.times import DateTime, DateTimeZone, out_of_range

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_UTC_START = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def instant_ticks(moment: dt.datetime) -> int:
    """The ticks of a moment in UTC."""
    return (moment - _UTC_START) // dt.timedelta(microseconds=1) * 10


def local_offset(session: Session, moment: dt.datetime) -> int:
    """The minutes by which local time is ahead of UTC at a moment, which has a zone."""
    try:
        offset = moment.astimezone(session.timezone).utcoffset()
    except OverflowError:
        raise out_of_range("DateTimeZone") from None  # before the year 1 or after 9999 there
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
    try:
        offset = local_offset(session, _UTC_START + dt.timedelta(microseconds=value.ticks // 10))
    except OverflowError:
        raise out_of_range("DateTimeZone") from None
    return DateTimeZone(value.ticks, offset)


def shown_locally(session: Session, value: Value) -> Value:
    """A datetimezone as the datetime that local clocks show at its instant; any other value as it is."""
    bare = plain(value)
    return to_local(session, bare).local if isinstance(bare, DateTimeZone) else value
