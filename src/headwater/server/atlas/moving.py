"""Purview's own: moving entities to another collection."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.catalog.entities.moving import move_entities
from headwater.errors import UsageError
from headwater.server.api import App, Asking
from headwater.server.atlas.entities import saved_header
from headwater.server.json_bodies import Body, as_list, as_object, json_answer

router = APIRouter()


@router.post("/entity/moveTo")
def move(app: App, actor: Asking, request: Request, body: Body) -> Response:
    """Move entities to the collection that the address names."""
    collection = request.query_params.get("collectionId")
    if not collection:
        raise UsageError("The request names no collection.", hint="Give collectionId=… in the address.")
    guids = [str(guid) for guid in as_list(as_object(body).get("entityGuids"), "entityGuids")]
    moved = move_entities(app.database, actor, guids, collection)
    mutated = {"UPDATE": [saved_header(each) for each in moved]} if moved else {}
    return json_answer({"mutatedEntities": mutated, "guidAssignments": {}})
