"""Atlas's searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headwater.catalog.discovery.atlas import AtlasSearch, Page
from headwater.catalog.discovery.saved import SavedSearches
from headwater.errors import UsageError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_object, json_answer, nothing

router = APIRouter(prefix="/search")

Limit = Annotated[int, Query(ge=0, le=10_000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/basic")
def basic(app: App, actor: Asking, request: Request) -> Response:
    """Entities by words, type and classification, all of it in the address."""
    return json_answer(AtlasSearch(app.database, app.search).basic(actor, dict(request.query_params)))


@router.post("/basic")
def faceted(app: App, actor: Asking, body: Body) -> Response:
    """Entities by words, type, classification, term and filters."""
    return json_answer(AtlasSearch(app.database, app.search).basic(actor, as_object(body)))


@router.get("/fulltext")
def full_text(app: App, actor: Asking, request: Request) -> Response:
    """Entities by words, with how well each fits."""
    return json_answer(AtlasSearch(app.database, app.search).full_text(actor, dict(request.query_params)))


@router.get("/quick")
def quick(app: App, actor: Asking, request: Request) -> Response:
    """Entities by words, with how they divide."""
    return json_answer(AtlasSearch(app.database, app.search).quick(actor, dict(request.query_params)))


@router.post("/quick")
def quick_filtered(app: App, actor: Asking, body: Body) -> Response:
    """Entities by words and filters, with how they divide."""
    return json_answer(AtlasSearch(app.database, app.search).quick(actor, as_object(body)))


@router.get("/attribute")
def attribute(app: App, actor: Asking, request: Request, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Entities of a type whose attribute begins so."""
    query = request.query_params
    found = AtlasSearch(app.database, app.search).by_attribute(
        actor,
        query.get("typeName", ""),
        query.get("attrName", ""),
        query.get("attrValuePrefix", ""),
        Page(limit, offset),
    )
    return json_answer(found)


@router.get("/relationship")
def relationship(app: App, actor: Asking, request: Request, limit: Limit = 100, offset: Offset = 0) -> Response:
    """What an entity is related to."""
    query = request.query_params
    guid, relation = query.get("guid"), query.get("relation")
    if not guid or not relation:
        raise UsageError("The request names no entity, or no relationship.", hint="Give guid=…&relation=….")
    descending = query.get("sortOrder", "").upper().endswith("DESCENDING")
    page = Page(limit, offset, descending=descending)
    return json_answer(AtlasSearch(app.database, app.search).related(actor, guid, relation, page))


@router.get("/dsl")
def dsl(app: App, actor: Asking, request: Request, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Entities by a query in Atlas's language."""
    query = request.query_params
    text = query.get("query", "").strip()
    type_name, classification = query.get("typeName"), query.get("classification")
    # Atlas puts the type and the classification of the address in front.
    if type_name and not text.lower().startswith(("from ", type_name.lower())):
        text = f"`{type_name}` {text}"
    elif classification and not text:
        text = f"`{classification}`"
    return json_answer(AtlasSearch(app.database, app.search).dsl(actor, text, limit, offset))


@router.get("/suggestions")
def suggestions(app: App, actor: Asking, request: Request) -> Response:
    """What a prefix may become."""
    query = request.query_params
    found = AtlasSearch(app.database, app.search).suggestions(
        actor, query.get("prefixString", "")[:200], query.get("fieldName", "")[:255]
    )
    return json_answer(found)


# -- searches that people keep --


@router.get("/saved")
def list_saved(app: App, actor: Asking) -> Response:
    """One's own searches."""
    return json_answer(SavedSearches(app.database).list(actor))


@router.post("/saved")
def add_saved(app: App, actor: Asking, body: Body) -> Response:
    """Keep a search."""
    return json_answer(SavedSearches(app.database).add(actor, as_object(body)))


@router.put("/saved")
def update_saved(app: App, actor: Asking, body: Body) -> Response:
    """Change one that is kept."""
    return json_answer(SavedSearches(app.database).update(actor, as_object(body)))


@router.get("/saved/execute/guid/{guid}")
def execute_by_guid(app: App, actor: Asking, guid: str) -> Response:
    """Search anew as one that is kept says."""
    return _execute(app, actor, SavedSearches(app.database).get(actor, guid=guid))


@router.get("/saved/execute/{name}")
def execute_by_name(app: App, actor: Asking, name: str) -> Response:
    """Search anew as one that is kept says."""
    return _execute(app, actor, SavedSearches(app.database).get(actor, name=name))


@router.get("/saved/{name}")
def get_saved(app: App, actor: Asking, name: str) -> Response:
    """One that is kept, by its name."""
    return json_answer(SavedSearches(app.database).get(actor, name=name))


@router.delete("/saved/{guid}")
def remove_saved(app: App, actor: Asking, guid: str) -> Response:
    """Forget one that is kept."""
    SavedSearches(app.database).remove(actor, guid)
    return nothing()


def _execute(app: App, actor: Asking, saved: Mapping[str, Any]) -> Response:
    search, parameters = AtlasSearch(app.database, app.search), saved.get("searchParameters") or {}
    if str(saved.get("searchType")).upper() == "ADVANCED":
        limit, offset = parameters.get("limit"), parameters.get("offset")
        return json_answer(search.dsl(actor, str(parameters.get("query") or ""), limit or 100, offset or 0))
    return json_answer(search.basic(actor, parameters))
