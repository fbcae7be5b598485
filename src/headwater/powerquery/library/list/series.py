"""Lists made from a start, a step and a count; lists of random numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Value
from headwater.powerquery.values.operators import add, to_double
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def _steps(start: Value, count: Value, step: Duration) -> List:
    """``count`` values from ``start`` on, each a step after the one before."""
    length = whole(count, "count")

    def values() -> Iterator[Value]:
        value = start
        for at in range(length):
            if at:
                value = add(value, step)
            yield value

    return List(source=values)


@function(
    "List.Numbers(start as number, count as number, optional increment as nullable number) as list",
    examples=[("List.Numbers(5, 3)", "{5, 6, 7}"), ("List.Numbers(1, 3, -0.5)", "{1, 0.5, 0}")],
)
def numbers(start: Value, count: Value, increment: Value = None) -> List:
    """A number of numbers from a start on, an increment (1) apart."""
    length, step = whole(count, "count"), 1 if increment is None else to_double(increment)
    first = to_double(start)
    return List(source=lambda: (to_double(first + at * step) for at in range(length)))


@function(
    "List.Dates(start as date, count as number, step as duration) as list",
    examples=[
        ("List.Dates(#date(2024, 2, 28), 3, #duration(1, 0, 0, 0))",
         "{#date(2024, 2, 28), #date(2024, 2, 29), #date(2024, 3, 1)}"),
    ],
)  # fmt: skip
def dates(start: Date, count: Value, step: Duration) -> List:
    """A number of dates from a start on, a step apart."""
    return _steps(start, count, step)


@function(
    "List.DateTimes(start as datetime, count as number, step as duration) as list",
    examples=[
        ("List.DateTimes(#datetime(2024, 12, 31, 23, 0, 0), 2, #duration(0, 1, 0, 0))",
         "{#datetime(2024, 12, 31, 23, 0, 0), #datetime(2025, 1, 1, 0, 0, 0)}"),
    ],
)  # fmt: skip
def datetimes(start: DateTime, count: Value, step: Duration) -> List:
    """A number of datetimes from a start on, a step apart."""
    return _steps(start, count, step)


@function(
    "List.DateTimeZones(start as datetimezone, count as number, step as duration) as list",
    examples=[
        ("List.DateTimeZones(#datetimezone(2024, 1, 1, 0, 0, 0, 1, 0), 1, #duration(0, 1, 0, 0))",
         "{#datetimezone(2024, 1, 1, 0, 0, 0, 1, 0)}"),
    ],
)  # fmt: skip
def datetimezones(start: DateTimeZone, count: Value, step: Duration) -> List:
    """A number of datetimezones from a start on, a step apart."""
    return _steps(start, count, step)


@function(
    "List.Times(start as time, count as number, step as duration) as list",
    examples=[("List.Times(#time(23, 0, 0), 2, #duration(0, 2, 0, 0))", "{#time(23, 0, 0), #time(1, 0, 0)}")],
)
def times(start: Time, count: Value, step: Duration) -> List:
    """A number of times from a start on, a step apart, round the clock."""
    return _steps(start, count, step)


@function(
    "List.Durations(start as duration, count as number, step as duration) as list",
    examples=[
        ("List.Durations(#duration(0, 1, 0, 0), 2, #duration(0, 0, 30, 0))",
         "{#duration(0, 1, 0, 0), #duration(0, 1, 30, 0)}"),
    ],
)  # fmt: skip
def durations(start: Duration, count: Value, step: Duration) -> List:
    """A number of durations from a start on, a step apart."""
    return _steps(start, count, step)


@function(
    "List.Random(count as number, optional seed as nullable number) as list",
    examples=[
        ("List.Count(List.Random(3))", "3"),
        ("List.Random(2, 7) = List.Random(2, 7)", "true"),
    ],
    session=True,
)
def random_numbers(session: Session, count: Value, seed: Value = None) -> List:
    """A number of random numbers from 0 up to 1; the same ones for the same seed."""
    source = session.random if seed is None else random.Random(float(seed))  # noqa: S311 -- M's numbers, no secrets
    return List([source.random() for _ in range(whole(count, "count"))])
