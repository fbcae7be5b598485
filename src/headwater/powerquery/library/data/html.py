"""Tables out of HTML: by selectors, or those that a page has."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of, known_options, list_of, text_of
from headwater.powerquery.library.data.markup import html_tree, seen_text
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.headers import header_names
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value, force
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from lxml.html import HtmlElement

Cell = Callable[["HtmlElement"], Value]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    selector: str
    change: Function | None

    def cell(self, element: HtmlElement) -> Value:
        """The column's value at an element: its text, or what the function makes of it."""
        if self.change is None:
            return seen_text(element)
        change, given = self.change, _described(element)
        return Thunk(lambda: force(change.invoke((given,))))


def _described(element: HtmlElement) -> Record:
    return Record.of({
        "Attributes": Record.of({str(name): str(value) for name, value in element.attrib.items()}),
        "TextContent": seen_text(element),
        "Name": str(element.tag).upper(),
    })  # fmt: skip


@function(
    "Html.Table(html as any, columnNameSelectorPairs as list, optional options as nullable record) as table",
    examples=[
        (
            'Html.Table("<li>a <i>1</i></li><li>b <i>2</i></li>", {{"Item", "li"}, {"No", "i"}}, [RowSelector = "li"])',
            '#table({"Item", "No"}, {{"a 1", "1"}, {"b 2", "2"}})',
        ),
        (
            'Html.Table("<a href=""x.html"">X</a>", {{"Link", "a", each [Attributes][href]}})',
            '#table({"Link"}, {{"x.html"}})',
        ),
    ],
)
def html_table(source: Value, columns: List, options: Record | None = None) -> Table:
    """A table of what CSS selectors find in HTML, which is a text or a binary.

    A column is a list of its name, its selector and, if wanted, a function that gets a record of the found element
    (Attributes, TextContent, Name); without it the cell is the element's text.

    Option RowSelector finds where rows begin: what a column's selector finds belongs to the last row that began before
    it or with it. Without it the first finds of all columns make the first row, the second ones the next.
    """
    given = known_options(options, "Html.Table", "RowSelector")
    described = [_column(item) for item in columns.plain()]
    names = unique_or_error([column.name for column in described])
    root = html_tree(source)
    found = [_selected(root, column.selector) for column in described]
    selector = given.get("RowSelector")
    rows = _side_by_side(found) if selector is None else _by_rows(root, _selected(root, text_of(selector)), found)
    types = [t.nullable(t.TEXT) if column.change is None else t.ANY for column in described]
    cells = [
        [None if element is None else column.cell(element) for column, element in zip(described, row, strict=True)]
        for row in rows
    ]
    return RowTable.held(table_type(names, types), cells)


def _column(value: Value) -> _Column:
    parts = list(list_of(value).plain())
    if len(parts) not in (2, 3):
        raise MError("Expression.Error", "A column is a list of name, selector and perhaps a function.", value)
    return _Column(text_of(parts[0]), text_of(parts[1]), function_of(parts[2]) if len(parts) == 3 else None)


