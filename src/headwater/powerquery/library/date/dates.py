"""Parts of dates, and dates a time before or after."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.plan.expressions import Expr, call
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.date.folds import days_later, name_of
from headwater.powerquery.library.date.folds import months_later as months_later_fold
from headwater.powerquery.library.date.parts import date_of, on_day
from headwater.powerquery.library.declarations import Argument, Fold, enumeration, function, plain_arguments
from headwater.powerquery.library.fold_rules import constant, exactly, given, refused
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import add, cannot_convert
from headwater.powerquery.values.times import Date, Duration

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

SUNDAY = 0

enumeration(
    "Day",
    {"Sunday": 0, "Monday": 1, "Tuesday": 2, "Wednesday": 3, "Thursday": 4, "Friday": 5, "Saturday": 6},
    summary="A day of the week.",
)


def days_in_month(day: Date) -> int:
    """The number of days in the month of a day."""
    return calendar.monthrange(day.calendar.year, day.calendar.month)[1]


def _declare(name: str, compute: Callable[[Date], Value], summary: str, example: tuple[str, str], result: str) -> None:
    def implementation(value: Value) -> Value:
        day = date_of(value)
        return None if day is None else compute(day)

    implementation.__doc__ = summary
    folds = exactly(f"Date.{name}", 1)
    signature = f"Date.{name}(dateTime as any) as nullable {result}"
    function(signature, examples=[example, (f"Date.{name}(null)", "null")], fold=folds)(implementation)


_declare("Year", lambda d: d.calendar.year, "The year.", ("Date.Year(#date(2024, 2, 29))", "2024"), "number")
_declare("Month", lambda d: d.calendar.month, "The month.", ("Date.Month(#date(2024, 2, 29))", "2"), "number")
_declare("Day", lambda d: d.calendar.day, "The day of the month.", ("Date.Day(#date(2024, 2, 29))", "29"), "number")
_declare(
    "QuarterOfYear",
    lambda d: (d.calendar.month + 2) // 3,
    "The quarter of the year, 1 to 4.",
    ("Date.QuarterOfYear(#date(2024, 4, 1))", "2"),
    "number",
)
_declare(
    "DayOfYear",
    lambda d: d.calendar.timetuple().tm_yday,
    "The day of the year, counted from 1.",
    ("Date.DayOfYear(#date(2024, 12, 31))", "366"),
    "number",
)
_declare(
    "DaysInMonth",
    days_in_month,
    "The number of days in the month.",
    ("Date.DaysInMonth(#date(2023, 2, 1))", "28"),
    "number",
)
_declare(
    "IsLeapYear",
    lambda d: calendar.isleap(d.calendar.year),
    "Whether the year has a 29th of February.",
    ("Date.IsLeapYear(#date(1900, 1, 1))", "false"),
    "logical",
)


# -- weeks ---------------------------------------------------------------------------------------------------------


def first_day_of(session: Session, value: Value) -> int:
    """The first day of the week: an argument of Day.Type, by default that of the session's culture.

    Raises:
        MError: Expression.Error, it is no day of the week.
    """
    if value is None:
        return culture_of(None, session).first_day
    day = whole(value, "firstDayOfWeek")
    if day > 6:
        raise MError("Expression.Error", "The 'firstDayOfWeek' argument is out of range.", value)
    return day


def weekday(day: Date, first: int) -> int:
    """The day of the week, 0 for ``first``."""
    return (day.days + 1 - first) % 7


def by_week(operator: str, unit: str = "") -> Fold:
    """Fold with a constant first day of the week, by default the culture's, perhaps as the bound of a unit."""

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        try:
            first = first_day_of(session, constant(operator, given(arguments, 1)))
        except MError as error:
            raise refused(operator, error) from error
        return call(operator, *plain_arguments(operator, arguments[:1]), option=(unit, first) if unit else first)

    return rule


@function(
    "Date.DayOfWeek(dateTime as any, optional firstDayOfWeek as nullable number) as nullable number",
    examples=[
        ("Date.DayOfWeek(#date(2024, 2, 29))", "4"),
        ("Date.DayOfWeek(#date(2024, 2, 29), Day.Monday)", "3"),
    ],
    fold=by_week("Date.DayOfWeek"),
    session=True,
)
def day_of_week(session: Session, value: Value, first: Value = None) -> Value:
    """The day of the week, 0 to 6, counted from the first day of the week, or the culture's (Sunday in en-US)."""
    start, day = first_day_of(session, first), date_of(value)
    return None if day is None else weekday(day, start)


@function(
    "Date.WeekOfYear(dateTime as any, optional firstDayOfWeek as nullable number) as nullable number",
    examples=[("Date.WeekOfYear(#date(2024, 1, 7))", "2"), ("Date.WeekOfYear(#date(2024, 1, 7), Day.Monday)", "1")],
    fold=by_week("Date.WeekOfYear"),
    session=True,
)
def week_of_year(session: Session, value: Value, first: Value = None) -> Value:
    """The week of the year, counted from 1; the first one begins on the first of January."""
    start, day = first_day_of(session, first), date_of(value)
    if day is None:
        return None
    return _week_in(day, Date.of(day.calendar.year, 1, 1), start)


