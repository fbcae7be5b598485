"""Sums, means and products of lists; nulls are ignored."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from headwater.errors import MError
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.list.folds import of_numbers
from headwater.powerquery.library.number.precision import DECIMAL, decimal_result, precision_of, quotient
from headwater.powerquery.values.core import List, Value
from headwater.powerquery.values.operators import cannot_convert, is_number, to_double
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time


def present(items: List) -> list[Value]:
    """The items without metadata that are not null."""
    return [item for item in items.plain() if item is not None]


def number_items(items: List) -> list[Value]:
    """The items that are not null, all of which have to be numbers.

    Raises:
        MError: Expression.Error, one is of another kind.
    """
    values = present(items)
    for value in values:
        if not is_number(value):
            raise cannot_convert(value, "Number")
    return values


def total(values: Sequence[Value], precision: Value = None) -> Value:
    """The sum of numbers or of durations, of which there is at least one.

    Raises:
        MError: Expression.Error, they are of another kind, or of both.
    """
    if all(isinstance(value, Duration) for value in values):
        return Duration(sum(value.ticks for value in values))
    for value in values:
        if not is_number(value):
            raise cannot_convert(value, "Number")
    exact = decimal_result(Decimal.__add__, *values) if precision_of(precision) == DECIMAL else None
    if exact is not None:
        return exact
    # one after another in doubles; Python's own sum() corrects rounding since 3.12, an engine does not
    return to_double(reduce(operator.add, map(float, values)))


@function(
    "List.Sum(list as list, optional precision as nullable number) as any",
    examples=[
        ("List.Sum({1, null, 2.5})", "3.5"),
        ("List.Sum({})", "null"),
        ("List.Sum({#duration(0, 1, 0, 0), #duration(0, 0, 30, 0)})", "#duration(0, 1, 30, 0)"),
    ],
    fold=of_numbers("List.Sum"),
)
def list_sum(items: List, precision: Value = None) -> Value:
    """The sum of numbers or durations; null where there is none."""
    values = present(items)
    return total(values, precision) if values else None


@function(
    "List.Product(numbersList as list, optional precision as nullable number) as nullable number",
    examples=[("List.Product({2, null, 4})", "8"), ("List.Product({})", "null")],
)
def product(items: List, precision: Value = None) -> Value:
    """The product of numbers; null where there is none."""
    values = number_items(items)
    if not values:
        return None
    exact = decimal_result(Decimal.__mul__, *values) if precision_of(precision) == DECIMAL else None
    if exact is not None:
        return exact
    result: float | int = 1
    for value in values:
        result = to_double(result * to_double(value))
    return result


def mean(values: Sequence[Value], precision: Value = None) -> Value:
    """The mean of values of one kind: numbers, dates, times, datetimes or durations; at least one.

    Raises:
        MError: Expression.Error, they are of several kinds or of another.
    """
    first = values[0]
    if is_number(first) or isinstance(first, Duration):
        summed = total(values, precision)
        if isinstance(summed, Duration):
            return Duration(round(Fraction(summed.ticks, len(values))))
        return _quotient(summed, len(values), precision)
    if not all(type(value) is type(first) for value in values):
        raise cannot_convert(next(value for value in values if type(value) is not type(first)), type(first).__name__)
    match first:
        case Date():
            return Date(sum(value.days for value in values) // len(values))
        case Time() | DateTime():
            return type(first)(round(Fraction(sum(value.ticks for value in values), len(values))))
        case DateTimeZone():
            return DateTimeZone(round(Fraction(sum(value.ticks for value in values), len(values))), first.offset)
    raise cannot_convert(first, "Number")


def _quotient(summed: Value, count: int, precision: Value) -> Value:
    exact = decimal_result(quotient, summed, count) if precision_of(precision) == DECIMAL else None
    if exact is not None:
        return exact
    share = summed / count
    return int(share) if share.is_integer() and abs(share) < 2**53 else share


@function(
    "List.Average(list as list, optional precision as nullable number) as any",
    examples=[
        ("List.Average({1, null, 2})", "1.5"),
        ("List.Average({#date(2024, 2, 28), #date(2024, 3, 1)})", "#date(2024, 2, 29)"),
        ("List.Average({null})", "null"),
    ],
    fold=of_numbers("List.Average"),
)
def average(items: List, precision: Value = None) -> Value:
    """The mean of numbers, dates, datetimes or durations; null where there is none."""
    values = present(items)
    return mean(values, precision) if values else None


def paired(left: List, right: List) -> list[tuple[Value, Value]]:
    """Two lists of numbers as pairs, those with a null left out.

    Raises:
        MError: Expression.Error, the lists are not equally long, or hold something that is no number.
    """
    first, second = list(left.plain()), list(right.plain())
    if len(first) != len(second):
        raise MError("Expression.Error", "The two lists have different numbers of items.")
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    for value in (member for pair in pairs for member in pair):
        if not is_number(value):
            raise cannot_convert(value, "Number")
    return pairs
