"""Types: what there are, by category, name or guid; defining one's own."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.catalog.types.defining import create_types, delete_type, delete_types, update_types
from headwater.catalog.types.documents import KINDS, find_document, grouped, headers, list_documents
from headwater.errors import NotFoundError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, json_answer, nothing

router = APIRouter()

#: What the addresses of one category's types have in them.
_CATEGORIES: Final = {category.lower().replace("_", "") + "def": category for category in KINDS.values()}


@router.get("/types/typedefs")
def list_types(app: App, request: Request) -> Response:
    """Every type, or those that the query leaves."""
    return json_answer(grouped(list_documents(app.database, request.query_params)))


@router.post("/types/typedefs")
def create(app: App, actor: Asking, body: Body) -> Response:
    """Define types."""
    return json_answer(grouped(create_types(app.database, actor, body)))


@router.put("/types/typedefs")
def update(app: App, actor: Asking, body: Body) -> Response:
    """Change types."""
    return json_answer(grouped(update_types(app.database, actor, body)))


@router.delete("/types/typedefs")
def delete_many(app: App, actor: Asking, body: Body) -> Response:
    """Delete types."""
    delete_types(app.database, actor, body)
    return nothing()


@router.get("/types/typedefs/headers")
def list_headers(app: App, request: Request) -> Response:
    """Every type in short, or those that the query leaves."""
    return json_answer(headers(list_documents(app.database, request.query_params)))


@router.get("/types/{kind}/guid/{guid}")
def get_by_guid(app: App, kind: str, guid: str) -> Response:
    """A type by its guid."""
    return json_answer(find_document(app.database, "guid", guid, _category(kind)))


@router.get("/types/{kind}/name/{name:path}")
def get_by_name(app: App, kind: str, name: str) -> Response:
    """A type by its name."""
    return json_answer(find_document(app.database, "name", name, _category(kind)))


@router.delete("/types/typedef/name/{name:path}")
def delete_one(app: App, actor: Asking, name: str) -> Response:
    """Delete a type by its name."""
    delete_type(app.database, actor, name)
    return nothing()


def _category(kind: str) -> str | None:
    if kind != "typedef" and kind not in _CATEGORIES:
        raise NotFoundError(f"There are no types of a kind '{kind}'.", hint="Ask for typedef, entitydef, …")
    return _CATEGORIES.get(kind)
