"""Atlas's and Purview's glossary endpoints; paths are relative to Atlas's root."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import HTTP
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from headwater.catalog.glossary import GlossaryService, Part
from headwater.catalog.glossary.stating import entity_guids, listed
from headwater.catalog.sheets.atlas_terms import TEMPLATE, load_atlas_terms
from headwater.errors import NotFoundError, UsageError
from headwater.server.api import MAX_NUMBER, App, Asking
from headwater.store import utc_now

#: What an import's id begins with.
_IMPORT = 10

router = APIRouter(prefix="/glossary", tags=["glossary"])


def _service(app: App, actor: Asking) -> GlossaryService:
    # Whoever may not read the glossary is told no more than that, whatever they sent.
    app.glossary.require_reader(actor)
    return app.glossary


async def _sent(request: Request) -> Any:
    """The JSON of the body; where there is none, what stands in the query, which some clients send instead."""
    body = await request.body()
    if not body:
        return dict(request.query_params)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError("The body is no JSON.", hint="Send JSON.", code="catalog.json") from error


async def _sheet(request: Request) -> bytes:
    """The file of a form that is sent, or the body itself."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return body
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=HTTP)
    for part in form.iter_parts() if form.is_multipart() else ():
        content = part.get_payload(decode=True)
        if part.get_filename() is not None and isinstance(content, bytes):
            return content
    raise UsageError("The form has no file.", hint="Send the CSV as a file.", code="catalog.sheet")


def _part(
    limit: Annotated[int, Query(ge=-1, le=MAX_NUMBER)] = -1,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    sort: str = "ASC",
) -> Part:
    return Part(limit, offset, sort)


Glossary = Annotated[GlossaryService, Depends(_service)]
Sheet = Annotated[bytes, Depends(_sheet)]
Sent = Annotated[Any, Depends(_sent)]
Listed = Annotated[Part, Depends(_part)]
Ignoring = Annotated[bool, Query(alias="ignoreTermsAndCategories")]


def _json(value: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


def _nothing() -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT)


# -- glossaries --------------------------------------------------------------------------------------------------------


@router.get("")
def list_glossaries(glossary: Glossary, actor: Asking, part: Listed, ignoring: Ignoring = False) -> Response:
    """Every glossary."""
    return _json(glossary.glossaries(actor, part, with_members=not ignoring))


@router.post("")
def add_glossary(glossary: Glossary, actor: Asking, sent: Sent) -> Response:
    """Make a glossary."""
    return _json(glossary.add_glossary(actor, sent))


@router.get("/{guid}")
def get_glossary(glossary: Glossary, actor: Asking, guid: str, ignoring: Ignoring = False) -> Response:
    """One glossary."""
    return _json(glossary.glossary(actor, guid, with_members=not ignoring))


