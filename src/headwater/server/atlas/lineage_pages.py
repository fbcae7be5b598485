"""Purview's paging of what is next to an entity, below Atlas's roots and its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from headwater.catalog.entities.lineage import next_lineage, read_direction
from headwater.server.api import App, Asking
from headwater.server.json_bodies import json_answer

router = APIRouter()

Number = Annotated[int, Query(ge=-1, le=2**31)]


@router.get("/lineage/{guid}/next")
def next_page(
    app: App,
    actor: Asking,
    guid: str,
    *,
    direction: Annotated[str, Query()] = "BOTH",
    offset: Number = 0,
    limit: Number = -1,
) -> Response:
    """Some of an entity's neighbours."""
    way = read_direction(direction)
    bound = limit if limit >= 0 else None
    return json_answer(next_lineage(app.database, actor, guid, way, offset=offset, limit=bound))
