"""What the columns of a preview hold: quality, distribution, statistics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from headwater.app.previews.cells import cell
from headwater.errors import MError
from headwater.powerquery.values.core import Value, force, plain

__all__ = ["ColumnProfile", "column_profile"]

_MOST_VALUES: Final = 50
_BARS: Final = 20


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column's cells: how many are values, errors and null or empty texts, and what values there are.

    Attributes:
        valid, errors, empty: these three make up all cells.
        distinct: how many different values; ``unique`` of them stand in one cell only.
        values: the most frequent ones, with how often they stand there; at most fifty.
        smallest, largest, average, deviation: of numbers; the first two of texts, dates and the like as well. None
            where there is nothing to tell.
        bars: of numbers, the counts of twenty ranges of one width, from the smallest to the largest.
    """

    valid: int
    errors: int
    empty: int
    distinct: int
    unique: int
    values: Sequence[tuple[Any, int]]
    smallest: Any = None
    largest: Any = None
    average: float | None = None
    deviation: float | None = None
    bars: Sequence[int] = ()


def column_profile(cells: Sequence[Value]) -> ColumnProfile:
    """The profile of these cells.

    >>> found = column_profile([1, 2, 2, None])
    >>> (found.valid, found.empty, found.distinct, found.unique, found.values, found.average)
    (3, 1, 3, 2, [(2, 2), (1, 1), (None, 1)], 1.6666666666666667)
    """
    values, errors, empty = _sorted_out(cells)
    counted: Counter[Any] = Counter(_key(value) for value in values)
    if empty:
        counted[None] += empty
    statistics = _statistics(values)
    return ColumnProfile(
        len(values),
        errors,
        empty,
        len(counted),
        sum(1 for times in counted.values() if times == 1),
        [(None if shown is None else shown[1], times) for shown, times in counted.most_common(_MOST_VALUES)],
        **statistics,
    )


def _sorted_out(cells: Sequence[Value]) -> tuple[list[Value], int, int]:
    values, errors, empty = [], 0, 0
    for each in cells:
        try:
            value = plain(force(each))
        except MError:
            errors += 1
            continue
        if value is None or value == "":
            empty += 1
        else:
            values.append(value)
    return values, errors, empty


def _key(value: Value) -> tuple[str, Any]:
    """What tells a value from others in the count; all values with members of their own are as one there."""
    shown = cell(value)
    if isinstance(shown, dict):
        return str(shown), shown.get("cut", shown.get("kind"))
    return type(shown).__name__ if isinstance(shown, bool | str) else "number", shown


def _statistics(values: Sequence[Value]) -> Mapping[str, Any]:
    kinds = {type(value) for value in values}
    if not kinds:
        return {}
    if kinds <= {int, float, Decimal}:
        return _of_numbers([float(value) for value in values if math.isfinite(value)])
    if len(kinds) > 1 or kinds & {bool} or isinstance(cell(values[0]), dict):
        return {}
    return {"smallest": cell(min(values)), "largest": cell(max(values))}


def _of_numbers(numbers: Sequence[float]) -> Mapping[str, Any]:
    if not numbers:
        return {}
    average = math.fsum(numbers) / len(numbers)
    spread = math.fsum((number - average) ** 2 for number in numbers)
    smallest, largest = min(numbers), max(numbers)
    return {
        "smallest": smallest,
        "largest": largest,
        "average": average,
        "deviation": math.sqrt(spread / (len(numbers) - 1)) if len(numbers) > 1 else None,
        "bars": _bars(numbers, smallest, largest),
    }


def _bars(numbers: Sequence[float], smallest: float, largest: float) -> Sequence[int]:
    bars = [0] * _BARS
    width = (largest - smallest) / _BARS
    for number in numbers:
        bars[min(int((number - smallest) / width), _BARS - 1) if width else 0] += 1
    return bars
