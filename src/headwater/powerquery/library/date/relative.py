"""Whether a date or time lies in the current, next or previous day, week, month …, by the session's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.plan.expressions import Expr
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.clock import local_moment
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.date.folds import between, near_now
from headwater.powerquery.library.date.parts import date_of, ticks_of_day
from headwater.powerquery.library.declarations import Argument, function, plain_arguments
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Date,
)

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

Number = Callable[["Session", Value], int | None]
"""The number of a unit since the beginning: two moments lie in the same one when their numbers are equal."""


def _of_date(number: Callable[[Date], int]) -> Number:
    def of(_session: Session, value: Value) -> int | None:
        day = date_of(value)
        return None if day is None else number(day)

    return of


def _of_ticks(unit: int) -> Number:
    def of(_session: Session, value: Value) -> int | None:
        day = date_of(value)
        ticks = 0 if isinstance(plain(value), Date) else ticks_of_day(value)
        return None if day is None or ticks is None else (day.days * TICKS_PER_DAY + ticks) // unit

    return of


def _week(session: Session, value: Value) -> int | None:
    day = date_of(value)
    return None if day is None else (day.days + 1 - culture_of(None, session).first_day) // 7


def _month(day: Date) -> int:
    return day.calendar.year * 12 + day.calendar.month - 1


Span = Callable[[int], tuple[int, int]]
"""The least and the greatest distance from now, in units, by the function's count."""


def _declare(signature: str, summary: str, example: str, number: Number, span: Span) -> None:
    """A function of the unit's distance from now and a count of units, where it takes one."""
    name, owner = signature[: signature.index("(")], signature[: signature.index(".")]

    def implementation(session: Session, value: Value, count: Value = 1) -> Value:
        there = number(session, value)
        if there is None:
            return None
        now = number(session, local_moment(session, session.started))
        assert now is not None, "now is not null"
        least, most = span(whole(count, "count"))
        return least <= there - now <= most

    implementation.__doc__ = summary
    folds = near_now(name, number, span) if owner == "Date" else None
    function(signature, examples=[(example, "true")], fold=folds, session=True)(implementation)


_STEPS = {"Hour": "#duration(0, 1, 0, 0)", "Minute": "#duration(0, 0, 1, 0)", "Second": "#duration(0, 0, 0, 1)"}


def _declare_unit(owner: str, unit: str, number: Number) -> None:
    many, now = f"{unit.lower()}s", "DateTime.FixedLocalNow()"
    if unit in _STEPS:
        next_one, previous = f"{now} + {_STEPS[unit]}", f"{now} - {_STEPS[unit]}"
    else:
        next_one, previous = f"Date.Add{unit}s({now}, 1)", f"Date.Add{unit}s({now}, -1)"

    def declare(name: str, what: str, example: str, span: Span, count: bool = False) -> None:
        counted = f", {many} as number" if count else ""
        signature = f"{owner}.{name}(dateTime as any{counted}) as nullable logical"
        given = f"{example}, 1" if count else example
        summary = f"Whether a date or time lies in {what}, by the clock of the evaluation."
        _declare(signature, summary, f"{owner}.{name}({given})", number, span)

    declare(f"IsInCurrent{unit}", f"the current {unit.lower()}", now, lambda _: (0, 0))
    declare(f"IsInNext{unit}", f"the next {unit.lower()}", next_one, lambda _: (1, 1))
    declare(f"IsInPrevious{unit}", f"the previous {unit.lower()}", previous, lambda _: (-1, -1))
    declare(
        f"IsInNextN{unit}s",
        f"one of the next {many}, the current one not counted",
        next_one,
        lambda count: (1, count),
        count=True,
    )
    declare(
        f"IsInPreviousN{unit}s",
        f"one of the previous {many}, the current one not counted",
        previous,
        lambda count: (-count, -1),
        count=True,
    )


_declare_unit("Date", "Day", _of_date(lambda day: day.days))
_declare_unit("Date", "Week", _week)
_declare_unit("Date", "Month", _of_date(_month))
_declare_unit("Date", "Quarter", _of_date(lambda day: _month(day) // 3))
_declare_unit("Date", "Year", _of_date(lambda day: day.calendar.year))
_declare_unit("DateTime", "Hour", _of_ticks(TICKS_PER_HOUR))
_declare_unit("DateTime", "Minute", _of_ticks(TICKS_PER_MINUTE))
_declare_unit("DateTime", "Second", _of_ticks(TICKS_PER_SECOND))


def _year_to_date(arguments: tuple[Argument, ...], session: Session) -> Expr:
    name = "Date.IsInYearToDate"
    today = local_moment(session, session.started).local.date
    (value,) = plain_arguments(name, arguments)
    return between(name, value, Date.of(today.calendar.year, 1, 1).days, today.days)


@function(
    "Date.IsInYearToDate(dateTime as any) as nullable logical",
    examples=[("Date.IsInYearToDate(DateTime.FixedLocalNow())", "true")],
    fold=_year_to_date,
    session=True,
)
def is_in_year_to_date(session: Session, value: Value) -> Value:
    """Whether a date or time lies in the current year, today or earlier, by the clock of the evaluation."""
    day, today = date_of(value), local_moment(session, session.started).local.date
    if day is None:
        return None
    return day.calendar.year == today.calendar.year and day.days <= today.days
