"""Tables in PDF files, by pdfplumber."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.options import choice_option, logical_option
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, binary_bytes
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from pdfplumber.page import Page
    from pdfplumber.table import Table as FoundTable

Grid = list[list[str | None]]

_COLUMNS = {"Id": t.TEXT, "Name": t.TEXT, "Kind": t.TEXT, "Data": t.TABLE}
_LINES = {"vertical_strategy": "lines", "horizontal_strategy": "lines"}
_STRICT_LINES = {"vertical_strategy": "lines_strict", "horizontal_strategy": "lines_strict"}
_TEXT = {"vertical_strategy": "text", "horizontal_strategy": "text"}
_GAP = re.compile(r" {2,}")
_BY_CHANCE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, OSError, EOFError)
"""What pdfminer ends in on damaged files beside its own errors."""


@dataclass
class _Found:
    """A table on the pages from ``first`` to ``last``; ``begins`` and ``ends`` its first and its last page."""

    first: int
    last: int
    rows: Grid
    begins: bool
    ends: bool

    @property
    def width(self) -> int:
        return max((len(row) for row in self.rows), default=0)


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    tables: Sequence[_Found]
    lines: Grid


@function("Pdf.Tables(pdf as binary, optional options as nullable record) as table")
def pdf_tables(pdf: Value, options: Record | None = None) -> Table:
    """The tables that a PDF file shows, and the lines of each page: Id, Name, Kind and Data. All cells are text.

    Options: StartPage and EndPage bound the pages that are looked at; MultiPageTables, which is on by itself, makes one
    table of what goes on at the head of the next page with as many columns; EnforceBorderLines takes only drawn lines
    for borders, where else aligned text makes a table too; Implementation may be "1.1", "1.2" or "1.3", all of
    which mean the one way of finding tables that there is.
    """
    names = ("EndPage", "EnforceBorderLines", "Implementation", "MultiPageTables", "StartPage")
    given = known_options(options, "Pdf.Tables", *names)
    choice_option(given, "Implementation", ("1.1", "1.2", "1.3"), None)
    start = whole(given.get("StartPage", 1), "StartPage", least=1)
    end = whole(given["EndPage"], "EndPage", least=start) if "EndPage" in given else None
    strict = logical_option(given, "EnforceBorderLines", False)
    joined = logical_option(given, "MultiPageTables", True)
    pages = _pages(binary_bytes(pdf), start, end, strict)
    tables: list[_Found] = []
    for found in (table for page in pages for table in page.tables):
        if not (joined and tables and _goes_on(tables[-1], found)):
            tables.append(found)
    rows = [*(_table_row(at, table) for at, table in enumerate(tables, 1)), *map(_page_row, pages)]
    return RowTable.held(table_type(list(_COLUMNS), list(_COLUMNS.values())), rows)


def _pages(data: bytes, start: int, end: int | None, strict: bool) -> list[_Page]:
    import pdfplumber
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.psexceptions import PSException
    from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

    pages: list[_Page] = []
    try:
        with pdfplumber.open(io.BytesIO(data)) as document:
            for number, page in enumerate(document.pages[start - 1 : end], start):
                pages.append(_Page(number, list(_tables_of(page, number, strict)), _lines(page)))
                page.close()
    except (
        PDFException, PSException, PdfminerException, MalformedPDFException, RecursionError, struct.error, zlib.error,
        *_BY_CHANCE,
    ) as error:  # fmt: skip
        raise MError(
            "DataFormat.Error",
            "The source is no PDF file that can be read, or a damaged or protected one.",
            hint="Check what it gives, and save it without a password.",
        ) from error
    return pages


def _found_on(page: Page, strict: bool) -> Sequence[FoundTable]:
    drawn = page.find_tables(_STRICT_LINES if strict else _LINES)
    if drawn or strict:
        return drawn
    return [table for table in page.find_tables(_TEXT) if len(table.rows) > 1 and len(table.rows[0].cells) > 1]


def _tables_of(page: Page, number: int, strict: bool) -> Iterator[_Found]:
    words = page.extract_words()
    for table in _found_on(page, strict):
        _, top, _, bottom = table.bbox
        begins = not any(word["bottom"] <= top for word in words)
        ends = not any(word["top"] >= bottom for word in words)
        yield _Found(number, number, _grid(table.extract()), begins, ends)


def _goes_on(table: _Found, found: _Found) -> bool:
    """Whether what was found is the rest of a table that the page before ends with; it is added to that then."""
    if not (found.begins and table.ends and table.last == found.first - 1 and table.width == found.width):
        return False
    table.rows += found.rows
    table.last, table.ends = found.last, found.ends
    return True


def _grid(rows: Sequence[Sequence[Any]]) -> Grid:
    """The cells without blanks around them; rows in which there is nothing are only the space between others."""
    cells = ([cell.strip() or None if isinstance(cell, str) else None for cell in row] for row in rows)
    return [row for row in cells if any(row)]


def _lines(page: Page) -> Grid:
    """The lines of a page, parted where there is a gap."""
    laid_out = page.extract_text(layout=True).splitlines()
    return [list(_GAP.split(line.strip())) for line in laid_out if line.strip()]


def _data(rows: Grid) -> Table:
    width = max((len(row) for row in rows), default=0)
    names = [f"Column{at}" for at in range(1, width + 1)]
    filled = [[*row, *[None] * (width - len(row))] for row in rows]
    return RowTable.held(table_type(names, [t.nullable(t.TEXT)] * width), filled)


def _table_row(number: int, found: _Found) -> list[Value]:
    pages = str(found.first) if found.first == found.last else f"{found.first}-{found.last}"
    return [f"Table{number:03d}", f"Table{number:03d} (Page {pages})", "Table", _data(found.rows)]


def _page_row(page: _Page) -> list[Value]:
    name = f"Page{page.number:03d}"
    return [name, name, "Page", _data(page.lines)]
