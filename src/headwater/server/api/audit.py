"""The audit log: read, exported, and shortened."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from headwater.access.audit import Filter
from headwater.app.administration.audit import events_named
from headwater.server.access_answers import AuditEvent, AuditEvents, AuditResult, Removed, Retention
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking, Limit

router = APIRouter(prefix="/api/audit", tags=["audit"], responses=RESPONSES)


def _filter(
    *,
    since: Annotated[AwareDatetime | None, Query(description="this moment or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="before this moment")] = None,
    event: Annotated[list[str] | None, Query(max_length=100, description="may be repeated")] = None,
    result: AuditResult | None = None,
    actor_id: Annotated[str | None, Query(max_length=36)] = None,
    target: Annotated[str | None, Query(max_length=255, description="like user:ID")] = None,
    request_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Filter:
    return Filter(since, until, events_named(event or ()), result, actor_id, target, request_id)


Wanted = Annotated[Filter, Depends(_filter)]
ScopeText = Annotated[
    str | None, Query(max_length=1_000, description="what happened there and below; like collection:NAME or scope:ID")
]


@router.get("")
def list_events(
    app: App,
    actor: Asking,
    wanted: Wanted,
    *,
    scope: ScopeText = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_NUMBER, description="what the page before said")] = None,
    limit: Limit = 50,
) -> AuditEvents:
    """What happened, the newest first, a page at a time."""
    page = app.audit.events(actor, wanted, scope=scope, before=before, limit=limit)
    return AuditEvents(total=page.total, before=page.before, value=[AuditEvent.of(event) for event in page.events])


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "An event a line, the oldest first"}},
)
def export_events(app: App, actor: Asking, wanted: Wanted, scope: ScopeText = None) -> StreamingResponse:
    """What happened, as JSON lines."""
    return StreamingResponse(
        app.audit.export(actor, wanted, scope=scope),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
    )


@router.post("/retention")
def retain(app: App, actor: Asking, wanted: Retention) -> Removed:
    """Remove what is older than so many days; that is recorded too."""
    return Removed(removed=app.audit.retain(actor, wanted.days))
