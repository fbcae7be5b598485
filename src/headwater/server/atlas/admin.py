"""What clients ask of a server before they trust it, and what was done to an entity."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from headwater import __version__
from headwater.catalog.entities.auditing import audit_events
from headwater.catalog.entities.purging import purge_entities
from headwater.catalog.types.documents import list_documents
from headwater.server.api import App, Asking
from headwater.server.atlas.entities import saved_header
from headwater.server.json_bodies import Body, as_list, json_answer
from headwater.store import utc_now

router = APIRouter()


@router.get("/admin/version")
def version() -> Response:
    """Which server this is."""
    told = {"Name": "headwater", "Version": __version__, "Description": "Headwater's catalog", "Revision": __version__}
    return json_answer(told)


@router.get("/admin/status")
def status() -> Response:
    """That it serves."""
    return json_answer({"Status": "ACTIVE"})


@router.get("/admin/metrics")
def metrics(app: App, actor: Asking) -> Response:
    """How many entities there are to be seen, by type."""
    counts = app.assets.counts_by_type(actor)
    general = {
        "collectionTime": int(utc_now().timestamp() * 1000),
        "entityCount": sum(counts.values()),
        "typeCount": len(list_documents(app.database, {})),
    }
    return json_answer({"data": {"general": general, "entity": {"entityActive": counts}}})


@router.put("/admin/purge")
@router.post("/admin/purge")
def purge(app: App, actor: Asking, body: Body) -> Response:
    """Forget deleted entities for good."""
    guids = [str(guid) for guid in as_list(body)]
    gone = [saved_header(each, status="PURGED") for each in purge_entities(app.database, actor, guids)]
    return json_answer({"mutatedEntities": {"PURGE": gone} if gone else {}, "guidAssignments": {}})


@router.get("/entity/{guid}/audit")
def audit(
    app: App,
    actor: Asking,
    guid: str,
    *,
    action: Annotated[str | None, Query(alias="auditAction")] = None,
    start: Annotated[str | None, Query(alias="startKey")] = None,
    count: Annotated[int, Query(ge=0, le=1_000)] = 100,
) -> Response:
    """What was done to an entity, the newest first."""
    return json_answer(audit_events(app.database, actor, guid, action=action, start=start, count=count))
