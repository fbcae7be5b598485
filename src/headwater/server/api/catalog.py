"""Sources, assets and lineage."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from headwater.server.answers import Asset, Assets, AssetSummary, Lineage, Scan, Source, Sources
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking

router = APIRouter(prefix="/api", tags=["catalog"], responses=RESPONSES)


@router.get("/sources")
def list_sources(app: App, actor: Asking) -> Sources:
    """Every registered source with its latest scan."""
    scans = app.last_scans(actor)
    return Sources(
        value=[
            Source(
                name=source.name,
                display_name=source.display_name,
                kind=source.kind,
                url=source.url,
                collection=source.collection,
                last_scan=Scan.model_validate(scans[source.name]) if source.name in scans else None,
            )
            for source in app.sources.list(actor)
        ]
    )


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


@router.get("/lineage/{guid}")
def get_lineage(
    app: App,
    actor: Asking,
    guid: str,
    *,
    direction: Literal["input", "output", "both"] = "both",
    depth: Annotated[int, Query(ge=1, le=20)] = 5,
    width: Annotated[int, Query(ge=1, le=1_000, description="neighbours of one asset, at most")] = 100,
) -> Lineage:
    """The lineage graph around an asset."""
    return Lineage.of(app.lineage(actor, guid, direction, depth=depth, width=width))
