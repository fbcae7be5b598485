"""Nulls filled from other rows, values and errors replaced."""

from __future__ import annotations

from headwater.powerquery.library.arguments import names_of, pairs_of, text_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.grouping import existing
from headwater.powerquery.library.table.leaving import left
from headwater.powerquery.tables import filling, replacing
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.values.core import List, Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


@function(
    "Table.FillDown(table as table, columns as list) as table",
    examples=[('Table.FillDown(#table({"A"}, {{1}, {null}, {2}}), {"A"})', '#table({"A"}, {{1}, {1}, {2}})')],
)
def fill_down(table: Table, columns: List) -> Table:
    """Nulls in the columns replaced by the value above them."""
    return filling.fill_down(table, existing(table, names_of(columns)))


@function(
    "Table.FillUp(table as table, columns as list) as table",
    examples=[('Table.FillUp(#table({"A"}, {{null}, {2}, {null}}), {"A"})', '#table({"A"}, {{2}, {2}, {null}})')],
)
def fill_up(table: Table, columns: List) -> Table:
    """Nulls in the columns replaced by the value below them."""
    return filling.fill_up(table, existing(table, names_of(columns)))


@function(
    "Table.ClearDown(table as table, columns as list) as table",
    examples=[('Table.ClearDown(#table({"A"}, {{1}, {1}, {2}}), {"A"})', '#table({"A"}, {{1}, {null}, {2}})')],
)
def clear_down(table: Table, columns: List) -> Table:
    """Null in the columns of each row where all of them are as in the row above: filling down turned round."""
    return left("Table.ClearDown", table, filling.clear_down(table, existing(table, names_of(columns))))


@function(
    "Table.ReplaceValue(table as table, oldValue as any, newValue as any, replacer as function, columnsToSearch as"
    " list) as table",
    examples=[
        ('Table.ReplaceValue(#table({"A"}, {{1}, {2}}), 1, 9, Replacer.ReplaceValue, {"A"})',
         '#table({"A"}, {{9}, {2}})'),
        ('Table.ReplaceValue(#table({"A"}, {{"cat"}}), "a", "u", Replacer.ReplaceText, {"A"})',
         '#table({"A"}, {{"cut"}})'),
        ('Table.ReplaceValue(#table({"A", "B"}, {{1, 5}}), each [A], each [B], Replacer.ReplaceValue, {"A"})',
         '#table({"A", "B"}, {{5, 5}})'),
    ],
)  # fmt: skip
def replace_value(table: Table, old: Value, new: Value, replacer: Function, columns: List) -> Table:
    """Cells of the columns after a replacer of the cell, what to replace, and what to put in its place.

    The latter two may be functions of the row.
    """
    return replacing.replace_value(table, old, new, replacer, existing(table, names_of(columns)))


@function(
    "Table.ReplaceErrorValues(table as table, errorReplacement as list) as table",
    examples=[
        ('Table.ReplaceErrorValues(#table({"A"}, {{1}, {error "x"}}), {"A", 0})', '#table({"A"}, {{1}, {0}})'),
    ],
)
def replace_error_values(table: Table, replacements: List) -> Table:
    """Errors in columns replaced by values: {name, value}, or a list of these, one for a column at most."""
    pairs = [(text_of(name), value) for name, value in pairs_of(replacements)]
    existing(table, unique_or_error([name for name, _ in pairs]))
    return replacing.replace_errors(table, dict(pairs))


def _looked_at(table: Table, columns: List | None) -> list[str]:
    return list(table.names) if columns is None else existing(table, names_of(columns))


@function(
    "Table.RemoveRowsWithErrors(table as table, optional columns as nullable list) as table",
    examples=[('Table.RemoveRowsWithErrors(#table({"A"}, {{1}, {error "x"}}))', '#table({"A"}, {{1}})')],
)
def remove_rows_with_errors(table: Table, columns: List | None = None) -> Table:
    """The rows without an error in any column, or in any of the named ones."""
    return replacing.rows_by_errors(table, _looked_at(table, columns), "good")


@function(
    "Table.SelectRowsWithErrors(table as table, optional columns as nullable list) as table",
    examples=[('Table.SelectRowsWithErrors(#table({"A", "B"}, {{1, 2}, {error "x", 3}}))[B]', "{3}")],
)
def select_rows_with_errors(table: Table, columns: List | None = None) -> Table:
    """The rows with an error in some column, or in one of the named ones."""
    return replacing.rows_by_errors(table, _looked_at(table, columns), "bad")
