"""What is asked of the search, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from headwater.catalog.search.filters import Filter
from headwater.errors import UsageError

__all__ = [
    "FACETS",
    "ORDERS",
    "Direction",
    "FacetRequest",
    "FacetValue",
    "Hit",
    "SearchRequest",
    "SearchResult",
    "parse_facets",
    "parse_order_by",
]

Direction = Literal["asc", "desc"]

# The names a facet goes by, and the column that it counts.
FACETS: Mapping[str, str] = {
    "collection": "collection",
    "collectionId": "collection",
    "source": "source",
    "type": "type",
    "entityType": "type",
    "objectType": "objectType",
    "assetType": "assetType",
    "sourceType": "assetType",
    "classification": "classification",
    "label": "label",
    "sensitivity": "sensitivity",
    "term": "term",
    "contact": "contact",
    "contactId": "contact",
    "owner": "owner",
    "expert": "expert",
    "endorsement": "endorsement",
    "fileExtension": "fileExtension",
    "termStatus": "termStatus",
    "termTemplate": "termTemplate",
    "glossaryType": "type",
}
ORDERS: Mapping[str, str] = {
    "name": "name",
    "displayName": "name",
    "updated": "updated",
    "updateTime": "updated",
    "modifiedTime": "updated",
    "created": "created",
    "createTime": "created",
    "relevance": "relevance",
    "score": "relevance",
    "@search.score": "relevance",
    "id": "id",
}
MOST_FACET_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class FacetRequest:
    """Which values to count, how many of them (0: all), and in which order.

    Raises:
        UsageError: there is no such facet, or its number or order makes no sense.
    """

    name: str
    count: int = 10
    sort: tuple[Literal["count", "value"], Direction] = ("count", "desc")

    def __post_init__(self) -> None:
        if self.name not in FACETS:
            raise UsageError(f"There is no facet '{self.name}'.", hint=f"Facets are {', '.join(FACETS)}.")
        if self.sort[0] not in ("count", "value") or self.sort[1] not in ("asc", "desc"):
            raise UsageError(f"Facet '{self.name}' cannot be sorted so.", hint='Say {"count": "desc"}, or by value.')
        if not 0 <= self.count <= MOST_FACET_VALUES:
            raise UsageError(f"Facet '{self.name}' asks for {self.count} values.", hint="Ask for 0 (all) to 10,000.")


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A found document. ``highlights`` has fragments a field, the found words between ``<em>`` and ``</em>``.

    Fragments are the asset's own text, not HTML: whoever shows them must escape the rest.
    """

    id: int
    guid: str
    score: float
    highlights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search. ``scopes`` are those that may be read (None: all); ``after`` is the ``continuation`` of a result."""

    keywords: str = ""
    filter: Filter | None = None
    scopes: frozenset[int] | None = None
    facets: Sequence[FacetRequest] = ()
    order_by: Sequence[tuple[str, Direction]] = ()
    limit: int = 50
    offset: int = 0
    after: str = ""
    highlight: bool = True


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was found. ``corrected`` is what was searched instead of words that nothing has, "" where all were found;
    ``continuation`` asks for the next page, "" on the last."""

    total: int
    hits: Sequence[Hit]
    facets: Mapping[str, Sequence[FacetValue]]
    corrected: str = ""
    continuation: str = ""


def parse_facets(value: Any) -> list[FacetRequest]:
    """Facets as Purview's clients write them.

    Raises:
        UsageError: it is not a list of facets.

    >>> parse_facets([{"facet": "term", "count": 3, "sort": {"value": "asc"}}])
    [FacetRequest(name='term', count=3, sort=('value', 'asc'))]
    """
    return [_facet(item) for item in _items(value, "facets")]


def _facet(item: Mapping[str, Any]) -> FacetRequest:
    name, count, sort = item.get("facet"), item.get("count", 10), item.get("sort") or {"count": "desc"}
    if not isinstance(name, str) or not isinstance(count, int) or isinstance(count, bool):
        raise UsageError("A facet has a name and a number of values.", hint='{"facet": "term", "count": 10}')
    by, direction = _pair(sort, "sort")
    return FacetRequest(name, count, (cast("Literal['count', 'value']", by), direction))


def parse_order_by(value: Any) -> list[tuple[str, Direction]]:
    """Orders as Purview's clients write them: a list of one-key objects.

    Raises:
        UsageError: it is not a list of known orders.

    >>> parse_order_by([{"name": "ASC"}, {"updateTime": "DESC"}])
    [('name', 'asc'), ('updateTime', 'desc')]
    """
    return [_pair(item, "orderby") for item in _items(value, "orderby")]


def _items(value: Any, name: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 50 or not all(isinstance(item, Mapping) for item in value):
        raise UsageError(f"'{name}' is not a list of objects, 50 at most.", hint=f"See {name} in the how-to on search.")
    return value


def _pair(item: Any, name: str) -> tuple[str, Direction]:
    if isinstance(item, Mapping) and len(item) == 1:
        key, direction = next(iter(item.items()))
        if isinstance(direction, str) and direction.lower() in ("asc", "desc"):
            return str(key), cast("Direction", direction.lower())
    raise UsageError(f"'{name}' holds something that is no order.", hint='An order is one name: {"name": "asc"}.')
