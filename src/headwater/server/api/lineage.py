"""Lineage: the graph around an asset, the guids in it, what is next to an asset."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from headwater.app.lineage_formats import FORMS, ExportForm
from headwater.catalog import Change, LineageDirection
from headwater.server.answers import WITHOUT_NUL, Lineage, LineageImpact, LineageNeighbours, LineageReach
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking

router = APIRouter(prefix="/api/lineage", tags=["catalog"], responses=RESPONSES)

EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in FORMS.values()},
        "description": "The graph in the form that was asked for",
    }
}

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


@router.get("/{guid}/impact")
def get_impact(
    app: App,
    actor: Asking,
    guid: str,
    *,
    change: Change = "retire",
    column: Annotated[str | None, Query(max_length=1_000, pattern=WITHOUT_NUL, description="what is removed")] = None,
) -> LineageImpact:
    """What retiring an asset, or removing or changing one of its columns, would hit, with whom to tell."""
    return LineageImpact.model_validate(app.lineage.impact(actor, guid, change, column))


@router.get("/{guid}/export", response_class=StreamingResponse, responses=EXPORTED)
def export_lineage(
    app: App,
    actor: Asking,
    guid: str,
    *,
    form: Annotated[ExportForm, Query(alias="format")] = "csv",
    direction: LineageDirection = "both",
    depth: Annotated[int | None, Query(ge=1, le=20, description="how many edges far; else all")] = None,
    as_of: AsOf = None,
) -> StreamingResponse:
    """The graph around an asset, whole, as a file."""
    pieces = app.lineage.export(actor, guid, form, direction, depth=depth, as_of=as_of)
    return StreamingResponse(_gathered(pieces), media_type=FORMS[form])


def _gathered(pieces: Iterator[str], lines: int = 500) -> Iterator[str]:
    """Fewer, larger pieces: each is sent by itself."""
    while gathered := "".join(islice(pieces, lines)):
        yield gathered


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
