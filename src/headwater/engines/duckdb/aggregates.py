"""Aggregate functions in DuckDB's SQL: one declaration each. What is not declared here does not fold."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.duckdb.sql import Sql, call, case, cast, is_null
from headwater.errors import NotFoldableError

_AGGREGATES: dict[str, Callable[[Sql], Sql]] = {
    "List.Sum": lambda value: call("sum", cast(value, "DOUBLE")),
    "List.Average": lambda value: call("avg", cast(value, "DOUBLE")),
    "List.Min": lambda value: call("min", value),
    "List.Max": lambda value: call("max", value),
    "List.NonNullCount": lambda value: call("count", value),
    "Table.RowCount": lambda _value: call("count", exp.Star()),
}

FOLDED_AGGREGATES = frozenset(_AGGREGATES)


def aggregate(function: str, value: Sql | None) -> Sql:
    """The aggregate of a value; None for Table.RowCount.

    Raises:
        NotFoldableError: it is not declared here.
    """
    declared = _AGGREGATES.get(function)
    if declared is None:
        raise NotFoldableError(f"The engine 'duckdb' does not fold '{function}'.")
    return declared(exp.null() if value is None else value)


def first_error(error: Sql, rank: Sql | None) -> Sql:
    """A group's error: that of its first row that has one, or where order does not matter the least text."""
    return call("min", error) if rank is None else call("arg_min", error, rank)


def unless_failed(value: Sql, error: Sql) -> Sql:
    """The aggregate where no cell of the group was an error."""
    return case((is_null(error), value))
