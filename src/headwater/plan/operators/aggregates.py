"""Functions of many rows: nulls are ignored but for the counts of rows, nothing left gives null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headwater.plan.operators.rules import ONE_WORTH, Result, Rule, numbers, numeric
from headwater.plan.types import DOUBLE, INT64, DataType, Kind


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function: nulls are ignored but for Table.RowCount, nothing left gives null (RowCount 0)."""

    name: str
    summary: str
    result: Rule


def _min_max(types: tuple[DataType, ...], _option: Any) -> Result:
    ordered = len(types) == 1 and types[0].kind not in ONE_WORTH
    return (types[0].as_nullable(), False) if ordered else None


def _count(types: tuple[DataType, ...], _option: Any) -> Result:
    return INT64, False


def _distinct(types: tuple[DataType, ...], _option: Any) -> Result:
    # To M each NaN is another value, to SQL all of them are one.
    told_apart = len(types) == 1 and types[0].kind not in ONE_WORTH | {Kind.DATETIMEZONE, Kind.DOUBLE}
    return (INT64, False) if told_apart else None


AGGREGATES = (
    Aggregate("List.Sum", "double sum", numeric(1, DOUBLE)),
    Aggregate("List.Average", "double mean", numeric(1, DOUBLE)),
    Aggregate("List.Min", "least value", _min_max),
    Aggregate("List.Max", "greatest value", _min_max),
    Aggregate("List.Median", "middle number, the mean of two", numbers(1)),
    Aggregate("List.Product", "double product", numbers(1)),
    Aggregate("List.NonNullCount", "values that are not null", _count),
    Aggregate("List.CountDistinct", "values that differ, null among them", _distinct),
    Aggregate("Table.RowCount", "rows of the group; takes no argument", _count),
)