@router.get("/{guid}/detailed")
def get_detailed_glossary(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """A glossary with its terms and categories in full."""
    return _json(glossary.detailed_glossary(actor, guid))


@router.put("/{guid}")
def change_glossary(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """State a glossary anew."""
    return _json(glossary.change_glossary(actor, guid, sent))


@router.put("/{guid}/partial")
def change_part_of_glossary(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """Change some attributes of a glossary."""
    return _json(glossary.change_glossary(actor, guid, sent, whole=False))


@router.delete("/{guid}")
def remove_glossary(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """Delete a glossary with what is in it."""
    glossary.remove_glossary(actor, guid)
    return _nothing()


@router.get("/{guid}/terms")
def list_terms(glossary: Glossary, actor: Asking, guid: str, part: Listed) -> Response:
    """The terms of a glossary."""
    return _json(glossary.terms(actor, guid, part))


@router.get("/{guid}/terms/headers")
def list_term_headers(glossary: Glossary, actor: Asking, guid: str, part: Listed) -> Response:
    """The terms of a glossary in short."""
    return _json(glossary.term_headers(actor, guid, part))


@router.get("/name/{name}/terms")
def list_terms_by_name(glossary: Glossary, actor: Asking, name: str, part: Listed) -> Response:
    """The terms of the glossary of a name."""
    return _json(glossary.terms(actor, glossary.glossary_guid(actor, name), part))


@router.get("/{guid}/categories")
def list_categories(glossary: Glossary, actor: Asking, guid: str, part: Listed) -> Response:
    """The categories of a glossary."""
    return _json(glossary.categories(actor, guid, part))


@router.get("/{guid}/categories/headers")
def list_category_headers(glossary: Glossary, actor: Asking, guid: str, part: Listed) -> Response:
    """The categories of a glossary in short."""
    return _json([_header(each) for each in glossary.categories(actor, guid, part)])


def _header(category: Mapping[str, Any]) -> Mapping[str, Any]:
    parent = category.get("parentCategory")
    header = {
        "categoryGuid": category["guid"],
        "relationGuid": category["anchor"]["relationGuid"],
        "displayText": category["name"],
    }
    return header if parent is None else {**header, "parentCategoryGuid": parent["categoryGuid"]}


# -- terms -------------------------------------------------------------------------------------------------------------


@router.post("/term")
def add_term(glossary: Glossary, actor: Asking, sent: Sent) -> Response:
    """Make a term."""
    return _json(glossary.add_terms(actor, [sent])[0])


@router.post("/terms")
def add_terms(glossary: Glossary, actor: Asking, sent: Sent) -> Response:
    """Make terms, all or none."""
    return _json(glossary.add_terms(actor, sent))


@router.get("/term/{guid}")
def get_term(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """One term."""
    return _json(glossary.term(actor, guid))


@router.put("/term/{guid}")
def change_term(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """State a term anew."""
    return _json(glossary.change_term(actor, guid, sent))


@router.put("/term/{guid}/partial")
def change_part_of_term(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """Change some attributes of a term."""
    return _json(glossary.change_term(actor, guid, sent, whole=False))


@router.delete("/term/{guid}")
def remove_term(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """Delete a term."""
    glossary.remove_term(actor, guid)
    return _nothing()


@router.get("/terms/{guid}/related")
def list_related_terms(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """The terms that a term is related to."""
    return _json(glossary.related_terms(actor, guid))


@router.get("/terms/{guid}/assignedEntities")
def list_assigned_entities(glossary: Glossary, actor: Asking, guid: str, part: Listed) -> Response:
    """The assets that a term is given to."""
    return _json(glossary.assigned(actor, guid, part))


@router.post("/terms/{guid}/assignedEntities")
def assign_term(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """Give a term to assets."""
    glossary.assign(actor, guid, entity_guids(sent))
    return _nothing()


@router.api_route("/terms/{guid}/assignedEntities", methods=["PUT", "DELETE"])
def unassign_term(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """Take a term from assets."""
    glossary.unassign(actor, guid, entity_guids(sent))
    return _nothing()


# -- terms as CSV ------------------------------------------------------------------------------------------------------


@router.post("/{guid}/terms/export")
def export_terms(_glossary: Glossary, app: App, actor: Asking, guid: str, sent: Sent) -> Response:
    """Terms of a glossary as CSV: those whose guids are sent, or all."""
    terms = [str(each) for each in listed(sent, "terms")] if sent else None
    return Response(app.term_sheets.export(actor, guid, terms), media_type="text/csv; charset=utf-8")


@router.post("/{guid}/terms/import")
def import_terms(_glossary: Glossary, app: App, actor: Asking, guid: str, sheet: Sheet) -> Response:
    """Make and change terms as a CSV file says; it is done when this answers, and its operation says so."""
    return _imported(len(app.term_sheets.load(actor, guid, sheet)))


@router.post("/name/{name}/terms/import")
def import_terms_by_name(glossary: Glossary, app: App, actor: Asking, name: str, sheet: Sheet) -> Response:
    """As above, for the glossary of a name."""
    return import_terms(glossary, app, actor, glossary.glossary_guid(actor, name), sheet)


@router.get("/terms/import/{operation}")
def get_import(_glossary: Glossary, operation: str) -> Response:
    """How an import went."""
    return _json(_operation(operation))


@router.get("/import/template")
def get_import_template(_glossary: Glossary) -> Response:
    """Atlas's own kind of file, with no lines yet."""
    return Response(TEMPLATE, media_type="application/octet-stream")


@router.post("/import")
def import_atlas_terms(_glossary: Glossary, app: App, actor: Asking, sheet: Sheet) -> Response:
    """Make and change terms as a file of Atlas's own kind says, of all glossaries that it names; all, or none."""
    imported = load_atlas_terms(app.database, actor, sheet)
    done = [
        {"parentObjectName": glossary, "childObjectName": name, "importStatus": "SUCCESS", "remarks": guid}
        for (glossary, name), guid in imported.items()
    ]
    return _json({"failedImportInfoList": [], "successImportInfoList": done})


def _imported(count: int) -> Response:
    at = int(utc_now().timestamp() * 1000)
    operation = str(UUID(int=(_IMPORT << 120) | (count << 64) | at))
    return _json(_operation(operation), HTTPStatus.ACCEPTED)


def _operation(operation: str) -> Mapping[str, Any]:
    """What an import's id says of it: an import has ended when its id is told, and the id holds when and how many."""
    try:
        value = UUID(operation).int
    except ValueError:
        value = 0
    if value >> 120 != _IMPORT:
        raise NotFoundError(f"There is no import '{operation}'.", hint="Import the terms.")
    at, count = value & (2**64 - 1), (value >> 64) & (2**56 - 1)
    ended = datetime.fromtimestamp(at / 1000, UTC).isoformat()
    counts = {"importedTerms": str(count), "totalTermsDetected": str(count)}
    return {"id": operation, "status": "SUCCESS", "createTime": ended, "lastUpdateTime": ended, "properties": counts}


# -- categories --------------------------------------------------------------------------------------------------------


@router.post("/category")
def add_category(glossary: Glossary, actor: Asking, sent: Sent) -> Response:
    """Make a category."""
    return _json(glossary.add_categories(actor, [sent])[0])


@router.post("/categories")
def add_categories(glossary: Glossary, actor: Asking, sent: Sent) -> Response:
    """Make categories, all or none."""
    return _json(glossary.add_categories(actor, sent))


@router.get("/category/{guid}")
def get_category(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """One category."""
    return _json(glossary.category(actor, guid))


@router.put("/category/{guid}")
def change_category(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """State a category anew."""
    return _json(glossary.change_category(actor, guid, sent))


@router.put("/category/{guid}/partial")
def change_part_of_category(glossary: Glossary, actor: Asking, guid: str, sent: Sent) -> Response:
    """Change some attributes of a category."""
    return _json(glossary.change_category(actor, guid, sent, whole=False))


@router.delete("/category/{guid}")
def remove_category(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """Delete a category; its terms stay."""
    glossary.remove_category(actor, guid)
    return _nothing()


@router.get("/category/{guid}/related")
def list_related_categories(glossary: Glossary, actor: Asking, guid: str) -> Response:
    """What stands above and below a category."""
    return _json(glossary.related_categories(actor, guid))


@router.get("/category/{guid}/terms")
def list_category_terms(glossary: Glossary, actor: Asking, guid: str, part: Listed) -> Response:
    """The terms in a category, in short."""
    found = glossary.category(actor, guid).get("terms", [])
    if part.sort.upper() == "DESC":
        found = found[::-1]
    first, count = part.offset, part.limit
    return _json(found[first:] if count < 0 else found[first : first + count])
