"""Open data services of the SODA kind: typed CSV, page by page."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from headwater.engines.csv import rows_of_text
from headwater.errors import MError
from headwater.powerquery.library.data.iso_reading import read_datetime, read_datetimezone
from headwater.powerquery.library.data.web import request_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Thunk, Value
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.net import Answer
    from headwater.powerquery.evaluator.session import Session

PAGE_ROWS = 10_000

_LOGICAL = {"true": True, "false": False}

_READERS: dict[str, tuple[t.PrimitiveType, Callable[[str], Value]]] = {
    "checkbox": (t.LOGICAL, _LOGICAL.__getitem__),
    "double": (t.NUMBER, float),
    "fixed_timestamp": (t.DATETIMEZONE, read_datetimezone),
    "floating_timestamp": (t.DATETIME, read_datetime),
    "money": (t.NUMBER, float),
    "number": (t.NUMBER, float),
    "percent": (t.NUMBER, float),
}
"""What SODA calls the types whose cells are no text."""


@function("Soda.Feed(url as text) as table", session=True)
def soda_feed(session: Session, url: str) -> Table:
    """
    The rows of a SODA service's address that ends in .csv, with the columns and types that the service tells. They are
    fetched page by page as they are read, unless the address itself has a $limit.
    """
    if not urlsplit(url).path.endswith(".csv"):
        raise MError("Expression.Error", "The address of a SODA source ends in '.csv'.", url)
    page, single = _pages(session, url)
    first = page(0)
    names = next(_rows(first), [])
    readers = [_READERS.get(kind) for kind in _kinds(first, names)]

    def rows() -> Iterator[Sequence[Value]]:
        offset, answer = 0, first
        while True:
            cells = list(_rows(answer))[1:]
            yield from ([_cell(*pair) for pair in zip_longest(row[: len(names)], readers)] for row in cells)
            if single or len(cells) < PAGE_ROWS:
                return
            offset += len(cells)
            answer = page(offset)

    types = [t.nullable(t.TEXT if reader is None else reader[0]) for reader in readers]
    return RowTable(table_type(names, types), rows)


def _pages(session: Session, url: str) -> tuple[Callable[[int], Answer], bool]:
    """What fetches the rows from a place on, and whether that is all there is to fetch."""
    from headwater.powerquery.connections.web import with_query

    request, connection = request_of(session, "GET", url, {}, "Soda")
    given = {name for name, _ in parse_qsl(urlsplit(url).query)}
    if "$limit" in given:
        return lambda _: session.web.fetch(request, connection), True
    # Without an order pages may overlap.
    order = [] if "$order" in given else [("$order", ":id")]

    def page(offset: int) -> Answer:
        whole = with_query(url, [("$limit", str(PAGE_ROWS)), ("$offset", str(offset)), *order])
        return session.web.fetch(dataclasses.replace(request, url=whole), connection)

    return page, False


def _rows(answer: Answer) -> Iterator[list[str]]:
    text = answer.body.decode("utf-8-sig", errors="replace")
    return iter(rows_of_text(io.StringIO(text, newline=""), ",", True))


def _kinds(answer: Answer, names: Sequence[str]) -> list[str]:
    """The type of each column, as the service calls it; "" where it does not tell."""
    try:
        fields: Any = json.loads(answer.header("X-SODA2-Fields"))
        kinds: Any = json.loads(answer.header("X-SODA2-Types"))
        known = dict(zip(fields, kinds, strict=True))
    except (TypeError, ValueError):
        return [""] * len(names)
    return [str(known.get(name, "")) for name in names]


def _cell(cell: str | None, reader: tuple[t.PrimitiveType, Callable[[str], Value]] | None) -> Value:
    if cell is None or cell == "":
        return None
    if reader is None:
        return cell
    try:
        return reader[1](cell)
    except (ValueError, KeyError, MError):
        return Thunk.failed(MError("DataFormat.Error", f"The service wrote no {reader[0].name}.", cell))
