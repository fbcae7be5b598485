"""Entities in a collection, as Purview's earlier clients name it: in the address."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.catalog.entities.moving import move_entities
from headwater.catalog.entities.saving import BusinessUpdate, save_entities
from headwater.server.api import App, Asking
from headwater.server.atlas.entities import mutation_answer, saved_header, sent_entities
from headwater.server.json_bodies import Body, as_list, as_object, json_answer

router = APIRouter()


@router.post("/collections/{name}/entity")
@router.post("/collections/{name}/entity/bulk")
def create_or_update(app: App, actor: Asking, request: Request, name: str, body: Body) -> Response:
    """Create and change entities; new ones lie in the collection."""
    entities, referred = sent_entities(body)
    business = BusinessUpdate.read(request.query_params.get("businessAttributeUpdateBehavior"))
    mutation = save_entities(app.database, actor, entities, referred, collection=name, business=business)
    return json_answer(mutation_answer(mutation))


@router.post("/collections/{name}/entity/moveHere")
def move_here(app: App, actor: Asking, name: str, body: Body) -> Response:
    """Move entities to the collection."""
    guids = [str(guid) for guid in as_list(as_object(body).get("entityGuids"), "entityGuids")]
    moved = move_entities(app.database, actor, guids, name)
    mutated = {"UPDATE": [saved_header(each) for each in moved]} if moved else {}
    return json_answer({"mutatedEntities": mutated, "guidAssignments": {}})
