"""What people say of entities: classifications, labels, business attributes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.catalog.entities import business, business_csv, classifying, labelling
from headwater.server.api import App, Asking
from headwater.server.atlas.files import uploaded_file
from headwater.server.atlas.requests import Unique
from headwater.server.json_bodies import (
    Body,
    OptionalBody,
    RawBody,
    as_list,
    as_object,
    flag,
    json_answer,
    nothing,
)

router = APIRouter()

_BY_GUID = "/entity/guid/{guid}"
_BY_NAME = "/entity/uniqueAttribute/type/{type_name}"


# -- classifications ---------------------------------------------------------------------------------------------------


@router.post("/entity/bulk/classification")
def classify_many(app: App, actor: Asking, body: Body) -> Response:
    """Give one classification to several entities."""
    stated = as_object(body)
    one = as_object(stated.get("classification"), "classification")
    guids = [str(guid) for guid in as_list(stated.get("entityGuids"), "entityGuids")]
    classifying.add_classifications(app.database, actor, guids, [one])
    return nothing()


@router.post("/entity/bulk/setClassifications")
def set_classifications(app: App, actor: Asking, body: Body) -> Response:
    """Make these the classifications of several entities."""
    headers = as_object(as_object(body).get("guidHeaderMap"), "guidHeaderMap")
    return json_answer(classifying.set_classifications(app.database, actor, headers))


@router.get(f"{_BY_GUID}/classifications")
def get_classifications(app: App, actor: Asking, guid: str) -> Response:
    """The classifications of an entity."""
    found = classifying.classifications(app.database, actor, guid)
    page = {"startIndex": 0, "pageSize": len(found), "totalCount": len(found), "sortType": "NONE"}
    return json_answer({"list": found, **page})


@router.post(f"{_BY_GUID}/classifications")
def add_classifications(app: App, actor: Asking, guid: str, body: Body) -> Response:
    """Give an entity classifications."""
    classifying.add_classifications(app.database, actor, [guid], as_list(body))
    return nothing()


@router.put(f"{_BY_GUID}/classifications")
def update_classifications(app: App, actor: Asking, guid: str, body: Body) -> Response:
    """Change classifications of an entity."""
    classifying.update_classifications(app.database, actor, guid, as_list(body))
    return nothing()


@router.get(_BY_GUID + "/classification/{name}")
def get_classification(app: App, actor: Asking, guid: str, name: str) -> Response:
    """One classification of an entity."""
    return json_answer(classifying.classification(app.database, actor, guid, name))


@router.delete(_BY_GUID + "/classification/{name}")
def remove_classification(app: App, actor: Asking, guid: str, name: str) -> Response:
    """Take a classification from an entity."""
    classifying.remove_classification(app.database, actor, guid, name)
    return nothing()


@router.post(f"{_BY_NAME}/classifications")
def add_classifications_by_name(app: App, actor: Asking, unique: Unique, body: Body) -> Response:
    """Give an entity classifications, by its name."""
    classifying.add_classifications(app.database, actor, [unique], as_list(body))
    return nothing()


@router.put(f"{_BY_NAME}/classifications")
def update_classifications_by_name(app: App, actor: Asking, unique: Unique, body: Body) -> Response:
    """Change classifications of an entity, by its name."""
    classifying.update_classifications(app.database, actor, unique, as_list(body))
    return nothing()


@router.delete(_BY_NAME + "/classification/{name}")
def remove_classification_by_name(app: App, actor: Asking, unique: Unique, name: str) -> Response:
    """Take a classification from an entity, by its name."""
    classifying.remove_classification(app.database, actor, unique, name)
    return nothing()


# -- labels ------------------------------------------------------------------------------------------------------------


@router.post(f"{_BY_GUID}/labels")
def set_labels(app: App, actor: Asking, guid: str, body: OptionalBody) -> Response:
    """Make these the labels of an entity."""
    labelling.set_labels(app.database, actor, guid, body)
    return nothing()


@router.put(f"{_BY_GUID}/labels")
def add_labels(app: App, actor: Asking, guid: str, body: OptionalBody) -> Response:
    """Give an entity labels."""
    labelling.add_labels(app.database, actor, guid, body)
    return nothing()


@router.delete(f"{_BY_GUID}/labels")
def remove_labels(app: App, actor: Asking, guid: str, body: OptionalBody) -> Response:
    """Take labels from an entity."""
    labelling.remove_labels(app.database, actor, guid, body)
    return nothing()


@router.post(f"{_BY_NAME}/labels")
def set_labels_by_name(app: App, actor: Asking, unique: Unique, body: OptionalBody) -> Response:
    """Make these the labels of an entity, by its name."""
    labelling.set_labels(app.database, actor, unique, body)
    return nothing()


@router.put(f"{_BY_NAME}/labels")
def add_labels_by_name(app: App, actor: Asking, unique: Unique, body: OptionalBody) -> Response:
    """Give an entity labels, by its name."""
    labelling.add_labels(app.database, actor, unique, body)
    return nothing()


@router.delete(f"{_BY_NAME}/labels")
def remove_labels_by_name(app: App, actor: Asking, unique: Unique, body: OptionalBody) -> Response:
    """Take labels from an entity, by its name."""
    labelling.remove_labels(app.database, actor, unique, body)
    return nothing()


# -- business attributes -----------------------------------------------------------------------------------------------


@router.get("/entity/businessmetadata/import/template")
def business_template() -> Response:
    """The first line of a file of business attributes."""
    named = {"Content-Disposition": 'attachment; filename="template_business_metadata.csv"'}
    return Response(business_csv.TEMPLATE, headers=named, media_type="application/octet-stream")


@router.post("/entity/businessmetadata/import")
def import_business(app: App, actor: Asking, request: Request, body: RawBody) -> Response:
    """Set the business attributes that the lines of a file say."""
    file = uploaded_file(request.headers.get("content-type", ""), body)
    return json_answer(business_csv.import_lines(app.database, actor, file))


@router.post(f"{_BY_GUID}/businessmetadata")
def put_business(app: App, actor: Asking, request: Request, guid: str, body: Body) -> Response:
    """Set business attributes of an entity."""
    overwrite = flag(request.query_params, "isOverwrite") or flag(request.query_params, "isOverWrite")
    business.put_groups(app.database, actor, guid, as_object(body), overwrite=overwrite)
    return nothing()


@router.delete(f"{_BY_GUID}/businessmetadata")
def remove_business(app: App, actor: Asking, guid: str, body: Body) -> Response:
    """Take business attributes from an entity."""
    business.remove_groups(app.database, actor, guid, as_object(body))
    return nothing()


@router.post(_BY_GUID + "/businessmetadata/{group}")
def put_business_group(app: App, actor: Asking, guid: str, group: str, body: Body) -> Response:
    """Set business attributes of one group."""
    business.put_groups(app.database, actor, guid, {group: as_object(body)})
    return nothing()


@router.delete(_BY_GUID + "/businessmetadata/{group}")
def remove_business_group(app: App, actor: Asking, guid: str, group: str, body: OptionalBody) -> Response:
    """Take business attributes of one group; without a body all of them."""
    business.remove_groups(app.database, actor, guid, {group: as_object({} if body is None else body)})
    return nothing()
