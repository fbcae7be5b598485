"""The OData services: one for each dataflow, of the tables that whoever asks may read."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, quote

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.access import Actor
from headwater.app.reading import OpenTable
from headwater.app.runtime import Headwater
from headwater.dataflows import PublishedTable
from headwater.errors import NotFoundError, UsageError
from headwater.server.api import App, Asking
from headwater.server.function_calls import json_body, unless_gone
from headwater.server.odata.csdl import EntityType, entity_type, metadata, schemas_of_tables
from headwater.server.odata.entities import Asked, count_answer, entity_answer, page_answer
from headwater.server.odata.errors import VERSION_HEADER
from headwater.server.odata.functions import (
    ACTION_SUFFIX,
    call_many,
    call_one,
    callable_functions,
    models_schemas,
)
from headwater.server.odata.names import decoded, encoded
from headwater.server.odata.options import options_of

router = APIRouter(prefix="/odata", include_in_schema=False)
"""OData describes itself in its own documents, and not in OpenAPI's."""

_RESOURCE: Final = re.compile(r"(?P<set>[^(/]+)(?:\((?P<key>.*)\))?(?P<count>/\$count)?", re.DOTALL)
_OF_DOCUMENTS: Final = frozenset({"$format"})
_MODELS: Final = "$models"


@router.get("")
@router.get("/")
def no_service() -> Response:
    """Each dataflow is a service of its own."""
    raise _nothing("", "/odata", "Ask for one dataflow's tables: /odata/DATAFLOW/.")


@router.get("/$models")
@router.get("/$models/")
def models_document(app: App, actor: Asking, request: Request) -> Response:
    """The functions that models are."""
    options_of(query_of(request), _OF_DOCUMENTS)
    names = [encoded(found.name.function) for found in callable_functions(app, actor)]
    imports = [{"name": name, "kind": "FunctionImport", "url": name} for name in names]
    document = {"@odata.context": f"{_root(request, _MODELS)}$metadata", "value": imports}
    return _json(orjson.dumps(document))


@router.get("/$models/$metadata")
def models_metadata(app: App, actor: Asking, request: Request) -> Response:
    """What the functions take and give."""
    check_version(request)
    document = metadata(models_schemas(list(callable_functions(app, actor))))
    return Response(document, headers=VERSION_HEADER, media_type="application/xml")


@router.get("/$models/{resource:path}")
def call_function(app: App, actor: Asking, request: Request, resource: str) -> Response:
    """A function, called for one row."""
    options_of(query_of(request), _OF_DOCUMENTS)
    found = _RESOURCE.fullmatch(resource)
    if found is None or found["key"] is None or found["count"]:
        raise _nothing(resource, _MODELS, "Call a function with its arguments: name(a=1,b='x').")
    name = decoded(found["set"])
    return _json(call_one(app, actor, name, found["key"], _root(request, _MODELS)))


@router.post("/$models/{resource:path}")
async def call_action(app: App, actor: Asking, request: Request, resource: str) -> Response:
    """A function, called for many rows."""
    if not resource.endswith(ACTION_SUFFIX):
        raise _nothing(resource, _MODELS, f"Post rows to NAME{ACTION_SUFFIX}.")
    name, root = decoded(resource.removesuffix(ACTION_SUFFIX)), _root(request, _MODELS)
    body = await json_body(request)
    with app.runs.start(actor, name) as run:
        return _json(await unless_gone(request, run, lambda: call_many(app, actor, run, name, body=body, root=root)))


@router.get("/{dataflow}")
@router.get("/{dataflow}/")
def service_document(app: App, actor: Asking, request: Request, dataflow: str) -> Response:
    """The entity sets."""
    options_of(query_of(request), _OF_DOCUMENTS)
    tables = _tables(app, actor, dataflow)
    root = _root(request, dataflow)
    sets = [{"name": encoded(table.entity), "kind": "EntitySet", "url": encoded(table.entity)} for table in tables]
    document = {"@odata.context": f"{root}$metadata", "value": sets}
    return _json(orjson.dumps(document))


@router.get("/{dataflow}/$metadata")
def metadata_document(app: App, actor: Asking, request: Request, dataflow: str) -> Response:
    """What the sets hold."""
    check_version(request)
    keys = app.tables.keys(dataflow)
    types = [_entity_type(app, actor, table, keys.get(table.entity, ())) for table in _tables(app, actor, dataflow)]
    return Response(metadata(schemas_of_tables(types)), headers=VERSION_HEADER, media_type="application/xml")


@router.get("/{dataflow}/{resource:path}")
def resource(app: App, actor: Asking, request: Request, dataflow: str, resource: str) -> Response:
    """A set, its count, or one of its entities."""
    check_version(request)
    found = _RESOURCE.fullmatch(resource)
    if found is None or (found["key"] is not None and found["count"]):
        raise _nothing(resource, dataflow, "The service document lists what there is.")
    entity = decoded(found["set"])
    asked = Asked.of(_root(request, dataflow), entity, query_of(request), request.headers)
    opened = app.reading.open(actor, dataflow, entity, asked.options.version)
    if found["key"] is not None:
        return entity_answer(app.reading, opened, asked, _keys(app, opened), found["key"])
    answer = count_answer if found["count"] else page_answer
    return answer(app.reading, opened, asked)


def _tables(app: Headwater, actor: Actor, dataflow: str) -> list[PublishedTable]:
    """The tables of a dataflow that may be read; where there is none, there is no service."""
    found = [table for table in app.tables.list(actor) if table.dataflow == dataflow]
    if not found:
        raise NotFoundError(
            f"There is no dataflow '{dataflow}' with tables to read.", hint="List the tables, or refresh the dataflow."
        )
    return found


def _entity_type(app: Headwater, actor: Actor, table: PublishedTable, keys: tuple[str, ...]) -> EntityType:
    columns = app.reading.open(actor, table.dataflow, table.entity).columns
    return entity_type(table.entity, [(column.name, column.type) for column in columns], keys)


def _keys(app: Headwater, opened: OpenTable) -> list[str]:
    """The M names of the columns that are the set's key, as $metadata tells them."""
    table, columns = opened.table, [(column.name, column.type) for column in opened.columns]
    named = app.tables.keys(table.dataflow).get(table.entity, ())
    return [decoded(name) for name in entity_type(table.entity, columns, named).keys]


def _json(body: bytes) -> Response:
    return Response(body, headers=VERSION_HEADER, media_type="application/json;odata.metadata=minimal")


def _nothing(resource: str, place: str, hint: str) -> NotFoundError:
    return NotFoundError(f"There is nothing at '{resource[:100]}'.", place=place, hint=hint)


def query_of(request: Request) -> list[tuple[str, str]]:
    """What stands behind the question mark, in order."""
    return parse_qsl(request.url.query, keep_blank_values=True)


def _root(request: Request, dataflow: str) -> str:
    """The service's address, as whoever asks wrote it, with a slash at its end."""
    return f"{str(request.base_url).rstrip('/')}/odata/{quote(dataflow, safe='$')}/"


def check_version(request: Request) -> None:
    """A reader of an older OData would not understand the answer."""
    most = request.headers.get("odata-maxversion", "4.0")
    if most[:1] < "4":
        raise UsageError(f"Version {most[:10]} of OData is not offered.", place="OData-MaxVersion", hint="Ask for 4.0.")
