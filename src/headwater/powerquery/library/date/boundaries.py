"""The start and the end of the day, week, month, quarter, year or hour around a date or time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.powerquery.library.date.dates import by_week, days_in_month, first_day_of, months_later, weekday
from headwater.powerquery.library.date.folds import bound
from headwater.powerquery.library.date.parts import date_of, on_day, ticks_of_day, with_day
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.times import TICKS_PER_DAY, TICKS_PER_HOUR, Date, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_LAST_TICK = TICKS_PER_DAY - 1

Bounds = Callable[[Date], tuple[Date, Date]]


def _day(day: Date) -> tuple[Date, Date]:
    return day, day


def _months(count: int) -> Bounds:
    """The first and last day of the span of ``count`` months, counted from January, in which a day lies."""

    def bounds(day: Date) -> tuple[Date, Date]:
        shown = day.calendar
        first = Date.of(shown.year, (shown.month - 1) // count * count + 1, 1)
        last = months_later(first, count - 1)
        return first, Date(last.days + days_in_month(last) - 1)

    return bounds


def _declare(unit: str, bounds: Bounds, example: tuple[str, str, str]) -> None:
    given, first, last = example

    def start(value: Value) -> Value:
        return on_day(value, lambda day: bounds(day)[0], 0)

    def end(value: Value) -> Value:
        return on_day(value, lambda day: bounds(day)[1], _LAST_TICK)

    start.__doc__ = f"The start of the {unit.lower()}."
    end.__doc__ = f"The end of the {unit.lower()}."
    for edge, result, implementation in (("Date.StartOf", first, start), ("Date.EndOf", last, end)):
        name = f"{edge}{unit}"
        examples = [(f"{name}({given})", result)]
        function(f"{name}(dateTime as any) as any", examples=examples, fold=bound(edge, unit))(implementation)


_declare(
    "Day",
    _day,
    (
        "#datetime(2024, 2, 29, 12, 0, 0)",
        "#datetime(2024, 2, 29, 0, 0, 0)",
        "#datetime(2024, 2, 29, 23, 59, 59.9999999)",
    ),
)
_declare("Month", _months(1), ("#date(2024, 2, 9)", "#date(2024, 2, 1)", "#date(2024, 2, 29)"))
_declare("Quarter", _months(3), ("#date(2024, 5, 9)", "#date(2024, 4, 1)", "#date(2024, 6, 30)"))
_declare("Year", _months(12), ("#date(2024, 5, 9)", "#date(2024, 1, 1)", "#date(2024, 12, 31)"))


@function(
    "Date.StartOfWeek(dateTime as any, optional firstDayOfWeek as nullable number) as any",
    examples=[
        ("Date.StartOfWeek(#date(2024, 2, 29))", "#date(2024, 2, 25)"),
        ("Date.StartOfWeek(#date(2024, 2, 29), Day.Monday)", "#date(2024, 2, 26)"),
    ],
    fold=by_week("Date.StartOf", "Week"),
    session=True,
)
def start_of_week(session: Session, value: Value, first: Value = None) -> Value:
    """The start of the week, which begins on a given day, or the culture's (Sunday in en-US)."""
    begins = first_day_of(session, first)
    return on_day(value, lambda day: Date(day.days - weekday(day, begins)), 0)


@function(
    "Date.EndOfWeek(dateTime as any, optional firstDayOfWeek as nullable number) as any",
    examples=[("Date.EndOfWeek(#date(2024, 2, 29))", "#date(2024, 3, 2)")],
    fold=by_week("Date.EndOf", "Week"),
    session=True,
)
def end_of_week(session: Session, value: Value, first: Value = None) -> Value:
    """The end of the week, which begins on a given day, or the culture's (Sunday in en-US)."""
    begins = first_day_of(session, first)
    return on_day(value, lambda day: Date(day.days + 6 - weekday(day, begins)), _LAST_TICK)


def _in_hour(value: Value, place: int) -> Value:
    value = plain(value)
    ticks = ticks_of_day(value)
    if ticks is None:
        return None
    moved = ticks // TICKS_PER_HOUR * TICKS_PER_HOUR + place
    if isinstance(value, Time):
        return Time(moved)
    day = date_of(value)
    assert day is not None, "null has no ticks"
    return with_day(value, day, moved)


@function(
    "Time.StartOfHour(dateTime as any) as any",
    examples=[("Time.StartOfHour(#time(9, 30, 0))", "#time(9, 0, 0)")],
    fold=bound("Date.StartOf", "Hour"),
)
def start_of_hour(value: Value) -> Value:
    """The start of the hour."""
    return _in_hour(value, 0)


@function(
    "Time.EndOfHour(dateTime as any) as any",
    examples=[("Time.EndOfHour(#time(9, 30, 0))", "#time(9, 59, 59.9999999)")],
    fold=bound("Date.EndOf", "Hour"),
)
def end_of_hour(value: Value) -> Value:
    """The end of the hour."""
    return _in_hour(value, TICKS_PER_HOUR - 1)
