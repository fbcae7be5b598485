"""What people say of assets, and what was changed about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from headwater.server.annotation_answers import Annotations, AssetChanges, BulkAssetChanges, ChangedAssets, History
from headwater.server.annotation_answers import HistoryEntry as Entry
from headwater.server.api import CONFLICT, MAX_NUMBER, RESPONSES, App, Asking, Limit

router = APIRouter(prefix="/api/assets", tags=["catalog"], responses=RESPONSES)


@router.get("/{guid}/annotations")
def get_annotations(app: App, actor: Asking, guid: str) -> Annotations:
    """What people say of an asset."""
    return Annotations.of(app.annotations.get(actor, guid))


@router.patch("/{guid}", responses=CONFLICT)
def annotate_asset(app: App, actor: Asking, guid: str, changes: AssetChanges) -> Annotations:
    """Say something of an asset."""
    app.annotations.annotate(actor, [guid], changes.saying())
    return Annotations.of(app.annotations.get(actor, guid))


@router.post("/bulk", responses=CONFLICT)
def annotate_assets(app: App, actor: Asking, wanted: BulkAssetChanges) -> ChangedAssets:
    """Say something of many assets; of all, or of none."""
    return ChangedAssets(changed=app.annotations.annotate(actor, wanted.guids, wanted.changes.saying()))


@router.get("/{guid}/history")
def get_history(
    app: App,
    actor: Asking,
    guid: str,
    *,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
) -> History:
    """Who changed what of an asset, and when; the newest first."""
    total, entries = app.annotations.history(actor, guid, limit=limit, offset=offset)
    return History(total=total, value=[Entry.model_validate(each) for each in entries])
