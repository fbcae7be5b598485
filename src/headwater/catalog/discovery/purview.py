"""Purview's search: what its clients ask in JSON, asked of the index, answered in their shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from headwater.access import Actor
from headwater.catalog.discovery.classifications import subclassifications
from headwater.catalog.discovery.values import search_values
from headwater.catalog.finding import Search
from headwater.catalog.search import Filter, SearchRequest, parse_facets, parse_filter, parse_order_by
from headwater.errors import UsageError
from headwater.store import Database

__all__ = ["PurviewSearch"]

_MOST_RESULTS, _MOST_SUGGESTIONS = 1_000, 100
_LONGEST_KEYWORDS: Final = 1_000
#: How a search of everything is written, beside no keywords at all.
_EVERYTHING = "*"


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
        token = _text(body, "continuationToken")
        request = SearchRequest(
            _keywords(body),
            filter=self._filter(_with_taxonomy(body), now),
            facets=parse_facets(_facets(body)),
            order_by=parse_order_by(body.get("orderby")),
            limit=_number(body, "limit", 50, 0, _MOST_RESULTS),
            # A page that goes on from another one begins where that says.
            offset=0 if token else _number(body, "offset", 0, 0, 100_000),
            after=token,
        )
        found = self._search.search(actor, request)
        with self._database.read() as connection:
            values = search_values(connection, found.assets)
        answer: dict[str, Any] = {"@search.count": found.total, "@search.count.approximate": False}
        if request.facets:
            answer["@search.facets"] = {
                name: [{"count": each.count, "value": each.value} for each in counts]
                for name, counts in found.facets.items()
            }
        if found.continuation and request.limit:
            answer["continuationToken"] = found.continuation
        return answer | {"value": values}

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
