"""Aggregate functions in PostgreSQL's SQL: one declaration each. What is not declared here does not fold."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.postgresql.sql import double, ordinal
from headwater.engines.sql import Sql, binary, call, whole
from headwater.errors import NotFoldableError
from headwater.plan.types import DataType, Kind


def _extreme(function: str, logical: str) -> Callable[[Sql, DataType], Sql]:
    def build(value: Sql, of: DataType) -> Sql:
        match of.kind:
            case Kind.LOGICAL:
                return call(logical, value)
            case Kind.TEXT:
                return call(function, ordinal(value))
            case _:
                return call(function, value)

    return build


def _average(value: Sql, _of: DataType) -> Sql:
    # avg also sums squares, and fails where those leave the range of doubles.
    return binary(exp.Div, call("sum", double(value)), call("nullif", call("count", value.copy()), whole(0)))


_AGGREGATES: dict[str, Callable[[Sql, DataType], Sql]] = {
    "List.Sum": lambda value, _of: call("sum", double(value)),
    "List.Average": _average,
    "List.Min": _extreme("min", "bool_and"),
    "List.Max": _extreme("max", "bool_or"),
    "List.NonNullCount": lambda value, _of: call("count", value),
}

COUNT = "Table.RowCount"

FOLDED_AGGREGATES = frozenset({*_AGGREGATES, COUNT})

OVERFLOWING = frozenset({"List.Sum", "List.Average"})
"""Those that end in an error of PostgreSQL where M's doubles become infinite."""


def aggregate(function: str, value: Sql | None, of: DataType | None) -> Sql:
    """The aggregate of a value; None for Table.RowCount.

    Raises:
        NotFoldableError: it is not declared here.
    """
    if function == COUNT:
        return call("count", exp.Star())
    declared = _AGGREGATES.get(function)
    if declared is None or value is None or of is None:
        raise NotFoldableError(f"PostgreSQL does not fold '{function}'.")
    return declared(value, of)
