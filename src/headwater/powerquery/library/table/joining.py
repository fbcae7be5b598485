"""Joins of tables."""

from __future__ import annotations

from headwater.errors import MError
from headwater.plan.nodes import JoinKind
from headwater.powerquery.library.arguments import function_of, names_of, table_of
from headwater.powerquery.library.collation import ordinal_key, text_key
from headwater.powerquery.library.criteria import Equation, equation_of
from headwater.powerquery.library.declarations import Declaration, enumeration, function
from headwater.powerquery.library.table.leaving import left as left_engine
from headwater.powerquery.tables.joining import KINDS, join_tables
from headwater.powerquery.tables.matching_rows import Sides
from headwater.powerquery.tables.nested_joining import NestedJoin
from headwater.powerquery.tables.nested_joining import expand_table_column as expanded
from headwater.powerquery.tables.row_table import RowTable
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


enumeration(
    "JoinAlgorithm",
    {
        "Dynamic": 0, "PairwiseHash": 1, "SortMerge": 2, "LeftHash": 3, "RightHash": 4, "LeftIndex": 5,
        "RightIndex": 6,
    },
    summary="How a join is to be made. The engine chooses by itself; the result is the same.",
)  # fmt: skip
enumeration("JoinSide", {"Left": 0, "Right": 1}, summary="A side of a join.")

_ALGORITHMS = range(7)


def _kind(value: Value, default: JoinKind) -> JoinKind:
    if value is None:
        return default
    if value not in range(len(KINDS)):
        raise MError("Expression.Error", "The value is no JoinKind.Type.", value)
    return KINDS[int(value)]


def _keys(left: Value, right: Value) -> tuple[list[str], list[str]]:
    pair = names_of(left), names_of(right)
    if len(pair[0]) != len(pair[1]):
        raise MError("Expression.Error", "The two tables have different numbers of key columns.")
    return pair


def _equations(comparers: List | None, count: int) -> list[Equation | None]:
    """One equation for each key; none at all where every key is compared as values are."""
    if comparers is None:
        return []
    items = list(comparers.plain())
    if len(items) != count:
        raise MError("Expression.Error", f"{len(items)} comparers are given for {count} keys.")
    found = [_equation(item) for item in items]
    return found if any(found) else []


def _equation(comparer: Value) -> Equation | None:
    if comparer is None:
        return None
    asked = function_of(comparer)
    usual = isinstance(asked.origin, Declaration) and asked.name == "Value.Equals"
    return None if usual or text_key(asked) is ordinal_key else equation_of(asked)


@function(
    "Table.Join(table1 as table, key1 as any, table2 as table, key2 as any, optional joinKind as nullable number,"
    " optional joinAlgorithm as nullable number, optional keyEqualityComparers as nullable list) as table",
    examples=[
        ('Table.Join(#table({"A"}, {{1}, {2}}), "A", #table({"B", "C"}, {{2, "x"}}), "B")',
         '#table({"A", "B", "C"}, {{2, 2, "x"}})'),
    ],
)  # fmt: skip
def join(
    left: Table, key1: Value, right: Table, key2: Value, kind: Value = None, algorithm: Value = None,
    comparers: List | None = None,
) -> Table:  # fmt: skip
    """One row a pair of rows with equal keys, and by JoinKind rows without a match.

    Two keys of one name become one column; no other names may be in both tables. A comparer for each key may say which
    are equal. How it is done is up to the engine, whatever the JoinAlgorithm.
    """
    if algorithm is not None and algorithm not in _ALGORITHMS:
        raise MError("Expression.Error", "The value is no JoinAlgorithm.Type.", algorithm)
    left_keys, right_keys = _keys(key1, key2)
    equations = _equations(comparers, len(left_keys))
    return join_tables(Sides(left, left_keys, right, right_keys, _kind(kind, "inner"), equations))


@function(
    "Table.NestedJoin(table1 as table, key1 as any, table2 as any, key2 as any, newColumnName as text, optional"
    " joinKind as nullable number, optional keyEqualityComparers as nullable list) as table",
    examples=[
        ('Table.ExpandTableColumn(Table.NestedJoin(#table({"A"}, {{1}, {2}}), "A", #table({"B", "C"}, {{2, "x"}}),'
         ' "B", "J"), "J", {"C"})', '#table({"A", "C"}, {{1, null}, {2, "x"}})'),
    ],
)  # fmt: skip
def nested_join(
    left: Table, key1: Value, right: Value, key2: Value, column: str, kind: Value = None, comparers: List | None = None
) -> Table:
    """The first table with a column of tables: the rows of the second with equal keys.

    A comparer for each key may say which are equal.
    """
    left_keys, right_keys = _keys(key1, key2)
    equations = _equations(comparers, len(left_keys))
    return NestedJoin(Sides(left, left_keys, _second(right), right_keys, _kind(kind, "left"), equations), column)


def _second(value: Value) -> Table:
    """The second table, or what a function makes it from."""
    value = plain(value)
    return table_of(value.invoke([])) if isinstance(value, Function) else table_of(value)


@function(
    "Table.AddJoinColumn(table1 as table, key1 as any, table2 as any, key2 as any, newColumnName as text) as table",
    examples=[
        ('Table.AddJoinColumn(#table({"A"}, {{1}}), "A", #table({"B"}, {{1}, {2}}), "B", "J"){0}[J]',
         '#table({"B"}, {{1}})'),
    ],
)  # fmt: skip
def add_join_column(left: Table, key1: Value, right: Value, key2: Value, column: str) -> Table:
    """The first table with a column of tables: the rows of the second with equal keys, none where there are none."""
    left_keys, right_keys = _keys(key1, key2)
    return NestedJoin(Sides(left, left_keys, _second(right), right_keys, "left"), column)


@function(
    "Table.ExpandTableColumn(table as table, column as text, columnNames as list, optional newColumnNames as nullable"
    " list) as table",
    examples=[
        ('Table.ExpandTableColumn(#table({"T"}, {{#table({"a"}, {{1}, {2}})}}), "T", {"a"}, {"x"})',
         '#table({"x"}, {{1}, {2}})'),
    ],
)  # fmt: skip
def expand_table_column(table: Table, column: str, names: List, new_names: List | None = None) -> Table:
    """A column of tables, or of records, replaced by columns of their cells, a row for each of their rows.

    A table without rows, or null, makes one row of nulls; so does a column that a nested table does not have.
    """
    chosen = None if new_names is None else names_of(new_names)
    made = expanded(table, column, names_of(names), chosen)
    on_rows = isinstance(made, RowTable) and made.outside is None
    return left_engine("Table.ExpandTableColumn", table, made) if on_rows else made
