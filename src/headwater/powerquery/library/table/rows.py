"""Functions on a table's rows."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.evaluator.loops import holds
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.leaving import left
from headwater.powerquery.tables import rows as operations
from headwater.powerquery.tables import slicing
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


def _all_but_first(table: Table, count: Value) -> Table:
    count = plain(count)
    if isinstance(count, Function):
        return left("Table.Skip", table, operations.rows_after(table, count))
    return operations.slice_rows(table, 1 if count is None else whole(count, "countOrCondition"), None)


@function(
    "Table.FirstN(table as table, countOrCondition as any) as table",
    examples=[
        ('Table.FirstN(#table({"A"}, {{1}, {2}}), 1)', '#table({"A"}, {{1}})'),
        ('Table.FirstN(#table({"A"}, {{1}, {5}, {2}}), each [A] < 3)', '#table({"A"}, {{1}})'),
    ],
)
def first_n(table: Table, count: Value) -> Table:
    """The first rows: a number of them, or while a condition holds."""
    count = plain(count)
    if isinstance(count, Function):
        return left("Table.FirstN", table, operations.first_rows_while(table, count))
    return operations.slice_rows(table, 0, whole(count, "countOrCondition"))


@function(
    "Table.Skip(table as table, optional countOrCondition as any) as table",
    examples=[
        ('Table.Skip(#table({"A"}, {{1}, {2}}), 1)', '#table({"A"}, {{2}})'),
        ('Table.Skip(#table({"A"}, {{1}, {5}, {2}}), each [A] < 3)', '#table({"A"}, {{5}, {2}})'),
    ],
)
def skip(table: Table, count: Value = None) -> Table:
    """All rows but the first, but a number of first ones, or but those at the beginning for which a condition holds."""
    return _all_but_first(table, count)


@function(
    "Table.RemoveFirstN(table as table, optional countOrCondition as any) as table",
    examples=[('Table.RemoveFirstN(#table({"A"}, {{1}, {2}, {3}}), 2)', '#table({"A"}, {{3}})')],
)
def remove_first_n(table: Table, count: Value = None) -> Table:
    """All rows but the first, but a number of first ones, or but those at the beginning for which a condition holds."""
    return _all_but_first(table, count)


@function(
    "Table.LastN(table as table, countOrCondition as any) as table",
    examples=[
        ('Table.LastN(#table({"A"}, {{1}, {2}, {3}}), 2)', '#table({"A"}, {{2}, {3}})'),
        ('Table.LastN(#table({"A"}, {{5}, {1}, {6}}), each [A] > 4)', '#table({"A"}, {{6}})'),
    ],
)
def last_n(table: Table, count: Value) -> Table:
    """The last rows, in their order: a number of them, or those at the end for which a condition holds."""
    count = plain(count)
    if isinstance(count, Function):
        return slicing.last_rows(table, slicing.trailing_rows(table, count))
    return slicing.last_rows(table, whole(count, "countOrCondition"))


@function(
    "Table.RemoveLastN(table as table, optional countOrCondition as any) as table",
    examples=[
        ('Table.RemoveLastN(#table({"A"}, {{1}, {2}}))', '#table({"A"}, {{1}})'),
        ('Table.RemoveLastN(#table({"A"}, {{5}, {1}, {6}}), each [A] > 4)', '#table({"A"}, {{5}, {1}})'),
    ],
)
def remove_last_n(table: Table, count: Value = None) -> Table:
    """All rows but the last, but a number of last ones, or but those at the end for which a condition holds."""
    count = plain(count)
    if isinstance(count, Function):
        return slicing.without_last_rows(table, slicing.trailing_rows(table, count))
    return slicing.without_last_rows(table, 1 if count is None else whole(count, "countOrCondition"))


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
    "Table.Last(table as table, optional default as any) as any",
    examples=[('Table.Last(#table({"A"}, {{1}, {2}}))', "[A = 2]")],
)
def last(table: Table, default: Value = None) -> Value:
    """The last row as a record, or the default of an empty table."""
    return next(slicing.last_rows(table, 1).records(), default)


@function(
    "Table.SingleRow(table as table) as record",
    examples=[('Table.SingleRow(#table({"A"}, {{1}}))', "[A = 1]")],
)
def single_row(table: Table) -> Record:
    """The only row as a record; an error where there is none, or more than one."""
    found = list(operations.slice_rows(table, 0, 2).records())
    if len(found) != 1:
        how = "weren't enough" if not found else "were too many"
        raise MError("Expression.Error", f"There {how} elements in the enumeration to complete the operation.", table)
    return found[0]


@function(
    "Table.FirstValue(table as table, optional default as any) as any",
    examples=[('Table.FirstValue(#table({"A", "B"}, {{1, 2}}))', "1"), ('Table.FirstValue(#table({"A"}, {}), 0)', "0")],
)
def first_value(table: Table, default: Value = None) -> Value:
    """The first cell of the first row, or the default of a table without rows or columns."""
    row = next(operations.slice_rows(table, 0, 1).rows(), None)
    return force(row[0]) if row else default


@function(
    "Table.AlternateRows(table as table, offset as number, skip as number, take as number) as table",
    examples=[
        ('Table.AlternateRows(#table({"A"}, {{1}, {2}, {3}, {4}, {5}}), 1, 1, 2)', '#table({"A"}, {{1}, {3}, {4}})'),
    ],
)
def alternate_rows(table: Table, offset: Value, skipped: Value, taken: Value) -> Table:
    """The first rows up to an offset, then by turns a number of rows left out and a number kept."""
    left_out, kept = whole(skipped, "skip"), whole(taken, "take")
    if left_out + kept == 0:
        raise MError("Expression.Error", "The 'skip' and 'take' arguments cannot both be 0.")
    return slicing.alternate_rows(table, whole(offset, "offset"), left_out, kept)


@function(
    "Table.Repeat(table as table, count as number) as table",
    examples=[('Table.Repeat(#table({"A"}, {{1}, {2}}), 2)', '#table({"A"}, {{1}, {2}, {1}, {2}})')],
)
def repeat(table: Table, count: Value) -> Table:
    """All rows, as many times."""
    return slicing.repeat_rows(table, whole(count, "count"))


@function(
    "Table.SelectRows(table as table, condition as function) as table",
    examples=[('Table.SelectRows(#table({"A"}, {{1}, {5}}), each [A] > 2)', '#table({"A"}, {{5}})')],
)
def select_rows(table: Table, condition: Function) -> Table:
    """The rows for which the condition is true."""
    return operations.select_rows(table, condition)


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
    return all(holds(condition, row) for row in table.records())


@function(
    "Table.MatchesAnyRows(table as table, condition as function) as logical",
    examples=[('Table.MatchesAnyRows(#table({"A"}, {{1}, {2}}), each [A] > 1)', "true")],
)
def matches_any_rows(table: Table, condition: Function) -> bool:
    """Whether the condition holds for some row."""
    return any(holds(condition, row) for row in table.records())
