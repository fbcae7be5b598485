"""Data sources as Purview's scanning service has them: the registered sources, and those that are only said."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.access import Action, Actor
from headwater.app.named_scans.declared import DeclaredSource, declare_source, list_declared, remove_declared
from headwater.app.named_scans.definitions import AnySource, source_named
from headwater.app.runtime import Headwater
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_list, as_object, json_answer, nothing
from headwater.server.purview.pages import page, text_of
from headwater.store import tables
from headwater.workspaces import Source, list_kinds

__all__ = ["kind_of", "known_kinds", "router", "source_document"]

router = APIRouter()

#: What clients call the kinds of source here; others are called what their connector is.
_KINDS: Final = {
    "azureml": "AzureMachineLearning",
    "delta": "DeltaTable",
    "folder": "Folder",
    "mlflow": "MLflow",
    "mlflow_serving": "MLflowServing",
    "openapi": "OpenApi",
    "postgresql": "PostgreSql",
}
_CREDENTIAL: Final = {"kind", "fields", "reference"}


@router.get("/datasources")
def list_all(app: App, actor: Asking, request: Request) -> Response:
    """Every source that may be seen."""
    found: list[AnySource] = [*app.sources.every(actor), *list_declared(app.database, actor)]
    return page(request, sorted(found, key=lambda each: each.name), lambda each: each.name, source_document)


@router.get("/datasources/listUnparentedDataSources")
def list_unparented(_actor: Asking) -> Response:
    """None: every source lies in a collection."""
    return json_answer({"value": [], "count": 0, "nextLink": None})


@router.get("/datasources/{name}")
def get(app: App, actor: Asking, name: str) -> Response:
    """A source."""
    return json_answer(source_document(_named(app, actor, name)))


@router.put("/datasources/{name}")
def create_or_update(app: App, actor: Asking, name: str, body: Body) -> Response:
    """Register a source, or change one; one of a kind that cannot be scanned here is kept as it is said."""
    stated = as_object(body)
    properties = as_object(stated.get("properties") or {}, "properties")
    kind = stated.get("kind")
    if not isinstance(kind, str) or not 1 <= len(kind) <= 64:
        raise UsageError("The source has no kind.", hint=f"Those that can be scanned are: {', '.join(known_kinds())}.")
    own = _own_kind(kind)
    if own is None:
        said = {key: value for key, value in properties.items() if key != "collection"}
        is_new = declare_source(app.database, actor, name, kind, _collection(properties), said)
    else:
        is_new = _register(app, actor, name, own, properties)
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    answer = json_answer(source_document(_named(app, actor, name)))
    answer.status_code = status
    return answer


@router.delete("/datasources/{name}")
def delete(app: App, actor: Asking, name: str) -> Response:
    """Forget a source; what its scans found is kept as deleted."""
    if isinstance(_named(app, actor, name), DeclaredSource):
        remove_declared(app.database, actor, name)
    else:
        app.sources.remove(actor, name)
    return nothing()


def kind_of(source: AnySource) -> str:
    """What clients call the kind of a source."""
    return _KINDS.get(source.kind, source.kind) if isinstance(source, Source) else source.kind


def source_document(source: AnySource) -> dict[str, Any]:
    """A source as Purview shows it."""
    properties: dict[str, Any] = {"createdAt": text_of(source.created_at)}
    if isinstance(source, Source):
        properties |= {
            "endpoint": source.url,
            "displayName": source.display_name,
            "credentialMode": source.credential_mode,
            "privateNetworks": list(source.private_networks),
            "isTrusted": source.trusted,
            "isScannable": True,
            **({"subscriptionId": source.settings["subscription"]} if "subscription" in source.settings else {}),
        }
    else:
        changed = {"lastModifiedAt": text_of(source.changed_at), "isScannable": False}
        properties = {**source.properties, **properties, **changed}
    if source.collection:
        properties["collection"] = {"referenceName": source.collection, "type": "CollectionReference"}
    return {
        "id": f"datasources/{source.name}",
        "name": source.name,
        "kind": kind_of(source),
        "creationType": "Manual",
        "properties": properties,
    }


def _named(app: Headwater, actor: Actor, name: str) -> AnySource:
    with app.database.read() as connection:
        return source_named(connection, actor, name, Action.SOURCE_READ)


def known_kinds() -> list[str]:
    """What clients call the kinds of source that can be scanned here."""
    return [_KINDS.get(kind, kind) for kind in list_kinds()]


def _own_kind(stated: str) -> str | None:
    """The kind of connector that a client means by either of its names, in any case."""
    for kind in list_kinds():
        if stated.lower() in {kind.lower(), _KINDS.get(kind, kind).lower()}:
            return kind
    return None


def _register(app: Headwater, actor: Actor, name: str, kind: str, properties: Mapping[str, Any]) -> bool:
    credential = _credential(properties)
    try:
        before = app.sources.get(actor, name)
    except NotFoundError:
        before = None
    if before is None:
        _add(app, actor, name, kind, properties)
    elif before.kind != kind:
        raise ConflictError(f"'{name}' is a source of kind {kind_of(before)}.", hint="Delete it first.")
    else:
        _change(app, actor, before, properties)
    if credential is not None:
        app.sources.set_credential(
            actor, name, credential["kind"], credential.get("fields"), reference=credential.get("reference")
        )
    return before is None


def _add(app: Headwater, actor: Actor, name: str, kind: str, properties: Mapping[str, Any]) -> None:
    url, subscription = properties.get("endpoint"), properties.get("subscriptionId")
    if not isinstance(url, str) or not url:
        raise UsageError("The source has no address.", hint='Send it as properties: {"endpoint": "https://…"}.')
    app.sources.add(
        actor,
        name,
        str(properties.get("displayName") or ""),
        kind,
        url,
        _collection(properties) or tables.ROOT_COLLECTION,
        settings={"subscription": str(subscription)} if subscription and kind == "azureml" else None,
        credential_mode=properties.get("credentialMode") or "service",
        private_networks=_networks(properties) or (),
    )


def _change(app: Headwater, actor: Actor, before: Source, properties: Mapping[str, Any]) -> None:
    """Only what differs is asked for: an address that stays needs no administrator."""
    url, stated = properties.get("endpoint"), _networks(properties)
    app.sources.change(
        actor,
        before.name,
        display_name=properties.get("displayName"),
        url=None if url in {None, before.url} else str(url),
        collection=_collection(properties),
        credential_mode=properties.get("credentialMode"),
        private_networks=None if stated is None or stated == list(before.private_networks) else stated,
    )


def _collection(properties: Mapping[str, Any]) -> str | None:
    name = as_object(properties.get("collection") or {}, "collection").get("referenceName")
    return None if name is None else str(name)


def _networks(properties: Mapping[str, Any]) -> list[str] | None:
    stated = properties.get("privateNetworks")
    return None if stated is None else [str(each) for each in as_list(stated, "privateNetworks")]


def _credential(properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A credential by reference; checked before anything is done."""
    if properties.get("credential") is None:
        return None
    stated = as_object(properties["credential"], "credential")
    if not isinstance(stated.get("kind"), str) or stated.keys() - _CREDENTIAL:
        raise UsageError(
            "A source's credential is sent here by reference alone.",
            hint='Send {"kind": …, "fields": {…}, "reference": "env:NAME"}.',
        )
    return stated
