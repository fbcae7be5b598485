"""Entities: written one or many at a time, read and deleted by guid or by name."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headwater.catalog.discovery.classified import classified_since
from headwater.catalog.entities import answering
from headwater.catalog.entities.deleting import delete_entities
from headwater.catalog.entities.finding import Target
from headwater.catalog.entities.saving import BusinessUpdate, Mutation, Saved, save_entities
from headwater.catalog.entities.updating import update_by_name, update_one_attribute
from headwater.catalog.records import AssetRef
from headwater.errors import NotFoundError, UsageError
from headwater.server.api import App, Asking
from headwater.server.atlas.requests import Unique
from headwater.server.json_bodies import Body, as_list, as_object, flag, json_answer

router = APIRouter()

_NAMED: Final = re.compile(r"attr_\w+:qualifiedName")


@router.post("/entity")
@router.post("/entity/bulk")
def create_or_update(app: App, actor: Asking, request: Request, body: Body) -> Response:
    """Create and change entities; clients send one and many to either address."""
    entities, referred = sent_entities(body)
    query = request.query_params
    mutation = save_entities(
        app.database,
        actor,
        entities,
        referred,
        collection=query.get("collectionId"),
        business=BusinessUpdate.read(query.get("businessAttributeUpdateBehavior")),
    )
    app.search.catch_up_soon()
    return json_answer(mutation_answer(mutation))


@router.get("/entity/bulk")
def list_by_guids(app: App, actor: Asking, request: Request) -> Response:
    """Entities by their guids."""
    guids = _guids(request)
    found, inner = answering.get_by_guid(app.database, actor, guids, **_extent(request))
    return json_answer({"entities": found, "referredEntities": inner})


@router.delete("/entity/bulk")
def delete_by_guids(app: App, actor: Asking, request: Request) -> Response:
    """Delete entities by their guids."""
    return _deleted(app, actor, _guids(request))


@router.get("/entity/bulk/headers")
def list_classified(app: App, actor: Asking, since: Annotated[int, Query(alias="tagUpdateStartTime")] = 0) -> Response:
    """Entities in short, by when they were classified."""
    return json_answer({"guidHeaderMap": classified_since(app.database, actor, since)})


@router.get("/entity/bulk/uniqueAttribute/type/{type_name}")
def list_by_names(app: App, actor: Asking, request: Request, type_name: str) -> Response:
    """Entities of a type by their names; where there is none, the answer has no ``entities``."""
    names = [value for key, value in request.query_params.multi_items() if _NAMED.fullmatch(key)]
    targets = [AssetRef(type_name, name) for name in names]
    found, inner = answering.list_by_name(app.database, actor, targets, **_extent(request))
    return json_answer({"referredEntities": inner} | ({"entities": found} if found else {}))


@router.get("/entity/guid/{guid}")
def get_by_guid(app: App, actor: Asking, request: Request, guid: str) -> Response:
    """One entity, also a deleted one."""
    (entity,), inner = answering.get_by_guid(app.database, actor, [guid], **_extent(request))
    return json_answer({"entity": entity, "referredEntities": inner})


@router.put("/entity/guid/{guid}")
def update_attribute(app: App, actor: Asking, request: Request, guid: str, body: Body) -> Response:
    """Set one attribute; the body is its value."""
    name = request.query_params.get("name")
    if not name:
        raise UsageError("The request names no attribute.", hint="Give name=… in the address.")
    return json_answer(_partial(update_one_attribute(app.database, actor, guid, name, body)))


@router.delete("/entity/guid/{guid}")
def delete_by_guid(app: App, actor: Asking, guid: str) -> Response:
    """Delete one entity."""
    return _deleted(app, actor, [guid])


@router.get("/entity/guid/{guid}/header")
def get_header(app: App, actor: Asking, guid: str) -> Response:
    """One entity in short."""
    return json_answer(answering.get_header(app.database, actor, guid))


@router.get("/entity/uniqueAttribute/type/{type_name}")
def get_by_name(app: App, actor: Asking, request: Request, unique: Unique) -> Response:
    """One entity by its name."""
    (entity,), inner = answering.get_by_name(app.database, actor, unique, **_extent(request))
    return json_answer({"entity": entity, "referredEntities": inner})


@router.get("/entity/uniqueAttribute/type/{type_name}/header")
def get_header_by_name(app: App, actor: Asking, unique: Unique) -> Response:
    """One entity in short, by its name."""
    return json_answer(answering.get_header(app.database, actor, unique))


@router.put("/entity/uniqueAttribute/type/{type_name}")
def update_attributes_by_name(app: App, actor: Asking, unique: Unique, body: Body) -> Response:
    """Change an entity that there is, by its name."""
    entity = as_object(as_object(body).get("entity"), "entity")
    mutation = update_by_name(app.database, actor, unique, entity, _referred(body))
    return json_answer(_partial(mutation))


@router.delete("/entity/uniqueAttribute/type/{type_name}")
def delete_by_name(app: App, actor: Asking, unique: Unique) -> Response:
    """Delete an entity by its name."""
    return _deleted(app, actor, [unique])


def mutation_answer(mutation: Mutation) -> dict[str, Any]:
    """What a request did, as Atlas says it."""
    done = {"CREATE": mutation.created, "UPDATE": mutation.updated}
    mutated = {action: [saved_header(each) for each in saved] for action, saved in done.items() if saved}
    return {"mutatedEntities": mutated, "guidAssignments": mutation.assigned}


def saved_header(saved: Saved, *, status: str = "ACTIVE") -> dict[str, Any]:
    """An entity that was just written or deleted, in short."""
    return {
        "typeName": saved.type_name,
        "attributes": {"qualifiedName": saved.qualified_name, "name": saved.display_name},
        "lastModifiedTS": str(saved.version),
        "guid": saved.guid,
        "status": status,
        "displayText": saved.display_name,
        "classificationNames": [],
        "meaningNames": [],
        "isIncomplete": False,
        "labels": [],
    }


def _partial(mutation: Mutation) -> dict[str, Any]:
    changed = [saved_header(each) for each in (*mutation.created, *mutation.updated)]
    return {
        "mutatedEntities": {"PARTIAL_UPDATE": changed} if changed else {},
        "partialUpdatedEntities": changed,
        "guidAssignments": {},
    }


def _deleted(app: App, actor: Asking, targets: list[Target] | list[str] | list[AssetRef]) -> Response:
    gone = [saved_header(each, status="DELETED") for each in delete_entities(app.database, actor, list(targets))]
    return json_answer({"mutatedEntities": {"DELETE": gone} if gone else {}, "guidAssignments": {}})


def sent_entities(body: Any) -> tuple[list[Any], list[Any]]:
    """The entities of a request, one or many, and those that it refers to; UsageError where there is none."""
    stated = as_object(body)
    entities = [as_object(stated["entity"], "entity")] if stated.get("entity") is not None else []
    if stated.get("entities") is not None:
        entities += as_list(stated["entities"], "entities")
    if not entities:
        raise UsageError("The request has no entity.", hint='Send {"entities": […]} or {"entity": {…}}.')
    return entities, _referred(stated)


def _referred(body: Any) -> list[Any]:
    """What ``referredEntities`` holds; an entity's key is its guid, where it does not say it itself."""
    referred = as_object(as_object(body).get("referredEntities") or {}, "referredEntities")
    return [{"guid": guid, **as_object(entity, "entity")} for guid, entity in referred.items()]


def _guids(request: Request) -> list[str]:
    guids = request.query_params.getlist("guid")
    if not guids:
        raise NotFoundError(
            "The request names no asset.", hint="Give guid=… in the address.", code="catalog.asset_unknown"
        )
    return guids


def _extent(request: Request) -> dict[str, bool]:
    query = request.query_params
    return {"minimal": flag(query, "minExtInfo"), "relationships": not flag(query, "ignoreRelationships")}
