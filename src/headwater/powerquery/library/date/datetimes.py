"""Datetimes: now, their parts, and files' times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.plan.types import Kind
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.clock import local_moment, to_local
from headwater.powerquery.library.date.parts import (
    date_of,
    minutes_of,
    seconds_of,
    ticks_of_day,
)
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly, of_kinds
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.times import (
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    Date,
    DateTime,
    DateTimeZone,
    Time,
)

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_FILE_EPOCH = Date.of(1601, 1, 1).ticks
"""Ticks of a file time begin here, in UTC."""


@function(
    "DateTime.LocalNow() as datetime",
    examples=[("DateTime.LocalNow() >= DateTime.FixedLocalNow()", "true")],
    session=True,
)
def local_now(session: Session) -> DateTime:
    """What local clocks show now."""
    return local_moment(session, session.clock()).local


@function(
    "DateTime.FixedLocalNow() as datetime",
    examples=[("DateTime.FixedLocalNow() = DateTime.FixedLocalNow()", "true")],
    session=True,
)
def fixed_local_now(session: Session) -> DateTime:
    """What local clocks showed when the evaluation first asked; the same throughout it."""
    return local_moment(session, session.started).local


@function(
    "DateTime.Date(dateTime as any) as nullable date",
    examples=[("DateTime.Date(#datetime(2024, 2, 29, 8, 0, 0))", "#date(2024, 2, 29)")],
    fold=of_kinds("Date.From", Kind.DATE, Kind.DATETIME, option=""),
)
def date_part(value: Value) -> Value:
    """The date of a datetime."""
    return date_of(value)


@function(
    "DateTime.Time(dateTime as any) as nullable time",
    examples=[("DateTime.Time(#datetime(2024, 2, 29, 8, 0, 0))", "#time(8, 0, 0)")],
    fold=exactly("Time.From", 1),
)
def time_part(value: Value) -> Value:
    """The time of day of a datetime."""
    ticks = ticks_of_day(value)
    return None if ticks is None else Time(ticks)


@function(
    "DateTime.AddZone(dateTime as nullable datetime, timezoneHours as number, optional timezoneMinutes as nullable"
    " number) as nullable datetimezone",
    examples=[
        ("DateTime.AddZone(#datetime(2024, 2, 29, 8, 0, 0), 5, 30)", "#datetimezone(2024, 2, 29, 8, 0, 0, 5, 30)"),
    ],
)
def add_zone(value: DateTime | None, hours: Value, minutes: Value = None) -> Value:
    """The datetime with an offset from UTC."""
    return None if value is None else DateTimeZone.at(value, minutes_of(hours, minutes or 0))


def clock_record(ticks: int) -> dict[str, Value]:
    """Hour, minute and second of ticks since midnight."""
    return {
        "Hour": ticks // TICKS_PER_HOUR,
        "Minute": ticks % TICKS_PER_HOUR // TICKS_PER_MINUTE,
        "Second": seconds_of(ticks % TICKS_PER_MINUTE),
    }


def date_record(date: Date) -> dict[str, Value]:
    """Year, month and day."""
    day = date.calendar
    return {"Year": day.year, "Month": day.month, "Day": day.day}


@function(
    "DateTime.ToRecord(dateTime as datetime) as record",
    examples=[
        ("DateTime.ToRecord(#datetime(2024, 2, 29, 8, 5, 0.5))",
         "[Year = 2024, Month = 2, Day = 29, Hour = 8, Minute = 5, Second = 0.5]"),
    ],
)  # fmt: skip
def to_record(value: DateTime) -> Record:
    """The parts of a datetime."""
    return Record.of({**date_record(value.date), **clock_record(value.time.ticks)})


def zoned_from_file_time(ticks: Value) -> DateTimeZone:
    """The moment of a file time, in UTC."""
    return DateTimeZone(_FILE_EPOCH + whole(ticks, "fileTime"), 0)


@function(
    "DateTime.FromFileTime(fileTime as nullable number) as nullable datetime",
    examples=[("DateTime.FromFileTime(133536384000000000)", "#datetime(2024, 2, 29, 0, 0, 0)")],
    session=True,
)
def from_file_time(session: Session, ticks: Value) -> Value:
    """What local clocks show at a file time: ticks of 100 ns since the start of 1601 in UTC."""
    return None if ticks is None else to_local(session, zoned_from_file_time(ticks)).local
