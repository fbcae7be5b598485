"""Lineage of entities."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from headwater.catalog.entities.lineage import entity_lineage, read_direction
from headwater.server.api import App, Asking
from headwater.server.atlas.requests import Unique
from headwater.server.json_bodies import json_answer

router = APIRouter()

Direction = Annotated[str, Query()]
Number = Annotated[int, Query(ge=-1, le=2**31)]


@router.get("/lineage/uniqueAttribute/type/{type_name}")
def by_name(
    app: App, actor: Asking, unique: Unique, *, direction: Direction = "BOTH", depth: Number = 3, width: Number = -1
) -> Response:
    """The lineage of an entity, by its name."""
    found = entity_lineage(
        app.database, actor, unique, read_direction(direction), depth=depth, width=width if width > 0 else None
    )
    return json_answer(found)


@router.get("/lineage/{guid}")
def by_guid(
    app: App, actor: Asking, guid: str, *, direction: Direction = "BOTH", depth: Number = 3, width: Number = -1
) -> Response:
    """The lineage of an entity."""
    found = entity_lineage(
        app.database, actor, guid, read_direction(direction), depth=depth, width=width if width > 0 else None
    )
    return json_answer(found)
