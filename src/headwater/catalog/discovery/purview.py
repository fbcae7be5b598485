"""Purview's search: what its clients ask in JSON, asked of the index, answered in their shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from headwater.access import Actor
from headwater.catalog.discovery.classifications import subclassifications
from headwater.catalog.discovery.terms import GlossaryPart, asks_for_terms, counted, matching_terms
from headwater.catalog.discovery.values import search_values
from headwater.catalog.finding import Search
from headwater.catalog.search import (
    FacetRequest,
    FacetValue,
    Filter,
    SearchRequest,
    parse_facets,
    parse_filter,
    parse_order_by,
)
from headwater.catalog.search.requests import FACETS
from headwater.errors import UsageError
from headwater.store import Database

__all__ = ["PurviewSearch"]

_MOST_RESULTS, _MOST_SUGGESTIONS = 1_000, 100
_LONGEST_KEYWORDS: Final = 1_000
#: How a search of everything is written, beside no keywords at all.
_EVERYTHING = "*"
#: What the token of a page begins with that has no assets any more.
_TERMS: Final = "terms:"


class PurviewSearch:
    """The requests of Purview's discovery, as they came, trimmed for whoever asks.

    Args:
        database: the metadata database.
        search: the search over its catalog.
    """

    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search

    def query(self, actor: Actor, body: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
        """Assets that match, the best first, or in the order asked for; and how many there are in all.

        Raises:
            UsageError: a part of the request cannot be read.
        """
        stated, token = _with_taxonomy(body), _text(body, "continuationToken")
        terms_from = _terms_from(token)
        request = SearchRequest(
            _keywords(body),
            filter=self._filter(stated, now),
            facets=parse_facets(_facets(body)),
            order_by=parse_order_by(body.get("orderby")),
            limit=_number(body, "limit", 50, 0, _MOST_RESULTS),
            # A page that goes on from another one begins where that says.
            offset=0 if token else _number(body, "offset", 0, 0, 100_000),
            after="" if terms_from is not None else token,
        )
        found = self._search.search(actor, request if terms_from is None else replace(request, limit=0))
        with self._database.read() as connection:
            values = search_values(connection, found.assets)
            terms = _terms(connection, actor, request, stated)
        answer: dict[str, Any] = {"@search.count": found.total + len(terms), "@search.count.approximate": False}
        if request.facets:
            answer["@search.facets"] = {
                facet.name: _counts(facet, found.facets[facet.name], terms) for facet in request.facets
            }
        if found.continuation and request.limit and terms_from is None:
            return answer | {"continuationToken": found.continuation, "value": values}
        # What is in the glossary comes after all assets.
        start = max(0, request.offset - found.total) if terms_from is None else terms_from
        end = start + request.limit - len(values)
        more = {"continuationToken": f"{_TERMS}{end}"} if end < len(terms) and request.limit else {}
        return answer | more | {"value": [*values, *(each.shown() for each in terms[start:end])]}

    def suggest(self, actor: Actor, body: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
        """Assets whose names begin like the keywords.

        Raises:
            UsageError: a part of the request cannot be read.
        """
        limit = _number(body, "limit", 5, 1, _MOST_SUGGESTIONS)
        found = self._search.suggest(actor, _typed(body), limit, self._filter(body.get("filter"), now))
        with self._database.read() as connection:
            values = search_values(connection, found)
        return {"value": [{"@search.text": _marked_name(value), **value} for value in values]}

    def autocomplete(self, actor: Actor, body: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
        """Words that the last of the keywords may become.

        Raises:
            UsageError: a part of the request cannot be read.
        """
        typed = _typed(body)
        limit = _number(body, "limit", 50, 1, _MOST_SUGGESTIONS)
        words = self._search.autocomplete(actor, typed, limit, self._filter(body.get("filter"), now))
        before = typed[: len(typed) - len(typed.split()[-1])] if typed.split() else ""
        return {"value": [{"text": word, "queryPlusText": before + word} for word in words]}

    def _filter(self, stated: Any, now: datetime) -> Filter | None:
        with self._database.read() as connection:
            below = subclassifications(connection)
        return parse_filter(stated, now=now, subclassifications=below)


def _terms(connection: Connection, actor: Actor, request: SearchRequest, stated: Any) -> list[GlossaryPart]:
    """What is found in the glossary, where the filter asks for it."""
    if request.filter is None or not asks_for_terms(stated):
        return []
    return matching_terms(connection, actor, request.keywords, request.filter)


def _terms_from(token: str) -> int | None:
    """Where a page begins that has only what is in the glossary; None: it begins among assets."""
    number = token.removeprefix(_TERMS)
    return int(number) if token.startswith(_TERMS) and number.isdecimal() and len(number) < 10 else None


def _counts(facet: FacetRequest, values: Sequence[FacetValue], terms: Sequence[GlossaryPart]) -> list[dict[str, Any]]:
    """How often each value is there, among assets and in the glossary."""
    more = counted(terms, FACETS[facet.name])
    if not more:
        return [{"count": each.count, "value": each.value} for each in values]
    more.update({each.value: each.count for each in values})
    by, direction = facet.sort
    pairs = sorted(more.items(), key=lambda pair: pair[0] if by == "value" else (pair[1], pair[0]))
    ordered = pairs[::-1] if direction == "desc" else pairs
    return [{"count": count, "value": value} for value, count in ordered[: facet.count or None]]


def _with_taxonomy(body: Mapping[str, Any]) -> Any:
    """The filter, and the asset types that the taxonomy is narrowed to."""
    wanted = _taxonomy(body).get("assetTypes")
    stated = body.get("filter") or None
    if not wanted:
        return stated
    narrowed = {"assetType": wanted}
    return narrowed if stated is None else {"and": [stated, narrowed]}


def _facets(body: Mapping[str, Any]) -> Any:
    """The facets that are asked for, with the taxonomy's, which counts types of entities where it names none."""
    stated, taxonomy = body.get("facets"), _taxonomy(body).get("facet")
    if not isinstance(taxonomy, Mapping):
        return stated
    return [*(stated if isinstance(stated, list) else ()), {"facet": "entityType", **taxonomy}]


def _taxonomy(body: Mapping[str, Any]) -> Mapping[str, Any]:
    stated = body.get("taxonomySetting") or {}
    if not isinstance(stated, Mapping):
        raise UsageError("'taxonomySetting' is no object.", hint='Write {"assetTypes": ["…"]}.')
    return stated


def _keywords(body: Mapping[str, Any]) -> str:
    text = _text(body, "keywords")
    return "" if text.strip() == _EVERYTHING else text


def _typed(body: Mapping[str, Any]) -> str:
    text = _text(body, "keywords")
    if not text.strip():
        raise UsageError("The request has no keywords.", hint="Give one letter at least.")
    return text


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_KEYWORDS or "\0" in value:
        raise UsageError(f"'{name}' is not text of {_LONGEST_KEYWORDS:,} characters at most.", hint="Shorten it.")
    return value


def _number(body: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UsageError(f"'{name}' is no whole number from {least} to {most:,}.", hint=f"Leave it out for {default}.")
    return value


def _marked_name(value: Mapping[str, Any]) -> str:
    marked: list[str] = value.get("@search.highlights", {}).get("name") or [str(value["name"])]
    return marked[0]
