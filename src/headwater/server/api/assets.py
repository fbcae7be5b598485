"""What people say of assets, and what was changed about them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from headwater.server.annotation_answers import (
    Annotations,
    AssetAddress,
    AssetChanges,
    AssetChoice,
    BulkAssetChanges,
    ChangedAssets,
    FurtherName,
    FurtherNames,
    History,
    HistoryEntry,
    Imported,
    LineChanges,
    OtherAsset,
)
from headwater.server.api import CONFLICT, MAX_NUMBER, RESPONSES, App, Asking, Limit

Sheet = Annotated[bytes, Body(media_type="text/csv", description="CSV in UTF-8, with a first line of columns")]
CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "CSV in UTF-8"}
}

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
    return History(total=total, value=[HistoryEntry.model_validate(each) for each in entries])


# -- as a sheet --------------------------------------------------------------------------------------------------------


@router.post("/export", response_class=Response, responses=CSV)
def export_assets(app: App, actor: Asking, wanted: AssetChoice) -> Response:
    """What people say of assets, as CSV."""
    return Response(app.asset_sheets.export(actor, wanted.guids, type_name=wanted.type), media_type="text/csv")


@router.post("/import", responses=CONFLICT)
def import_assets(app: App, actor: Asking, sheet: Sheet, dry_run: bool = False) -> Imported:
    """Make what a sheet says what is said of its assets; all of it, or nothing."""
    lines = app.asset_sheets.load(actor, sheet, dry_run=dry_run)
    return Imported(dry_run=dry_run, lines=[LineChanges.of(each) for each in lines])


# -- names -------------------------------------------------------------------------------------------------------------


@router.get("/{guid}/names")
def list_names(app: App, actor: Asking, guid: str) -> FurtherNames:
    """The further names of an asset."""
    return FurtherNames(value=[FurtherName.model_validate(each) for each in app.merging.names(actor, guid)])


@router.post("/{guid}/aliases", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def add_alias(app: App, actor: Asking, guid: str, address: AssetAddress) -> None:
    """Give an asset a further address."""
    app.merging.add_alias(actor, guid, address.qualified_name)


@router.delete("/{guid}/aliases", status_code=HTTPStatus.NO_CONTENT)
def remove_alias(app: App, actor: Asking, guid: str, qualified_name: str) -> None:
    """Take a further address away."""
    app.merging.remove_alias(actor, guid, qualified_name)


@router.post("/{guid}/merge", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def merge_asset(app: App, actor: Asking, guid: str, other: OtherAsset) -> None:
    """Make another asset a part of this one."""
    app.merging.merge(actor, guid, other.guid)


@router.post("/{guid}/unmerge", responses=CONFLICT)
def unmerge_asset(app: App, actor: Asking, guid: str, address: AssetAddress) -> OtherAsset:
    """Take apart what was merged under a name."""
    return OtherAsset(guid=app.merging.unmerge(actor, guid, address.qualified_name))
