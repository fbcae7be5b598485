"""Collections as Purview's account service has them."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.access import Actor
from headwater.app.runtime import Headwater
from headwater.catalog.collections import Collection
from headwater.errors import NotFoundError, UsageError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_object, json_answer, nothing
from headwater.server.purview.pages import page, text_of
from headwater.store import tables

router = APIRouter()

#: What Purview lets a new collection be called; those that were made elsewhere keep their names.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,35}")


@router.get("/collections")
def list_collections(app: App, actor: Asking, request: Request) -> Response:
    """Every collection that may be seen."""
    return page(request, app.collections.list(actor), lambda each: each.name, shown)


@router.get("/collections/{name}")
def get_collection(app: App, actor: Asking, name: str) -> Response:
    """A collection."""
    return json_answer(shown(app.collections.get(actor, name)))


@router.put("/collections/{name}")
def create_or_update_collection(app: App, actor: Asking, name: str, body: Body) -> Response:
    """Make a collection, or change its name for people, its description and where it lies."""
    stated = as_object(body)
    display_name, description = _text(stated, "friendlyName"), _text(stated, "description")
    parent = _text(as_object(stated.get("parentCollection") or {}, "parentCollection"), "referenceName")
    if _is_there(app, actor, name):
        changed = app.collections.change(actor, name, display_name=display_name, description=description, parent=parent)
        return json_answer(shown(changed))
    if not _NAME.fullmatch(name):
        raise UsageError(
            "This cannot be a collection's name.",
            hint="Use 3 to 36 letters, digits, hyphens and underscores; friendlyName takes any text.",
        )
    holder = parent or tables.ROOT_COLLECTION
    return json_answer(
        shown(app.collections.add(actor, name, display_name or "", holder, description=description or ""))
    )


@router.delete("/collections/{name}")
def delete_collection(app: App, actor: Asking, name: str) -> Response:
    """Remove a collection that is empty."""
    app.collections.remove(actor, name)
    return nothing()


@router.get("/collections/{name}/getChildCollectionNames")
def list_child_collection_names(app: App, actor: Asking, request: Request, name: str) -> Response:
    """The names of the collections right below one."""
    found = app.collections.children(actor, name)
    return page(request, found, lambda each: each.name, _names)


@router.get("/collections/{name}/getCollectionPath")
def get_collection_path(app: App, actor: Asking, name: str) -> Response:
    """The names of the collections above one, the topmost first."""
    above = app.collections.above(actor, name)
    friendly = [each.display_name for each in above]
    return json_answer({"parentNameChain": [each.name for each in above], "parentFriendlyNameChain": friendly})


def shown(collection: Collection) -> dict[str, Any]:
    """A collection as Purview shows it; the topmost that somebody may see has no parent."""
    answer: dict[str, Any] = {
        "name": collection.name,
        "friendlyName": collection.display_name,
        "description": collection.description,
        "systemData": {"createdAt": text_of(collection.created_at), "createdBy": collection.created_by},
        "collectionProvisioningState": "Succeeded",
    }
    if collection.parent is not None:
        answer["parentCollection"] = {"type": "CollectionReference", "referenceName": collection.parent}
    return answer


def _names(collection: Collection) -> dict[str, str]:
    return {"name": collection.name, "friendlyName": collection.display_name}


def _is_there(app: Headwater, actor: Actor, name: str) -> bool:
    try:
        app.collections.get(actor, name)
    except NotFoundError:
        return False
    return True


def _text(stated: dict[str, Any], name: str) -> str | None:
    value = stated.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} is no text.", hint="Send a text, or leave it out.")
    return value
