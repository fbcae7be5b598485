"""What a table is: its size and shape."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.values import types as t
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
    """A row a column: its name, position, type and nullability."""
    names = ["Name", "Position", "TypeName", "Kind", "IsNullable"]
    types = [t.TEXT, t.NUMBER, t.TEXT, t.TEXT, t.LOGICAL]
    rows = [
        [name, at, _type_name(of), _kind(of), of.nullable]
        for at, (name, of) in enumerate(zip(table.names, table.column_types, strict=True))
    ]
    return RowTable.held(table_type(names, types), rows)


def _kind(of: t.Type) -> str:
    inner = t.non_nullable(of) if of != t.ANY else of
    return inner.name if isinstance(inner, t.PrimitiveType) else t.type_text(inner).split()[1]


def _type_name(of: t.Type) -> str:
    inner = t.non_nullable(of) if of != t.ANY else of
    if isinstance(inner, t.PrimitiveType):
        return inner.facet or next((n for n, facet in t.FACETS.items() if facet == inner), inner.name)
    return t.type_text(inner)
