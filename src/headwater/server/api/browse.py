"""Browsing the catalog: by collection, by source, and down from each asset."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from headwater.catalog import browsing
from headwater.server.answers import Answer
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking, Limit, Name

router = APIRouter(prefix="/api/browse", tags=["catalog"], responses=RESPONSES)

Offset = Annotated[int, Query(ge=0, le=MAX_NUMBER)]


class BrowsedCollection(Answer):
    """A collection; ``assets`` are those in itself, ``assets_below`` counts with them all that lies below it."""

    name: str
    display_name: str
    parent: str | None
    assets: int
    assets_below: int


class BrowsedCollections(Answer):
    value: list[BrowsedCollection]


class BrowsedSource(Answer):
    """A source with how many of its assets may be seen."""

    kind: str
    name: str
    collection: str
    assets: int


class BrowsedSources(Answer):
    value: list[BrowsedSource]


class BrowsedAsset(Answer):
    """An asset; ``has_children``: there is something below it."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    collection: str
    has_children: bool


class BrowsedAssets(Answer):
    """A page of assets, with how many there are in all."""

    total: int
    value: list[BrowsedAsset]

    @classmethod
    def of(cls, page: browsing.BrowsedPage) -> BrowsedAssets:
        """The answer for a page."""
        return cls(total=page.total, value=[BrowsedAsset.model_validate(each) for each in page.assets])


@router.get("/collections")
def browse_collections(app: App, actor: Asking) -> BrowsedCollections:
    """Every collection that may be seen, with how many assets may be seen in it; their parents make a tree of them."""
    found = browsing.browse_collections(app.database, actor)
    return BrowsedCollections(value=[BrowsedCollection.model_validate(each) for each in found])


@router.get("/collections/{name}")
def browse_collection(app: App, actor: Asking, name: Name, limit: Limit = 50, offset: Offset = 0) -> BrowsedAssets:
    """The outermost assets of a collection: those that nothing in the same collection contains."""
    page = browsing.browse_collection(app.database, actor, name, limit=limit, offset=offset)
    return BrowsedAssets.of(page)


@router.get("/sources")
def browse_sources(app: App, actor: Asking) -> BrowsedSources:
    """Every source that may be seen, by kind and name."""
    found = browsing.browse_sources(app.database, actor)
    return BrowsedSources(value=[BrowsedSource.model_validate(each) for each in found])


@router.get("/sources/{name}")
def browse_source(app: App, actor: Asking, name: Name, limit: Limit = 50, offset: Offset = 0) -> BrowsedAssets:
    """The outermost assets of a source: its workspace, its databases, its folders."""
    return BrowsedAssets.of(browsing.browse_source(app.database, actor, name, limit=limit, offset=offset))


@router.get("/assets/{guid}")
def browse_asset(app: App, actor: Asking, guid: str, limit: Limit = 50, offset: Offset = 0) -> BrowsedAssets:
    """What an asset contains: a workspace its models, a model its versions, a table its columns."""
    return BrowsedAssets.of(browsing.browse_children(app.database, actor, guid, limit=limit, offset=offset))