def _selected(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """What a selector finds, in the order of the document."""
    from cssselect import HTMLTranslator, SelectorError
    from lxml.etree import XPathError

    try:
        found: Any = root.getroottree().xpath(HTMLTranslator().css_to_xpath(selector))
    except (SelectorError, XPathError, ValueError) as error:
        raise MError("Expression.Error", "The selector cannot be read.", selector) from error
    return list(found)


def _side_by_side(found: Sequence[Sequence[HtmlElement]]) -> list[list[HtmlElement | None]]:
    longest = max((len(column) for column in found), default=0)
    return [[column[at] if at < len(column) else None for column in found] for at in range(longest)]


def _by_rows(
    root: HtmlElement, starts: Sequence[HtmlElement], found: Sequence[Sequence[HtmlElement]]
) -> list[list[HtmlElement | None]]:
    places = {element: at for at, element in enumerate(root.iter())}
    begins = [places[start] for start in starts]
    rows: list[list[HtmlElement | None]] = [[None] * len(found) for _ in starts]
    for column, elements in enumerate(found):
        for element in elements:
            at = bisect_right(begins, places[element]) - 1
            if at >= 0 and rows[at][column] is None:
                rows[at][column] = element
    return rows


# -- pages ---------------------------------------------------------------------------------------------------------

_PAGE = {"Caption": t.TEXT, "Source": t.TEXT, "ClassName": t.TEXT, "Id": t.TEXT, "Data": t.TABLE}
_NODE = {"Kind": t.TEXT, "Name": t.TEXT, "Children": t.TABLE, "Text": t.TEXT}
_WIDEST = 1_000
"""What a cell's span may say: pages that say more mean something else."""


@function(
    "Web.Page(html as any) as table",
    examples=[
        (
            'Web.Page("<table id=""t""><tr><th>a</th></tr><tr><td>1</td></tr></table>"){[Id = "t"]}[Data]',
            '#table({"a"}, {{"1"}})',
        )
    ],
)
def web_page(source: Value) -> Table:
    """The tables of an HTML page, a row each, and last the whole document as a tree of Kind, Name, Children and Text.

    A table whose first row is all headings has columns of those names. Nothing of the page is run.
    """
    root = html_tree(source)
    rows: list[list[Value]] = [
        [_caption(element), "Table", element.get("class"), element.get("id"), Thunk(partial(_page_table, element))]
        for element in root.iter("table")
    ]
    rows.append(["Document", "Service", None, None, Thunk(partial(_nodes, [root]))])
    return RowTable.held(table_type(list(_PAGE), [t.nullable(of) for of in _PAGE.values()]), rows)


def _caption(element: HtmlElement) -> str | None:
    caption = element.find("caption")
    return None if caption is None else seen_text(caption)


def _page_table(element: HtmlElement) -> Table:
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
    cells = _spread(rows)
    width = max((len(row) for row in cells), default=0)
    filled = [[*row, *[None] * (width - len(row))] for row in cells]
    names = [f"Column{at}" for at in range(1, width + 1)]
    if rows and len(rows[0]) and all(cell.tag == "th" for cell in rows[0]):
        names, filled = header_names(filled[0]), filled[1:]
    return RowTable.held(table_type(names, [t.nullable(t.TEXT)] * width), filled)


def _spread(rows: Sequence[HtmlElement]) -> list[list[str | None]]:
    """The texts of the cells, each in all the places that it spans."""
    placed: list[dict[int, str]] = [{} for _ in rows]
    for at, row in enumerate(rows):
        column = 0
        for cell in row.iterchildren("td", "th"):
            while column in placed[at]:
                column += 1
            text, wide, high = seen_text(cell), _span(cell, "colspan"), _span(cell, "rowspan")
            for below in placed[at : at + high]:
                below.update(dict.fromkeys(range(column, column + wide), text))
            column += wide
    return [[texts.get(at) for at in range(max(texts, default=-1) + 1)] for texts in placed]


def _span(cell: HtmlElement, name: str) -> int:
    written = (cell.get(name) or "1").strip()
    return min(max(int(written), 1), _WIDEST) if written.isdecimal() and len(written) < 9 else 1


def _nodes(elements: Sequence[Any]) -> Table:
    return RowTable.held(
        table_type(list(_NODE), [t.nullable(of) for of in _NODE.values()]), [_element_row(one) for one in elements]
    )


def _element_row(element: Any) -> list[Value]:
    if isinstance(element, str):
        return ["Text", None, None, element]
    return ["Element", str(element.tag).upper(), Thunk(lambda: _nodes(list(_content(element)))), None]


def _content(element: Any) -> Iterator[Any]:
    if element.text and element.text.strip():
        yield str(element.text)
    for child in element:
        if isinstance(child.tag, str):
            yield child
        if child.tail and child.tail.strip():
            yield str(child.tail)