@function(
    "Date.WeekOfMonth(dateTime as any, optional firstDayOfWeek as nullable number) as nullable number",
    examples=[("Date.WeekOfMonth(#date(2024, 2, 4))", "2"), ("Date.WeekOfMonth(#date(2024, 2, 4), Day.Monday)", "1")],
    fold=by_week("Date.WeekOfMonth"),
    session=True,
)
def week_of_month(session: Session, value: Value, first: Value = None) -> Value:
    """The week of the month, counted from 1; the first one begins on the first of the month."""
    start, day = first_day_of(session, first), date_of(value)
    if day is None:
        return None
    return _week_in(day, Date.of(day.calendar.year, day.calendar.month, 1), start)


def _week_in(day: Date, beginning: Date, first: int) -> int:
    return (day.days - beginning.days + weekday(beginning, first)) // 7 + 1


@function(
    "Date.DayOfWeekName(date as any, optional culture as nullable text) as nullable text",
    examples=[('Date.DayOfWeekName(#date(2024, 2, 29), "en-US")', '"Thursday"')],
    fold=name_of("Date.DayOfWeekName", "dddd"),
    session=True,
)
def day_of_week_name(session: Session, value: Value, culture: str | None = None) -> Value:
    """The name of the day of the week."""
    known, day = culture_of(culture, session), date_of(value)
    return None if day is None else known.days[weekday(day, SUNDAY)]


@function(
    "Date.MonthName(date as any, optional culture as nullable text) as nullable text",
    examples=[('Date.MonthName(#date(2024, 2, 29), "en-US")', '"February"')],
    fold=name_of("Date.MonthName", "MMMM"),
    session=True,
)
def month_name(session: Session, value: Value, culture: str | None = None) -> Value:
    """The name of the month."""
    known, day = culture_of(culture, session), date_of(value)
    return None if day is None else known.months[known.calendar.parts(day.calendar)[1] - 1]


@function(
    "Date.ToRecord(date as date) as record",
    examples=[("Date.ToRecord(#date(2024, 2, 29))", "[Year = 2024, Month = 2, Day = 29]")],
)
def to_record(value: Date) -> Record:
    """The parts of a date."""
    day = value.calendar
    return Record.of({"Year": day.year, "Month": day.month, "Day": day.day})


# -- a time before or after ----------------------------------------------------------------------------------------


def _add_days(value: Value, days: Value) -> Value:
    if date_of(value) is None:
        return None
    return add(plain(value), Duration.of(days, 0, 0, 0))


@function(
    "Date.AddDays(dateTime as any, numberOfDays as number) as any",
    examples=[("Date.AddDays(#date(2024, 2, 28), 2)", "#date(2024, 3, 1)")],
    fold=days_later("Date.AddDays", 1),
)
def add_days(value: Value, count: Value) -> Value:
    """A number of days later."""
    return _add_days(value, count)


@function(
    "Date.AddWeeks(dateTime as any, numberOfWeeks as number) as any",
    examples=[("Date.AddWeeks(#date(2024, 2, 22), 1)", "#date(2024, 2, 29)")],
    fold=days_later("Date.AddWeeks", 7),
)
def add_weeks(value: Value, count: Value) -> Value:
    """A number of weeks later."""
    return _add_days(value, count * 7)


def months_later(day: Date, months: int) -> Date:
    """The same day of the month some months later, or the month's last day where it has none such.

    Raises:
        MError: Expression.Error, the year is not from 1 to 9999.
    """
    calendar_day = day.calendar
    year, month = divmod(calendar_day.year * 12 + calendar_day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise MError("Expression.Error", "The Date value is out of range.")
    return Date.of(year, month + 1, min(calendar_day.day, calendar.monthrange(year, month + 1)[1]))


def _add_months(value: Value, count: Value, each: int) -> Value:
    if not -(10**6) < count < 10**6:
        raise cannot_convert(count, "Number")
    return on_day(value, lambda day: months_later(day, int(count) * each))


@function(
    "Date.AddMonths(dateTime as any, numberOfMonths as number) as any",
    examples=[
        ("Date.AddMonths(#date(2024, 1, 31), 1)", "#date(2024, 2, 29)"),
        ("Date.AddMonths(#datetime(2024, 1, 1, 8, 0, 0), -1)", "#datetime(2023, 12, 1, 8, 0, 0)"),
    ],
    fold=months_later_fold("Date.AddMonths", 1),
)
def add_months(value: Value, count: Value) -> Value:
    """A number of months later; a day that the month does not have becomes its last."""
    return _add_months(value, count, 1)


@function(
    "Date.AddQuarters(dateTime as any, numberOfQuarters as number) as any",
    examples=[("Date.AddQuarters(#date(2024, 1, 1), 1)", "#date(2024, 4, 1)")],
    fold=months_later_fold("Date.AddQuarters", 3),
)
def add_quarters(value: Value, count: Value) -> Value:
    """A number of quarters later."""
    return _add_months(value, count, 3)


@function(
    "Date.AddYears(dateTime as any, numberOfYears as number) as any",
    examples=[("Date.AddYears(#date(2024, 2, 29), 1)", "#date(2025, 2, 28)")],
    fold=months_later_fold("Date.AddYears", 12),
)
def add_years(value: Value, count: Value) -> Value:
    """A number of years later."""
    return _add_months(value, count, 12)
