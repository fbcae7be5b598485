"""Rows of an entity set as answers: pages with links to the next, counts, single entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import orjson
from starlette.responses import PlainTextResponse, Response

from headwater.app.reading import OpenTable, Selection, TablePage, TableReader
from headwater.errors import NotFoundError, UsageError
from headwater.plan.expressions import Expr
from headwater.plan.nodes import Column
from headwater.server.odata.errors import VERSION_HEADER
from headwater.server.odata.json_rows import json_objects
from headwater.server.odata.names import encoded
from headwater.server.odata.options import Format, Options, format_of, options_of, page_size
from headwater.server.odata.syntax import Binary, Chain, Path, Tree, parse_keys
from headwater.server.odata.tokens import SkipToken
from headwater.server.odata.translation import Translator

__all__ = ["Asked", "count_answer", "entity_answer", "page_answer"]

_FORM = "odata"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as answers need it.

    Attributes:
        root: the service's address.
        entity: the table's M name.
        query: the query as it was written.
        options: what it says.
        written: how the answer is.
        size: how many rows are wanted on a page.
    """

    root: str
    entity: str
    query: Sequence[tuple[str, str]]
    options: Options
    written: Format
    size: int

    @classmethod
    def of(cls, root: str, entity: str, query: Sequence[tuple[str, str]], headers: Mapping[str, str]) -> Asked:
        """What a request asks; UsageError as the readers of its options say."""
        options = options_of(query)
        written = format_of(options.given.get("$format"), headers.get("accept", ""))
        return cls(root, entity, query, options, written, page_size(headers.get("prefer", "")))

    @property
    def set_name(self) -> str:
        return encoded(self.entity)


def page_answer(reader: TableReader, opened: OpenTable, asked: Asked) -> Response:
    """A page of a set, with a link to the next one where more was asked for.

    Raises:
        UsageError: an option cannot be carried out.
        VersionGoneError: the version that a link goes on in is no longer kept.
    """
    options = asked.options
    place = options.token or SkipToken(opened.version, 0, asked.size, SkipToken.moment_of(datetime.now(UTC)))
    selection = options.selection(opened, place.now)
    left = None if options.top is None else max(options.top - place.offset, 0)
    size = place.size if left is None else min(place.size, left)
    # What fits on one page need not be kept for a next one.
    more = left is None or left > place.size or options.token is not None
    page = reader.page(opened, selection, options.skip + place.offset, size, form=_FORM, more=more)
    going_on = not page.is_last and (left is None or left > size)
    following = SkipToken(place.version, place.offset + size, place.size, place.moment) if going_on else None
    count = reader.count(opened, selection) if options.count else None
    return _answer(asked, page, count, following)


def count_answer(reader: TableReader, opened: OpenTable, asked: Asked) -> Response:
    """How many rows a set has, those that $filter and $search leave."""
    found = reader.count(opened, Selection(asked.options.selection(opened, datetime.now(UTC)).predicate))
    return PlainTextResponse(str(found), headers=VERSION_HEADER)


def entity_answer(reader: TableReader, opened: OpenTable, asked: Asked, keys: Sequence[str], key: str) -> Response:
    """The entity with a key, as it stands in brackets in the address.

    Raises:
        NotFoundError: there is none, or the set has no key.
        UsageError: what stands there is no key of this set.
    """
    if not keys:
        raise NotFoundError(
            "The entities of this set have no key.",
            place=asked.entity,
            hint="Name the columns that tell rows apart in the dataflow's settings, or use $filter.",
        )
    columns = {column.name: column for column in opened.columns}
    predicate = _key_condition([columns[name] for name in keys], key)
    wanted = asked.options.selection(opened, datetime.now(UTC)).columns
    page = reader.page(opened, Selection(predicate, (), wanted), 0, 1, form=_FORM, more=False)
    if not page.rows.num_rows:
        raise NotFoundError("There is no entity with this key.", place=asked.entity, hint="Look it up with $filter.")
    start = b"{"
    if asked.written.context:
        start += b'"@odata.context":' + orjson.dumps(f"{_context(asked, page)}/$entity") + b","
    return _json(asked, start + _objects(asked, page)[1:])


def _key_condition(columns: Sequence[Column], key: str) -> Expr:
    given = parse_keys(key)
    names = [encoded(column.name) for column in columns]
    values = {names[0] if not name and len(names) == 1 else name: value for name, value in given}
    if set(values) != set(names) or len(given) != len(names):
        raise UsageError(
            f"The key of this set is {', '.join(names)}.", place="the key", hint="Give each part once: (a=1,b='x')."
        )
    translator = Translator(columns, datetime.now(UTC), "the key")
    tests: tuple[Tree, ...] = tuple(Binary("eq", Path((name,), 0), values[name], 0) for name in names)
    return translator.condition(tests[0] if len(tests) == 1 else Chain("and", tests, 0))


def _answer(asked: Asked, page: TablePage, count: int | None, following: SkipToken | None) -> Response:
    parts = [b"{"]
    if asked.written.context:
        parts += [b'"@odata.context":', orjson.dumps(_context(asked, page)), b","]
    if count is not None:
        parts.append(b'"@odata.count":%d,' % count)
    parts += [b'"value":[', _objects(asked, page), b"]"]
    if following is not None:
        parts += [b',"@odata.nextLink":', orjson.dumps(_link(asked, following))]
    return _json(asked, b"".join([*parts, b"}"]))


def _objects(asked: Asked, page: TablePage) -> bytes:
    types = [column.type for column in page.columns]
    return json_objects(page.rows, types, numbers_as_text=asked.written.numbers_as_text)


def _json(asked: Asked, body: bytes) -> Response:
    return Response(body, headers=VERSION_HEADER, media_type=asked.written.media_type)


def _context(asked: Asked, page: TablePage) -> str:
    """What the answer holds: the set, and the properties that were chosen."""
    selected = asked.options.selected(page.columns)
    chosen = "" if selected is None else f"({','.join(encoded(column.name) for column in selected)})"
    return f"{asked.root}$metadata#{asked.set_name}{chosen}"


def _link(asked: Asked, following: SkipToken) -> str:
    """The address of the next page: all that was asked, and the place to go on at."""
    kept = [(name, value) for name, value in asked.query if name.removeprefix("$") != "skiptoken"]
    return f"{asked.root}{quote(asked.set_name)}?{urlencode([*kept, ('$skiptoken', following.text())], safe='$')}"
