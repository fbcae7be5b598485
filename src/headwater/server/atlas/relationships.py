"""Relationships one by one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.catalog.entities import relating
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, OptionalBody, as_object, flag, json_answer, nothing

router = APIRouter()


@router.post("/relationship")
def create(app: App, actor: Asking, body: Body) -> Response:
    """Relate two entities."""
    return json_answer(relating.create_relationship(app.database, actor, as_object(body)).shown)


@router.put("/relationship")
def update(app: App, actor: Asking, request: Request, body: OptionalBody) -> Response:
    """Set the attributes of a relationship. One client sends what is in the body as a query: its guid is read there."""
    stated = {"guid": request.query_params.get("guid")} if body is None else as_object(body)
    return json_answer(relating.update_relationship(app.database, actor, stated).shown)


@router.get("/relationship/guid/{guid}")
def get(app: App, actor: Asking, request: Request, guid: str) -> Response:
    """One relationship, with its ends in short if ``extendedInfo`` is asked for."""
    found = relating.get_relationship(app.database, actor, guid)
    extended = flag(request.query_params, "extendedInfo")
    return json_answer({"relationship": found.shown, "referredEntities": found.ends if extended else {}})


@router.delete("/relationship/guid/{guid}")
def delete(app: App, actor: Asking, guid: str) -> Response:
    """Remove a relationship."""
    relating.delete_relationship(app.database, actor, guid)
    return nothing()
