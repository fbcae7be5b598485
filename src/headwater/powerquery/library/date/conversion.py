"""Dates and times from values of other kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.convert import to_date, to_datetime
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.date.parts import localized
from headwater.powerquery.library.date.reading import read_time, read_zoned
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import conversion
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.times import TICKS_PER_DAY, DateTime, DateTimeZone, Duration, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Date.From(value as any, optional culture as nullable text) as nullable date",
    examples=[
        ('Date.From("2024-02-29")', "#date(2024, 2, 29)"),
        ("Date.From(#datetime(2024, 2, 29, 8, 0, 0))", "#date(2024, 2, 29)"),
        ("Date.From(45351.5)", "#date(2024, 2, 29)"),
    ],
    fold=conversion("Date.From"),
    session=True,
)
def date_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A date from a value: text, a datetime, or a number of days since 30 December 1899."""
    culture_of(culture, session)
    return to_date(value)


@function(
    "DateTime.From(value as any, optional culture as nullable text) as nullable datetime",
    examples=[
        ('DateTime.From("2/29/2024 1:30 PM")', "#datetime(2024, 2, 29, 13, 30, 0)"),
        ("DateTime.From(#date(2024, 2, 29))", "#datetime(2024, 2, 29, 0, 0, 0)"),
        ("DateTime.From(45351.5)", "#datetime(2024, 2, 29, 12, 0, 0)"),
    ],
    fold=conversion("DateTime.From"),
    session=True,
)
def datetime_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A datetime from a value: text, a date, or a number of days since 30 December 1899."""
    culture_of(culture, session)
    return to_datetime(value)


@function(
    "Time.From(value as any, optional culture as nullable text) as nullable time",
    examples=[
        ('Time.From("1:30 PM")', "#time(13, 30, 0)"),
        ("Time.From(0.25)", "#time(6, 0, 0)"),
        ("Time.From(#datetime(2024, 2, 29, 8, 0, 0))", "#time(8, 0, 0)"),
    ],
    session=True,
)
def time_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A time of day from a value: text, a datetime, or a part of a day from 0 up to 1."""
    culture_of(culture, session)
    return to_time(value)


def to_time(value: Value) -> Value:
    """``Time.From``.

    Raises:
        MError: DataFormat.Error or Expression.Error, the value is no time of day.
    """
    value = plain(value)
    match value:
        case None | Time():
            return value
        case str():
            return read_time(value)
        case DateTime():
            return value.time
        case DateTimeZone():
            return value.local.time
        case Duration():
            return _time_at(value.ticks, value)
    if is_number(value) and 0 <= value < 1:
        return _time_at(round(value * TICKS_PER_DAY), value)
    raise cannot_convert(value, "Time")


def _time_at(ticks: int, value: Value) -> Time:
    if not 0 <= ticks < TICKS_PER_DAY:
        raise MError("Expression.Error", "The Time value is out of range.", value)
    return Time(ticks)


@function(
    "DateTimeZone.From(value as any, optional culture as nullable text) as nullable datetimezone",
    examples=[
        ('DateTimeZone.From("2024-02-29T08:00:00+05:30")', "#datetimezone(2024, 2, 29, 8, 0, 0, 5, 30)"),
        ("DateTimeZone.RemoveZone(DateTimeZone.From(#date(2024, 2, 29)))", "#datetime(2024, 2, 29, 0, 0, 0)"),
    ],
    session=True,
)
def datetimezone_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A datetimezone from a value; what names no zone is taken as local time."""
    culture_of(culture, session)
    value = plain(value)
    if value is None or isinstance(value, DateTimeZone):
        return value
    found = read_zoned(value) if isinstance(value, str) else to_datetime(value)
    return localized(session, found) if isinstance(found, DateTime) else found
