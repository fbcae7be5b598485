"""Functions on a table's rows."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of, names_of, text_of, whole
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.tables import rows as operations
from headwater.powerquery.tables.columns import missing_column
from headwater.powerquery.tables.grouping import Aggregation, group_rows
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

enumeration("Order", {"Ascending": 0, "Descending": 1}, summary="The direction of a sort.")
enumeration("GroupKind", {"Local": 0, "Global": 1}, summary="Whether equal keys group only where they are adjacent.")


def _first(table: Table, count: Value) -> Table:
    if isinstance(count, Function):
        return operations.first_rows_while(table, count)
    return operations.slice_rows(table, 0, whole(count, "count"))


@function(
    "Table.FirstN(table as table, countOrCondition as any) as table",
    examples=[('Table.FirstN(#table({"A"}, {{1}, {2}}), 1)', '#table({"A"}, {{1}})')],
)
def first_n(table: Table, count: Value) -> Table:
    """The first rows: a number of them, or while a condition holds."""
    return _first(table, plain(count))


@function(
    "Table.Skip(table as table, optional countOrCondition as any) as table",
    examples=[('Table.Skip(#table({"A"}, {{1}, {2}}), 1)', '#table({"A"}, {{2}})')],
)
def skip(table: Table, count: Value = None) -> Table:
    """All rows but the first, or but a number of first ones."""
    count = plain(count)
    if isinstance(count, Function):
        leading = operations.first_rows_while(table, count).row_count()
        return operations.slice_rows(table, leading, None)
    return operations.slice_rows(table, 1 if count is None else whole(count, "count"), None)


@function(
    "Table.Range(table as table, offset as number, optional count as nullable number) as table",
    examples=[('Table.Range(#table({"A"}, {{1}, {2}, {3}}), 1, 1)', '#table({"A"}, {{2}})')],
)
def row_range(table: Table, offset: Value, count: Value = None) -> Table:
    """Rows from an offset, at most a number of them."""
    return operations.slice_rows(table, whole(offset, "offset"), None if count is None else whole(count, "count"))


@function(
    "Table.First(table as table, optional default as any) as any",
    examples=[('Table.First(#table({"A"}, {{1}}))', "[A = 1]")],
)
def first(table: Table, default: Value = None) -> Value:
    """The first row as a record, or the default of an empty table."""
    return next(operations.slice_rows(table, 0, 1).records(), default)


@function(
    "Table.SelectRows(table as table, condition as function) as table",
    examples=[('Table.SelectRows(#table({"A"}, {{1}, {5}}), each [A] > 2)', '#table({"A"}, {{5}})')],
)
def select_rows(table: Table, condition: Function) -> Table:
    """The rows for which the condition is true."""
    return operations.select_rows(table, condition)


def _criterion(value: Value) -> operations.Criterion:
    value = plain(value)
    if isinstance(value, List):
        key, *direction = list(value.plain())
        return operations.Criterion(_key(key), bool(direction) and direction[0] == 1)
    return operations.Criterion(_key(value))


def _key(value: Value) -> str | Function:
    return value if isinstance(value, str) else function_of(value)


def criteria_of(value: Value) -> list[operations.Criterion]:
    """Sort criteria: a name, a function, ``{name, order}``, or a list of these."""
    value = plain(value)
    if not isinstance(value, List):
        return [_criterion(value)]
    items = list(value.plain())
    single = len(items) == 2 and not isinstance(items[0], List) and not isinstance(items[1], str | List | Function)
    return [_criterion(value)] if single else [_criterion(item) for item in items]


@function(
    "Table.Sort(table as table, comparisonCriteria as any) as table",
    examples=[
        ('Table.Sort(#table({"A"}, {{1}, {3}, {2}}), {{"A", Order.Descending}})', '#table({"A"}, {{3}, {2}, {1}})'),
    ],
)
def sort(table: Table, criteria: Value) -> Table:
    """The rows sorted by columns or functions of the row; nulls first, ties as they were."""
    wanted = criteria_of(criteria)
    for criterion in wanted:
        if isinstance(criterion.key, str) and criterion.key not in table.index:
            raise missing_column(criterion.key)
    return operations.sort_rows(table, wanted)


@function(
    "Table.Distinct(table as table, optional equationCriteria as any) as table",
    examples=[('Table.Distinct(#table({"A"}, {{1}, {1}, {2}}))', '#table({"A"}, {{1}, {2}})')],
)
def distinct(table: Table, criteria: Value = None) -> Table:
    """The first row of each combination of the named columns, or of all."""
    names = [] if plain(criteria) is None else names_of(criteria)
    for name in names:
        if name not in table.index:
            raise missing_column(name)
    return operations.distinct_rows(table, names)


@function(
    "Table.ReverseRows(table as table) as table",
    examples=[('Table.ReverseRows(#table({"A"}, {{1}, {2}}))', '#table({"A"}, {{2}, {1}})')],
)
def reverse_rows(table: Table) -> Table:
    """The rows from last to first."""
    return RowTable(table.type, lambda: reversed(list(table.rows())))


@function(
    "Table.Group(table as table, key as any, aggregatedColumns as list, optional groupKind as nullable number,"
    " optional comparer as nullable function) as table",
    examples=[
        ('Table.Group(#table({"K", "V"}, {{"a", 1}, {"b", 2}, {"a", 3}}), "K", {"Sum", each List.Sum([V])})',
         '#table({"K", "Sum"}, {{"a", 4}, {"b", 2}})'),
    ],
)  # fmt: skip
def group(table: Table, key: Value, aggregated: List, kind: Value = None, comparer: Value = None) -> Table:
    """One row for each combination of the key columns, with aggregations: {name, function, optional type}."""
    if kind == 0 or comparer is not None:
        raise MError("Expression.Error", "Table.Group takes neither GroupKind.Local nor a comparer yet.")
    keys = names_of(key)
    for name in keys:
        if name not in table.index:
            raise missing_column(name)
    return group_rows(table, keys, _aggregations(aggregated))


def _aggregations(aggregated: List) -> list[Aggregation]:
    items = list(aggregated.plain())
    listed = [items] if items and isinstance(items[0], str) else [list(plain(i).plain()) for i in items]
    made = []
    for name, function_value, *of in listed:
        kind = plain(of[0]) if of else None
        made.append(Aggregation(text_of(name), function_of(function_value), kind if isinstance(kind, t.Type) else None))
    return made


@function(
    "Table.TransformRows(table as table, transform as function) as list",
    examples=[('Table.TransformRows(#table({"A"}, {{1}, {2}}), each [A] * 2)', "{2, 4}")],
)
def transform_rows(table: Table, transform: Function) -> List:
    """A function of each row, as a list."""
    return List(source=lambda: (transform.invoke([row]) for row in table.records()))


@function(
    "Table.MatchesAllRows(table as table, condition as function) as logical",
    examples=[('Table.MatchesAllRows(#table({"A"}, {{1}, {2}}), each [A] > 0)', "true")],
)
def matches_all_rows(table: Table, condition: Function) -> bool:
    """Whether the condition holds for every row."""
    return all(operations.holds(condition, row) for row in table.records())


@function(
    "Table.MatchesAnyRows(table as table, condition as function) as logical",
    examples=[('Table.MatchesAnyRows(#table({"A"}, {{1}, {2}}), each [A] > 1)', "true")],
)
def matches_any_rows(table: Table, condition: Function) -> bool:
    """Whether the condition holds for some row."""
    return any(operations.holds(condition, row) for row in table.records())
