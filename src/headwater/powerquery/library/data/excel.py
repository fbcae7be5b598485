"""Workbooks: their sheets, tables and defined names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.data.workbooks import Cells, Item, Workbook
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.options import logical_option
from headwater.powerquery.tables.headers import header_names
from headwater.powerquery.tables.holding import planned
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.types import kind_of

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_COLUMNS = {"Name": t.TEXT, "Data": t.TABLE, "Item": t.TEXT, "Kind": t.TEXT, "Hidden": t.LOGICAL}


@function(
    "Excel.Workbook(workbook as binary, optional useHeaders as any, optional delayTypes as nullable logical) as table",
    session=True,
)
def excel_workbook(session: Session, workbook: Value, use_headers: Value = None, delay: bool | None = None) -> Table:
    """What a workbook (xlsx, xlsb, xls or ods) holds: a row each sheet, table and defined name, with its Data.

    The second argument may be an options record: UseHeaders takes the first row of a sheet as its columns' names,
    DelayTypes leaves the columns untyped, and InferSheetDimensions makes no difference, because a sheet is always as
    large as the cells in it are. A cell with an error is an error; a date is a datetime, and a time a datetime of the
    day before 1900 began.
    """
    given = plain(use_headers)
    if isinstance(given, Record):
        options = known_options(given, "Excel.Workbook", "UseHeaders", "DelayTypes", "InferSheetDimensions")
        logical_option(options, "InferSheetDimensions", False)
        headers, delayed = logical_option(options, "UseHeaders", False), logical_option(options, "DelayTypes", False)
    elif given is None or isinstance(given, bool):
        headers, delayed = bool(given), bool(delay)
    else:
        raise cannot_convert(given, "Logical")

    def row(item: Item) -> Sequence[Value]:
        data = Thunk(lambda: _data(session, item, headers, delayed))
        return item.name, data, item.name, item.kind, item.hidden

    rows = [row(item) for item in Workbook(workbook).items()]
    return RowTable.held(table_type(list(_COLUMNS), list(_COLUMNS.values())), rows)


def _data(session: Session, item: Item, headers: bool, delayed: bool) -> Table:
    cells = item.cells()
    names = [f"Column{at}" for at in range(1, len(cells[0]) + 1)] if cells else []
    if item.headers is not None:
        names = header_names(item.headers)
    elif headers and cells:
        names, cells = header_names(cells[0]), cells[1:]
    types = [t.ANY] * len(names) if delayed else [_type(cells, at) for at in range(len(names))]
    return planned(RowTable.held(table_type(names, types), cells), session)


def _type(cells: Cells, at: int) -> t.Type:
    """The type of a column whose values are of one kind; errors and nulls fit any."""
    kinds = {kind_of(row[at]) for row in cells if row[at] is not None and type(row[at]) is not Thunk}
    return t.nullable(t.PRIMITIVES[kinds.pop()]) if len(kinds) == 1 else t.ANY


@function("Excel.CurrentWorkbook() as table")
def excel_current_workbook() -> Table:
    """Always an error: a query here is not part of a workbook. Read one by ``Excel.Workbook(File.Contents(path))``."""
    raise MError(
        "DataSource.NotFound",
        "There is no current workbook: the query does not run in Excel.",
        hint="Read the workbook with Excel.Workbook(File.Contents(path)).",
    )
