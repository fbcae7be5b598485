"""Statistics of lists; nulls are ignored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.criteria import orderings_of, sorted_by
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.list.numerics import mean, number_items, paired, present
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert, is_number, to_double
from headwater.powerquery.values.times import DateTime, DateTimeZone, Duration, Time

enumeration(
    "PercentileMode",
    {"ExcelInc": 1, "ExcelExc": 2, "SqlDisc": 3, "SqlCont": 4},
    summary="How a percentile between two values is found.",
)


@function(
    "List.StandardDeviation(numbersList as list) as nullable number",
    examples=[("List.StandardDeviation({2, 4, 6})", "2"), ("List.StandardDeviation({})", "null")],
)
def standard_deviation(items: List) -> Value:
    """The standard deviation of a sample; null where there are fewer than two numbers."""
    values = [float(value) for value in number_items(items)]
    if len(values) < 2:
        return None
    centre = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


@function(
    "List.Covariance(numberList1 as list, numberList2 as list) as nullable number",
    examples=[("List.Covariance({1, 3}, {2, 6})", "2"), ("List.Covariance({}, {})", "null")],
)
def covariance(left: List, right: List) -> Value:
    """The covariance of two lists of numbers, taken as the whole population; null of empty lists."""
    pairs = paired(left, right)
    if not pairs:
        return None
    count = len(pairs)
    first, second = math.fsum(a for a, _ in pairs) / count, math.fsum(b for _, b in pairs) / count
    return math.fsum((a - first) * (b - second) for a, b in pairs) / count


@function(
    "List.Median(list as list, optional comparisonCriteria as any) as any",
    examples=[
        ("List.Median({5, 1, null, 3})", "3"),
        ("List.Median({1, 2})", "1.5"),
        ('List.Median({"b", "a"})', '"a"'),
    ],
)
def median(items: List, criteria: Value = None) -> Value:
    """The middle item in order.

    Of two in the middle: their mean where all are numbers, times, datetimes or durations, else the smaller.
    """
    values = sorted_by(present(items), orderings_of(criteria))
    if not values:
        return None
    low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
    divisible = all(is_number(value) for value in values) or all(
        isinstance(value, Time | DateTime | DateTimeZone | Duration) for value in values
    )
    if divisible and len(values) % 2 == 0:
        return mean([low, high])
    return to_double(low) if is_number(low) else low


def _inclusive(values: Sequence[Value], share: float) -> Value:
    return _between(values, share * (len(values) - 1))


def _exclusive(values: Sequence[Value], share: float) -> Value:
    place = share * (len(values) + 1) - 1
    if not 0 <= place <= len(values) - 1:
        raise MError("Expression.Error", "The 'percentiles' argument is out of range.", share)
    return _between(values, place)


def _discrete(values: Sequence[Value], share: float) -> Value:
    return values[max(math.ceil(share * len(values)) - 1, 0)]


def _between(values: Sequence[Value], place: float) -> Value:
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return to_double(values[low] + (values[high] - values[low]) * (place - low))


_MODES: dict[int, Callable[[Sequence[Value], float], Value]] = {
    1: _inclusive,
    2: _exclusive,
    3: _discrete,
    4: _inclusive,
}


@function(
    "List.Percentile(list as list, percentiles as any, optional options as nullable record) as any",
    examples=[
        ("List.Percentile({1, 2, 3, 4}, 0.5)", "2.5"),
        ("List.Percentile({1, 2, 3, 4}, {0, 1}, [PercentileMode = PercentileMode.SqlDisc])", "{1, 4}"),
    ],
)
def percentile(items: List, percentiles: Value, options: Record | None = None) -> Value:
    """The value below which a share of the numbers lies, or a list of them for a list of shares from 0 to 1."""
    mode = known_options(options, "List.Percentile", "PercentileMode").get("PercentileMode", 1)
    interpolate = _MODES.get(mode) if is_number(mode) else None
    if interpolate is None:
        raise MError("Expression.Error", "The value is no PercentileMode.Type.", mode)
    values = sorted(number_items(items))
    wanted = plain(percentiles)
    shares = list(wanted.plain()) if isinstance(wanted, List) else [wanted]
    for share in shares:
        if not is_number(share):
            raise cannot_convert(share, "Number")
        if not 0 <= share <= 1:
            raise MError("Expression.Error", "The 'percentiles' argument is out of range.", share)
    found = [interpolate(values, share) if values else None for share in shares]
    return List(found) if isinstance(wanted, List) else found[0]
