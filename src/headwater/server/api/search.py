"""Searching the catalog."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from headwater.catalog.finding import FoundAsset as CatalogFoundAsset
from headwater.catalog.search import FacetRequest, SearchRequest, parse_filter
from headwater.server.answers import WITHOUT_NUL, Answer, AssetSummary
from headwater.server.api import RESPONSES, App, Asking

router = APIRouter(prefix="/api/search", tags=["catalog"], responses=RESPONSES)

#: What can be counted.
FacetName = Literal[
    "collection", "source", "type", "objectType", "assetType", "classification", "label", "sensitivity", "term",
    "owner", "expert", "endorsement",
]  # fmt: skip


class Search(BaseModel):
    """What is searched for; ``filter`` is a tree of and, or, not and conditions, as Purview's search takes it."""

    model_config = ConfigDict(extra="forbid")

    keywords: Annotated[str, Field(max_length=1_000, pattern=WITHOUT_NUL)] = ""
    filter: dict[str, Any] | None = None
    facets: Annotated[list[FacetName], Field(max_length=12)] = []
    facet_values: Annotated[int, Field(ge=1, le=1_000, description="how many values of a facet, at most")] = 10
    order_by: Literal["relevance", "name", "updated", "created"] = "relevance"
    direction: Literal["asc", "desc"] | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 50
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


class FoundAsset(AssetSummary):
    """An asset that was found; ``highlights`` has, by field, the text in which the words stand."""

    description: str
    updated_at: datetime
    highlights: dict[str, list[str]]

    @classmethod
    def found(cls, asset: CatalogFoundAsset) -> FoundAsset:
        """The answer for an asset that was found."""
        return cls.model_validate(asset)


class FacetCount(Answer):
    value: str
    count: int


class SearchPage(Answer):
    """``corrected``: what was searched for instead, where nothing has the words as they were typed; else ""."""

    total: int
    value: list[FoundAsset]
    facets: dict[str, list[FacetCount]]
    corrected: str


class Suggestions(Answer):
    """Assets whose names begin like the text, and words that its last one may become."""

    assets: list[FoundAsset]
    words: list[str]


@router.post("")
def search(app: App, actor: Asking, wanted: Search) -> SearchPage:
    """Assets that match, the best first, with how many there are in all and how they divide."""
    direction = wanted.direction or ("asc" if wanted.order_by == "name" else "desc")
    request = SearchRequest(
        wanted.keywords,
        filter=None if wanted.filter is None else parse_filter(wanted.filter, now=datetime.now(UTC)),
        facets=[FacetRequest(name, wanted.facet_values) for name in wanted.facets],
        order_by=[(wanted.order_by, direction)],
        limit=wanted.limit,
        offset=wanted.offset,
    )
    found = app.search.search(actor, request)
    return SearchPage(
        total=found.total,
        value=[FoundAsset.found(asset) for asset in found.assets],
        facets={
            name: [FacetCount(value=each.value, count=each.count) for each in values]
            for name, values in found.facets.items()
        },
        corrected=found.corrected,
    )


@router.get("/suggestions")
def suggest(
    app: App,
    actor: Asking,
    text: Annotated[str, Query(max_length=200, pattern=WITHOUT_NUL)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Suggestions:
    """What somebody may mean who has typed this much into a search box."""
    assets = app.search.suggest(actor, text, limit)
    words = app.search.autocomplete(actor, text, limit)
    return Suggestions(assets=[FoundAsset.found(asset) for asset in assets], words=words)
