"""Dates and times from values of other kinds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from headwater.powerquery.library.clock import localized, shown_locally
from headwater.powerquery.library.convert import to_date, to_datetime, to_datetimezone, to_time
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.date.folds import time_from as time_from_fold
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import conversion
from headwater.powerquery.values.core import Value

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Date.From(value as any, optional culture as nullable text) as nullable date",
    examples=[
        ('Date.From("2024-02-29")', "#date(2024, 2, 29)"),
        ("Date.From(#datetime(2024, 2, 29, 8, 0, 0))", "#date(2024, 2, 29)"),
        ("Date.From(45351.5)", "#date(2024, 2, 29)"),
        ('Date.From("29. Februar 2024", "de-DE")', "#date(2024, 2, 29)"),
    ],
    fold=conversion("Date.From"),
    session=True,
)
def date_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A date from a value: text, a datetime, or a number of days since 30 December 1899.

    Of a datetimezone it is the day that local clocks show.
    """
    return to_date(shown_locally(session, value), culture_of(culture, session))


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
    """A datetime from a value: text, a date, or a number of days since 30 December 1899.

    Of a datetimezone it is what local clocks show.
    """
    return to_datetime(shown_locally(session, value), culture_of(culture, session))


@function(
    "Time.From(value as any, optional culture as nullable text) as nullable time",
    examples=[
        ('Time.From("1:30 PM")', "#time(13, 30, 0)"),
        ("Time.From(0.25)", "#time(6, 0, 0)"),
        ("Time.From(#datetime(2024, 2, 29, 8, 0, 0))", "#time(8, 0, 0)"),
    ],
    fold=time_from_fold,
    session=True,
)
def time_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A time of day from a value: text, a datetime, or a part of a day from 0 up to 1.

    Of a datetimezone it is what local clocks show.
    """
    return to_time(shown_locally(session, value), culture_of(culture, session))


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
    return to_datetimezone(value, culture_of(culture, session), partial(localized, session))
