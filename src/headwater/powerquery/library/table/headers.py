"""Headers and rows turned into one another, and rows into columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import known_options, names_of, text_of, whole
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.options import logical_option
from headwater.powerquery.tables import headers
from headwater.powerquery.tables.row_table import table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import is_number
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Table.PromoteHeaders(table as table, optional options as nullable record) as table",
    examples=[
        ('Table.PromoteHeaders(#table({"Column1"}, {{"Name"}, {"Ada"}}))', '#table({"Name"}, {{"Ada"}})'),
        ('Table.PromoteHeaders(#table({"A", "B"}, {{"x", 1}, {2, 3}}), [PromoteAllScalars = true])',
         '#table({"x", "1"}, {{2, 3}})'),
    ],
    session=True,
)  # fmt: skip
def promote_headers(session: Session, table: Table, options: Record | None = None) -> Table:
    """The first row becomes the column names: texts and numbers in it, or with PromoteAllScalars every single value.

    A column whose cell makes no name gets the default one, Column1 for the first; names that repeat get a number.

    Options: PromoteAllScalars, and the Culture in which such values are written, usually the query's.
    """
    given = known_options(options, "Table.PromoteHeaders", "PromoteAllScalars", "Culture")
    culture = culture_of(text_of(given["Culture"]) if "Culture" in given else None, session)
    everything = logical_option(given, "PromoteAllScalars", False)
    return headers.promote_headers(table, headers.HeaderText(everything, culture))


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
