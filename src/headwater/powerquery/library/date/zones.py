"""Datetimes with their offset from UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.clock import instant_ticks, local_moment, to_local
from headwater.powerquery.library.date.datetimes import clock_record, date_record, zoned_from_file_time
from headwater.powerquery.library.date.parts import minutes_of, split_offset
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.times import DateTimeZone

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "DateTimeZone.LocalNow() as datetimezone",
    examples=[("DateTimeZone.LocalNow() >= DateTimeZone.FixedLocalNow()", "true")],
    session=True,
)
def local_now(session: Session) -> DateTimeZone:
    """Now, in local time."""
    return local_moment(session, session.clock())


@function(
    "DateTimeZone.FixedLocalNow() as datetimezone",
    examples=[("DateTimeZone.FixedLocalNow() = DateTimeZone.FixedLocalNow()", "true")],
    session=True,
)
def fixed_local_now(session: Session) -> DateTimeZone:
    """The moment when the evaluation first asked, in local time; the same throughout it."""
    return local_moment(session, session.started)


@function(
    "DateTimeZone.UtcNow() as datetimezone",
    examples=[("DateTimeZone.ZoneHours(DateTimeZone.UtcNow())", "0")],
    session=True,
)
def utc_now(session: Session) -> DateTimeZone:
    """Now, in UTC."""
    return DateTimeZone(instant_ticks(session.clock()), 0)


@function(
    "DateTimeZone.FixedUtcNow() as datetimezone",
    examples=[("DateTimeZone.FixedUtcNow() = DateTimeZone.FixedLocalNow()", "true")],
    session=True,
)
def fixed_utc_now(session: Session) -> DateTimeZone:
    """The moment when the evaluation first asked, in UTC; the same throughout it."""
    return DateTimeZone(instant_ticks(session.started), 0)


@function(
    "DateTimeZone.RemoveZone(dateTimeZone as nullable datetimezone) as nullable datetime",
    examples=[
        ("DateTimeZone.RemoveZone(#datetimezone(2024, 2, 29, 8, 0, 0, 5, 30))", "#datetime(2024, 2, 29, 8, 0, 0)"),
    ],
)
def remove_zone(value: DateTimeZone | None) -> Value:
    """What the value's own clock shows, without the offset."""
    return None if value is None else value.local


def _switched(value: DateTimeZone, offset: int) -> DateTimeZone:
    if abs(offset) > 14 * 60:
        raise MError("Expression.Error", "The DateTimeZone value is out of range.", offset)
    return DateTimeZone(value.ticks, offset)


@function(
    "DateTimeZone.SwitchZone(dateTimeZone as nullable datetimezone, timezoneHours as number, optional timezoneMinutes"
    " as nullable number) as nullable datetimezone",
    examples=[
        ("DateTimeZone.SwitchZone(#datetimezone(2024, 2, 29, 23, 0, 0, 0, 0), 2)",
         "#datetimezone(2024, 3, 1, 1, 0, 0, 2, 0)"),
    ],
)  # fmt: skip
def switch_zone(value: DateTimeZone | None, hours: Value, minutes: Value = None) -> Value:
    """The same instant at another offset."""
    return None if value is None else _switched(value, minutes_of(hours, minutes or 0))


@function(
    "DateTimeZone.ToUtc(dateTimeZone as nullable datetimezone) as nullable datetimezone",
    examples=[
        ("DateTimeZone.ZoneHours(DateTimeZone.ToUtc(#datetimezone(2024, 2, 29, 8, 0, 0, 5, 30)))", "0"),
    ],
)
def to_utc(value: DateTimeZone | None) -> Value:
    """The same instant in UTC."""
    return None if value is None else _switched(value, 0)


@function(
    "DateTimeZone.ToLocal(dateTimeZone as nullable datetimezone) as nullable datetimezone",
    examples=[
        ("let x = #datetimezone(2024, 2, 29, 8, 0, 0, 5, 30) in DateTimeZone.ToLocal(x) = x", "true"),
    ],
    session=True,
)
def to_local_zone(session: Session, value: DateTimeZone | None) -> Value:
    """The same instant in local time."""
    return None if value is None else to_local(session, value)


@function(
    "DateTimeZone.ZoneHours(dateTimeZone as nullable datetimezone) as nullable number",
    examples=[("DateTimeZone.ZoneHours(#datetimezone(2024, 2, 29, 8, 0, 0, -7, -30))", "-7")],
)
def zone_hours(value: DateTimeZone | None) -> Value:
    """The hours of the offset."""
    return None if value is None else split_offset(value.offset)[0]


@function(
    "DateTimeZone.ZoneMinutes(dateTimeZone as nullable datetimezone) as nullable number",
    examples=[("DateTimeZone.ZoneMinutes(#datetimezone(2024, 2, 29, 8, 0, 0, -7, -30))", "-30")],
)
def zone_minutes(value: DateTimeZone | None) -> Value:
    """The minutes of the offset beyond its hours."""
    return None if value is None else split_offset(value.offset)[1]


@function(
    "DateTimeZone.ToRecord(dateTimeZone as datetimezone) as record",
    examples=[
        ("DateTimeZone.ToRecord(#datetimezone(2024, 2, 29, 8, 5, 0, 5, 30))[[Hour], [ZoneHours], [ZoneMinutes]]",
         "[Hour = 8, ZoneHours = 5, ZoneMinutes = 30]"),
    ],
)  # fmt: skip
def to_record(value: DateTimeZone) -> Record:
    """The parts of a datetimezone."""
    local, (hours, minutes) = value.local, split_offset(value.offset)
    zone = {"ZoneHours": hours, "ZoneMinutes": minutes}
    return Record.of({**date_record(local.date), **clock_record(local.time.ticks), **zone})


@function(
    "DateTimeZone.FromFileTime(fileTime as nullable number) as nullable datetimezone",
    examples=[("DateTimeZone.FromFileTime(133536384000000000)", "#datetimezone(2024, 2, 29, 0, 0, 0, 0, 0)")],
    session=True,
)
def from_file_time(session: Session, ticks: Value) -> Value:
    """The moment of a file time, ticks of 100 ns since the start of 1601 in UTC, in local time."""
    return None if ticks is None else to_local(session, zoned_from_file_time(ticks))
