"""What a table is: its size and shape."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.type.schema import schema_of
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.values.table import Table


@function(
    "Table.RowCount(table as table) as number",
    examples=[('Table.RowCount(#table({"A"}, {{1}, {2}}))', "2")],
)
def row_count(table: Table) -> int:
    """The number of rows."""
    return table.row_count()


@function(
    "Table.ColumnCount(table as table) as number",
    examples=[('Table.ColumnCount(#table({"A", "B"}, {}))', "2")],
)
def column_count(table: Table) -> int:
    """The number of columns."""
    return len(table.names)


@function(
    "Table.IsEmpty(table as table) as logical",
    examples=[('Table.IsEmpty(#table({"A"}, {}))', "true")],
)
def is_empty(table: Table) -> bool:
    """Whether the table has no rows."""
    return next(slice_rows(table, 0, 1).rows(), None) is None


@function(
    "Table.Schema(table as table) as table",
    examples=[
        ("Table.Schema(#table(type table [A = nullable number], {}))[Kind]", '{"number"}'),
    ],
)
def schema(table: Table) -> Table:
    """A row for each column: its name, position, type, nullability and facets."""
    return schema_of(table.type)
