"""Aggregate functions in DuckDB's SQL: one declaration each. What is not declared here does not fold."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.duckdb.sql import cast
from headwater.engines.sql import Sql, binary, call, case, is_null, negate, whole
from headwater.errors import NotFoldableError


def _numbers(value: Sql) -> Sql:
    """The group's numbers that are not null, as a list."""
    present = exp.Where(this=negate(is_null(value)))
    return exp.Filter(this=call("list", cast(value, "DOUBLE")), expression=present)


def _median(value: Sql) -> Sql:
    # DuckDB's own goes half the way from the one in the middle to the other, which rounds otherwise than their mean.
    listed = call("list_sort", _numbers(value))
    count = call("len", listed)
    low = call("list_extract", listed, binary(exp.IntDiv, binary(exp.Add, count, whole(1)), whole(2)))
    high = call("list_extract", listed, binary(exp.Add, binary(exp.IntDiv, count, whole(2)), whole(1)))
    mean = binary(exp.Div, binary(exp.Add, low, high), cast(whole(2), "DOUBLE"))
    return case((binary(exp.EQ, binary(exp.Mod, count, whole(2)), whole(1)), low), otherwise=mean)


def _distinct(value: Sql) -> Sql:
    """Values that differ, null among them, which SQL leaves out."""
    counted = call("count", exp.Distinct(expressions=[value]))
    has_null = case((binary(exp.GT, call("count", exp.Star()), call("count", value)), whole(1)), otherwise=whole(0))
    return binary(exp.Add, counted, has_null)


_AGGREGATES: dict[str, Callable[[Sql], Sql]] = {
    "List.Sum": lambda value: call("sum", cast(value, "DOUBLE")),
    "List.Average": lambda value: call("avg", cast(value, "DOUBLE")),
    "List.Min": lambda value: call("min", value),
    "List.Max": lambda value: call("max", value),
    "List.Median": _median,
    "List.Product": lambda value: call("product", cast(value, "DOUBLE")),
    "List.NonNullCount": lambda value: call("count", value),
    "List.CountDistinct": _distinct,
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
