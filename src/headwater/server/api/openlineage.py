"""The events of refreshes, as OpenLineage describes them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from headwater.server.answers import Answer
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking, Limit

router = APIRouter(prefix="/api/openlineage", tags=["lineage"], responses=RESPONSES)


class LineageEvents(Answer):
    """A page of events; ``after`` asks for the next one, null at the end."""

    value: list[dict[str, Any]]
    after: int | None


@router.get("/events")
def list_events(
    app: App,
    actor: Asking,
    *,
    since: Annotated[AwareDatetime | None, Query(description="events of this moment and later")] = None,
    after: Annotated[int | None, Query(ge=0, le=MAX_NUMBER, description="what the page before said")] = None,
    limit: Limit = 100,
) -> LineageEvents:
    """The OpenLineage run events of those dataflows that may be seen, the oldest first."""
    page = app.openlineage.events(actor, since=since, after=after, limit=limit)
    return LineageEvents(value=[dict(event) for event in page.events], after=page.after)
