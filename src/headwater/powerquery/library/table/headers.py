"""Headers and rows turned into one another, and rows into columns."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import names_of, whole
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables import headers
from headwater.powerquery.tables.row_table import table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import is_number
from headwater.powerquery.values.table import Table

_HEADER_OPTIONS = ("PromoteAllScalars", "Culture")


@function(
    "Table.PromoteHeaders(table as table, optional options as nullable record) as table",
    examples=[
        ('Table.PromoteHeaders(#table({"Column1"}, {{"Name"}, {"Ada"}}))', '#table({"Name"}, {{"Ada"}})'),
        ('Table.PromoteHeaders(#table({"A", "B"}, {{"x", 1}, {2, 3}}), [PromoteAllScalars = true])',
         '#table({"x", "1"}, {{2, 3}})'),
    ],
)  # fmt: skip
def promote_headers(table: Table, options: Record | None = None) -> Table:
    """The first row becomes the column names: texts and numbers in it, or with PromoteAllScalars every single value.

    Options: PromoteAllScalars, and the Culture in which such values are written.
    """
    for name in () if options is None else options.names:
        if name not in _HEADER_OPTIONS:
            message = f"'{name}' is no option of Table.PromoteHeaders; there are: {', '.join(_HEADER_OPTIONS)}."
            raise MError("Expression.Error", message, name)
    culture = None if options is None else options.plain("Culture")
    everything = options is not None and options.plain("PromoteAllScalars") is True
    return headers.promote_headers(table, headers.HeaderText(everything, culture_of(culture)))


@function(
    "Table.DemoteHeaders(table as table) as table",
    examples=[('Table.DemoteHeaders(#table({"A"}, {{1}}))', '#table({"Column1"}, {{"A"}, {1}})')],
)
def demote_headers(table: Table) -> Table:
    """The column names become the first row."""
    return headers.demote_headers(table)


@function(
    "Table.Transpose(table as table, optional columns as any) as table",
    examples=[
        ('Table.Transpose(#table({"A", "B"}, {{1, 2}, {3, 4}}))', '#table({"Column1", "Column2"}, {{1, 3}, {2, 4}})'),
        ('Table.Transpose(#table({"A", "B"}, {{1, 2}}), {"X"})', '#table({"X"}, {{1}, {2}})'),
    ],
)
def transpose(table: Table, columns: Value = None) -> Table:
    """Rows become columns and columns rows; the new columns are numbered unless names, a number or a type are given."""
    columns = plain(columns)
    if isinstance(columns, t.TableType):
        return headers.transpose(table, columns)
    if is_number(columns):
        columns = [f"Column{at}" for at in range(1, whole(columns, "columns") + 1)]
    elif columns is not None:
        columns = names_of(columns)
    return headers.transpose(table, None if columns is None else table_type(columns))
