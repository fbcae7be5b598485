"""Columns into rows, rows into columns, lists and tables in cells into rows."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of, names_of, text_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.grouping import existing
from headwater.powerquery.library.table.leaving import left
from headwater.powerquery.tables import expanding, pivoting
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


@function(
    "Table.Unpivot(table as table, pivotColumns as list, attributeColumn as text, valueColumn as text) as table",
    examples=[
        ('Table.Unpivot(#table({"K", "x", "y"}, {{1, 5, null}, {2, 6, 7}}), {"x", "y"}, "A", "V")',
         '#table({"K", "A", "V"}, {{1, "x", 5}, {2, "x", 6}, {2, "y", 7}})'),
    ],
)  # fmt: skip
def unpivot(table: Table, columns: List, attribute: str, value: str) -> Table:
    """A row for each cell of the columns: the column's name in one new column, the cell in another; nulls are left
    out.
    """
    return pivoting.unpivot(table, unique_or_error(existing(table, names_of(columns))), attribute, value)


@function(
    "Table.UnpivotOtherColumns(table as table, pivotColumns as list, attributeColumn as text, valueColumn as text) as"
    " table",
    examples=[
        ('Table.UnpivotOtherColumns(#table({"K", "x", "y"}, {{1, 5, 6}}), {"K"}, "A", "V")',
         '#table({"K", "A", "V"}, {{1, "x", 5}, {1, "y", 6}})'),
    ],
)  # fmt: skip
def unpivot_other_columns(table: Table, columns: List, attribute: str, value: str) -> Table:
    """A row for each cell of all columns but the named ones, as Table.Unpivot makes them."""
    kept = set(existing(table, names_of(columns)))
    return pivoting.unpivot(table, [name for name in table.names if name not in kept], attribute, value)


@function(
    "Table.Pivot(table as table, pivotValues as list, attributeColumn as text, valueColumn as text, optional"
    " aggregationFunction as nullable function) as table",
    examples=[
        ('Table.Pivot(#table({"K", "A", "V"}, {{1, "x", 5}, {1, "y", 6}, {2, "x", 7}}), {"x", "y"}, "A", "V")',
         '#table({"K", "x", "y"}, {{1, 5, 6}, {2, 7, null}})'),
        ('Table.Pivot(#table({"A", "V"}, {{"x", 5}, {"x", 6}}), {"x"}, "A", "V", List.Sum)',
         '#table({"x"}, {{11}})'),
    ],
)  # fmt: skip
def pivot(table: Table, wanted: List, attribute: str, value: str, function_value: Function | None = None) -> Table:
    """A column for each of the pivot values, which are texts of the attribute column, with the cells of the value
    column that stand beside them; one row for each combination of all other columns.

    Where several cells meet, the aggregation function gets the list of them; without it they are an error.
    """
    existing(table, [attribute, value])
    if attribute == value:
        raise MError("Expression.Error", "The attribute and the value are the same column.", attribute)
    return pivoting.pivot(table, names_of(wanted), attribute, value, function_value)


@function(
    "Table.ExpandListColumn(table as table, column as text) as table",
    examples=[
        ('Table.ExpandListColumn(#table({"A", "L"}, {{1, {5, 6}}, {2, {}}}), "L")',
         '#table({"A", "L"}, {{1, 5}, {1, 6}, {2, null}})'),
    ],
)  # fmt: skip
def expand_list_column(table: Table, column: str) -> Table:
    """A row for each item of the lists in a column; an empty list and a null make one row with null.

    A table counts as the list of its rows.
    """
    existing(table, [column])
    return expanding.expand_list_column(table, column)


@function(
    "Table.AggregateTableColumn(table as table, column as text, aggregations as list) as table",
    examples=[
        ('Table.AggregateTableColumn(#table({"T"}, {{#table({"a"}, {{1}, {2}})}}), "T", {{"a", List.Sum, "total"}})',
         '#table({"total"}, {{3}})'),
    ],
)  # fmt: skip
def aggregate_table_column(table: Table, column: str, aggregations: List) -> Table:
    """A column of tables replaced by totals of them: {nested column, function of its cells, new name}."""
    existing(table, [column])
    made = expanding.aggregate_table_column(table, column, [_total(item) for item in aggregations])
    return left("Table.AggregateTableColumn", table, made)


def _total(value: Value) -> expanding.Total:
    parts = list(plain(value).plain()) if isinstance(plain(value), List) else []
    if len(parts) != 3:
        raise MError("Expression.Error", "An aggregation is a nested column, a function of its cells, and a new name.")
    return expanding.Total(text_of(parts[0]), function_of(parts[1]), text_of(parts[2]))
