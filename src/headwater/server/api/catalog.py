"""Collections and assets."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from headwater.server.answers import Asset, Assets, AssetSummary
from headwater.server.api import CONFLICT, MAX_NUMBER, RESPONSES, App, Asking
from headwater.server.source_answers import Collection, Collections, NewCollection

router = APIRouter(prefix="/api", tags=["catalog"], responses=RESPONSES)


@router.get("/collections")
def list_collections(app: App, actor: Asking) -> Collections:
    """Every collection that may be seen, by name; their parents make a tree of them."""
    return Collections(value=[Collection.model_validate(each) for each in app.collections.list(actor)])


@router.post("/collections", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def add_collection(app: App, actor: Asking, wanted: NewCollection) -> Collection:
    """Make a collection below another."""
    return Collection.model_validate(app.collections.add(actor, **wanted.model_dump()))


@router.get("/assets")
def list_assets(
    app: App,
    actor: Asking,
    *,
    type_name: Annotated[str | None, Query(alias="type")] = None,
    collection: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
) -> Assets:
    """Assets, a page at a time."""
    total, rows = app.assets.list(actor, type_name, collection, limit=limit, offset=offset)
    return Assets(total=total, value=[AssetSummary.of(asset) for asset in rows])


@router.get("/assets/{guid}")
def get_asset(app: App, actor: Asking, guid: str) -> Asset:
    """An asset with all that is known of it."""
    return Asset.in_full(app.assets.get(actor, guid))
