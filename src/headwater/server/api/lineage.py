"""Lineage: the graph around an asset, the guids in it, what is next to an asset."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from headwater.catalog import LineageDirection
from headwater.server.answers import WITHOUT_NUL, Lineage, LineageNeighbours, LineageReach
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking

router = APIRouter(prefix="/api/lineage", tags=["catalog"], responses=RESPONSES)

Depth = Annotated[int, Query(ge=1, le=20, description="how many edges far")]
AsOf = Annotated[
    str | None,
    Query(max_length=64, pattern=WITHOUT_NUL, description="a moment (ISO 8601) or the id of a refresh; else now"),
]


@router.get("/{guid}")
def get_lineage(
    app: App,
    actor: Asking,
    guid: str,
    *,
    direction: LineageDirection = "both",
    depth: Depth = 5,
    width: Annotated[int, Query(ge=1, le=1_000, description="neighbours of one asset, at most")] = 100,
    as_of: AsOf = None,
) -> Lineage:
    """The lineage graph around an asset."""
    return Lineage.of(app.lineage.graph(actor, guid, direction, depth=depth, width=width, as_of=as_of))


@router.get("/{guid}/guids", response_model=LineageReach)
def get_guids(
    app: App, actor: Asking, guid: str, *, direction: LineageDirection = "both", depth: Depth = 6, as_of: AsOf = None
) -> Response:
    """The guids alone of what is up and down of an asset, however many, level by level."""
    found = app.lineage.reached(actor, guid, direction, depth=depth, as_of=as_of)
    # Tens of thousands of texts that are what they have to be: nothing would come of checking each.
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/{guid}/neighbours")
def get_neighbours(
    app: App,
    actor: Asking,
    guid: str,
    *,
    direction: Literal["input", "output"],
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    as_of: AsOf = None,
) -> LineageNeighbours:
    """What is one edge away from an asset, a page at a time, in an order that stays."""
    found = app.lineage.neighbours(actor, guid, direction, offset=offset, limit=limit, as_of=as_of)
    return LineageNeighbours.model_validate(found)
