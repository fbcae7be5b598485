"""Joins of tables."""

from __future__ import annotations

from headwater.errors import MError
from headwater.plan.nodes import JoinKind
from headwater.powerquery.library.arguments import names_of, table_of
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.tables import joining as operations
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

enumeration(
    "JoinKind",
    {
        "Inner": 0, "LeftOuter": 1, "RightOuter": 2, "FullOuter": 3, "LeftAnti": 4, "RightAnti": 5, "LeftSemi": 6,
        "RightSemi": 7,
    },
    summary="Which rows a join keeps.",
)  # fmt: skip


def _kind(value: Value, default: JoinKind) -> JoinKind:
    if value is None:
        return default
    if value not in range(len(operations.KINDS)):
        raise MError("Expression.Error", "The value is no JoinKind.Type.", value)
    return operations.KINDS[int(value)]


def _keys(left: Value, right: Value) -> tuple[list[str], list[str]]:
    pair = names_of(left), names_of(right)
    if len(pair[0]) != len(pair[1]):
        raise MError("Expression.Error", "The two tables have different numbers of key columns.")
    return pair


@function(
    "Table.Join(table1 as table, key1 as any, table2 as table, key2 as any, optional joinKind as nullable number,"
    " optional joinAlgorithm as nullable number, optional keyEqualityComparers as nullable list) as table",
    examples=[
        ('Table.Join(#table({"A"}, {{1}, {2}}), "A", #table({"B", "C"}, {{2, "x"}}), "B")',
         '#table({"A", "B", "C"}, {{2, 2, "x"}})'),
    ],
)  # fmt: skip
def join(
    left: Table, key1: Value, right: Table, key2: Value, kind: Value = None, _algorithm: Value = None,
    _comparers: Value = None,
) -> Table:  # fmt: skip
    """One row a pair of rows with equal keys."""
    left_keys, right_keys = _keys(key1, key2)
    return operations.join_tables(left, left_keys, right, right_keys, _kind(kind, "inner"))


@function(
    "Table.NestedJoin(table1 as table, key1 as any, table2 as any, key2 as any, newColumnName as text, optional"
    " joinKind as nullable number, optional keyEqualityComparers as nullable list) as table",
    examples=[
        ('Table.ExpandTableColumn(Table.NestedJoin(#table({"A"}, {{1}, {2}}), "A", #table({"B", "C"}, {{2, "x"}}),'
         ' "B", "J"), "J", {"C"})', '#table({"A", "C"}, {{1, null}, {2, "x"}})'),
    ],
)  # fmt: skip
def nested_join(
    left: Table, key1: Value, right: Value, key2: Value, column: str, kind: Value = None, _comparers: Value = None
) -> Table:
    """The first table with a column of tables: the rows of the second with equal keys."""
    right = plain(right)
    second = table_of(right.invoke([])) if isinstance(right, Function) else table_of(right)
    left_keys, right_keys = _keys(key1, key2)
    return operations.NestedJoin(left, left_keys, second, right_keys, column, _kind(kind, "left"))


@function(
    "Table.ExpandTableColumn(table as table, column as text, columnNames as list, optional newColumnNames as nullable"
    " list) as table",
    examples=[
        ('Table.ExpandTableColumn(#table({"T"}, {{#table({"a"}, {{1}, {2}})}}), "T", {"a"}, {"x"})',
         '#table({"x"}, {{1}, {2}})'),
    ],
)  # fmt: skip
def expand_table_column(table: Table, column: str, names: List, new_names: List | None = None) -> Table:
    """A column of tables replaced by columns of their cells, a row for each of their rows."""
    chosen = None if new_names is None else names_of(new_names)
    return operations.expand_table_column(table, column, names_of(names), chosen)
