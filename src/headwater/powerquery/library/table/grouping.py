"""Rows that are alike: groups of them, and the first of each kind."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of, names_of, pairs_of, text_of
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.table.leaving import left
from headwater.powerquery.library.table.matching import parts_of
from headwater.powerquery.tables.columns import missing_column
from headwater.powerquery.tables.distinct import distinct_by, distinct_rows
from headwater.powerquery.tables.grouping import Aggregation, group_by, group_rows
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

enumeration("GroupKind", {"Local": 0, "Global": 1}, summary="Whether equal keys group only where they are adjacent.")


def existing(table: Table, names: list[str]) -> list[str]:
    """The names; MError Expression.Error where the table has no such column."""
    for name in names:
        if name not in table.index:
            raise missing_column(name)
    return names


def _is_names(criteria: Value) -> bool:
    """Whether criteria are nothing but columns' names."""
    return isinstance(criteria, str) or (
        isinstance(criteria, List) and all(isinstance(item, str) for item in criteria.plain())
    )


@function(
    "Table.Distinct(table as table, optional equationCriteria as any) as table",
    examples=[
        ('Table.Distinct(#table({"A"}, {{1}, {1}, {2}}))', '#table({"A"}, {{1}, {2}})'),
        ('Table.Distinct(#table({"A"}, {{"x"}, {"X"}}), {"A", Comparer.OrdinalIgnoreCase})', '#table({"A"}, {{"x"}})'),
    ],
)
def distinct(table: Table, criteria: Value = None) -> Table:
    """The first row of each combination of all columns, of the named ones, or of what the criteria look at."""
    criteria = plain(criteria)
    if criteria is None:
        return distinct_rows(table, [])
    if _is_names(criteria):
        return distinct_rows(table, existing(table, names_of(criteria)))
    return left("Table.Distinct", table, distinct_by(table, parts_of(criteria, table, table.names)))


@function(
    "Table.IsDistinct(table as table, optional comparisonCriteria as any) as logical",
    examples=[
        ('Table.IsDistinct(#table({"A", "B"}, {{1, 1}, {1, 2}}))', "true"),
        ('Table.IsDistinct(#table({"A", "B"}, {{1, 1}, {1, 2}}), "A")', "false"),
    ],
)
def is_distinct(table: Table, criteria: Value = None) -> bool:
    """Whether no two rows are alike, in all columns or by the criteria."""
    first_ones: Table = distinct(table, criteria)
    return first_ones.row_count() == table.row_count()


@function(
    "Table.Group(table as table, key as any, aggregatedColumns as list, optional groupKind as nullable number,"
    " optional comparer as nullable function) as table",
    examples=[
        ('Table.Group(#table({"K", "V"}, {{"a", 1}, {"b", 2}, {"a", 3}}), "K", {"Sum", each List.Sum([V])})',
         '#table({"K", "Sum"}, {{"a", 4}, {"b", 2}})'),
        ('Table.Group(#table({"K"}, {{"a"}, {"b"}, {"a"}}), "K", {"N", Table.RowCount}, GroupKind.Local)',
         '#table({"K", "N"}, {{"a", 1}, {"b", 1}, {"a", 1}})'),
    ],
)  # fmt: skip
def group(table: Table, key: Value, aggregated: List, kind: Value = None, comparer: Function | None = None) -> Table:
    """One row for each combination of the key columns, with aggregations: {name, function, optional type}.

    With GroupKind.Local a group is rows that follow one another. A comparer says which keys are equal: it gets the key
    of the group's first row and that of the row, as values where the key is one name, as records where it is a list.
    """
    if kind not in (None, 0, 1):
        raise MError("Expression.Error", "The value is no GroupKind.Type.", kind)
    keys = existing(table, names_of(key))
    aggregations = aggregations_of(aggregated)
    if kind != 0 and comparer is None:
        return group_rows(table, keys, aggregations)
    single = isinstance(plain(key), str)
    made = group_by(table, keys, aggregations, comparer, adjacent=kind == 0, single=single)
    return left("Table.Group", table, made)


def aggregations_of(aggregated: List) -> list[Aggregation]:
    """The aggregations of ``{{name, function, optional type}, …}``, or of one such list by itself.

    Raises:
        MError: Expression.Error, something else is given.
    """
    return [_aggregation(*parts) for parts in pairs_of(aggregated, most=3)]


def _aggregation(name: Value, function: Value, of: Value = None) -> Aggregation:
    if of is not None and not isinstance(of, t.Type):
        raise cannot_convert(of, "Type")
    return Aggregation(text_of(name), function_of(function), of)
