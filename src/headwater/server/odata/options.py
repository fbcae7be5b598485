"""The system query options of a request, checked and translated for one table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headwater.app.reading import OpenTable, Selection
from headwater.errors import UsageError
from headwater.plan.expressions import Expr, call
from headwater.plan.nodes import Column, SortKey
from headwater.server.odata.names import encoded
from headwater.server.odata.search import search_condition
from headwater.server.odata.syntax import parse_expression, parse_order
from headwater.server.odata.tokens import SkipToken
from headwater.server.odata.translation import Translator

__all__ = ["Format", "Options", "format_of", "options_of", "page_size"]

PAGE_ROWS: Final = 20_000
MOST_PAGE_ROWS: Final = 100_000

_OF_ENTITIES: Final = frozenset(
    {"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$search", "$format", "$skiptoken"}
)
_HINTS: Final = {
    "$expand": "There are no navigation properties here; read the other entity set and join the two.",
    "$apply": "Group in the tool that reads, or in a query of the dataflow.",
    "$compute": "Compute in the tool that reads, or in a query of the dataflow.",
}
_PAGE_SIZE: Final = re.compile(r"(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of an entity set."""

    given: Mapping[str, str]
    top: int | None
    skip: int
    count: bool
    token: SkipToken | None

    @property
    def version(self) -> int | None:
        """The version that a link goes on in; None: the newest."""
        return None if self.token is None else self.token.version

    def selection(self, opened: OpenTable, now: datetime) -> Selection:
        """The rows and columns that are asked for.

        Raises:
            UsageError: an option cannot be read, or does not fit the table.
        """
        return Selection(self._predicate(opened, now), self._keys(opened, now), self._columns(opened))

    def _predicate(self, opened: OpenTable, now: datetime) -> Expr | None:
        parts: list[Expr] = []
        if (text := self.given.get("$filter")) is not None:
            translator = Translator(opened.columns, now, "$filter")
            parts.append(translator.condition(parse_expression(text, "$filter")))
        if (text := self.given.get("$search")) is not None:
            parts.append(search_condition(text, opened.columns))
        return None if not parts else parts[0] if len(parts) == 1 else call("and", *parts)

    def _keys(self, opened: OpenTable, now: datetime) -> tuple[SortKey, ...]:
        text = self.given.get("$orderby")
        if text is None:
            return ()
        translator = Translator(opened.columns, now, "$orderby")
        return tuple(translator.key(tree, descending=descending) for tree, descending in parse_order(text))

    def _columns(self, opened: OpenTable) -> tuple[str, ...] | None:
        names = self.selected(opened.columns)
        return None if names is None else tuple(column.id for column in names)

    def selected(self, columns: Sequence[Column]) -> list[Column] | None:
        """The columns of $select, in its order; None: all."""
        text = self.given.get("$select")
        if text is None:
            return None
        known = {encoded(column.name): column for column in columns}
        wanted = [name.strip() for name in text.split(",")]
        if "*" in wanted:
            return None
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise UsageError(
                f"There is no property '{unknown[0]}' to select.",
                place="$select",
                hint="$metadata lists the properties.",
                code="odata.unknown",
            )
        return [known[name] for name in dict.fromkeys(wanted)]


def options_of(query: Sequence[tuple[str, str]], allowed: frozenset[str] = _OF_ENTITIES) -> Options:
    """The options of a request's query.

    Raises:
        UsageError: one is not offered (``odata.option``), stands there twice, or is not what it has to be.
    """
    given: dict[str, str] = {}
    for name, value in query:
        # Options without a dollar sign are the reader's own, but for those that OData knows.
        full = f"${name}" if f"${name}" in allowed | _HINTS.keys() else name
        if not full.startswith("$"):
            continue
        if full not in allowed:
            hint = _HINTS.get(full, f"There are {', '.join(sorted(allowed))}.")
            raise UsageError(f"The option '{full}' is not offered here.", place=full, hint=hint, code="odata.option")
        if full in given:
            raise UsageError(f"The option '{full}' stands there twice.", place=full, hint="Give it once.")
        given[full] = value
    token = given.get("$skiptoken")
    return Options(
        given,
        _number(given, "$top"),
        _number(given, "$skip") or 0,
        _logical(given, "$count"),
        None if token is None else SkipToken.parse(token, MOST_PAGE_ROWS),
    )


def page_size(preferences: str) -> int:
    """How many rows the reader wants on a page, by its Prefer header."""
    found = _PAGE_SIZE.search(preferences)
    wanted = PAGE_ROWS if found is None else int(found[1])
    return min(max(wanted, 1), MOST_PAGE_ROWS)


@dataclass(frozen=True, slots=True)
class Format:
    """How JSON is written. ``context``: with annotations beyond those that a reader cannot do without."""

    context: bool = True
    numbers_as_text: bool = False

    @property
    def media_type(self) -> str:
        level = "minimal" if self.context else "none"
        quoted = ";IEEE754Compatible=true" if self.numbers_as_text else ""
        return f"application/json;odata.metadata={level};odata.streaming=true{quoted}"


def format_of(wanted: str | None, accept: str) -> Format:
    """The format that $format, or else the Accept header, asks for.

    Raises:
        UsageError: it is none that is offered (``odata.format``).
    """
    if wanted is not None and wanted != "json" and not wanted.startswith("application/json"):
        raise UsageError(
            f"The format '{wanted[:60]}' is not offered.", place="$format", hint="Use json.", code="odata.format"
        )
    stated = (wanted if wanted is not None else accept).replace(" ", "").lower()
    json = next((part for part in stated.split(",") if part.startswith("application/json")), "")
    return Format("metadata=none" not in json, "ieee754compatible=true" in json)


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,18}", text):
        raise UsageError(f"'{name}' is a whole number from 0.", place=name, hint="Write digits only.")
    return int(text)


def _logical(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise UsageError(f"'{name}' is true or false.", place=name, hint="Write one of these.")
    return text == "true"
