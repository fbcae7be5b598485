"""Connections to M's data sources."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from headwater.server.api import CONFLICT, RESPONSES, AfterName, App, Asking, Limit, Name
from headwater.server.source_answers import (
    Connection,
    ConnectionChanges,
    Connections,
    Credential,
    NewConnection,
    NewCredential,
)

router = APIRouter(prefix="/api/connections", tags=["connections"], responses=RESPONSES)


@router.get("")
def list_connections(app: App, actor: Asking, after: AfterName = None, limit: Limit = 50) -> Connections:
    """Connections by name, a page at a time."""
    page = app.connections.list(actor, limit=limit, after=None if after is None else [after])
    return Connections(
        total=app.connections.count(actor),
        after=None if page.after is None else page.after[0],
        value=[Connection.model_validate(each) for each in page.connections],
    )


@router.post("", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def add_connection(app: App, actor: Asking, wanted: NewConnection) -> Connection:
    """Keep a connection; whoever makes one manages it."""
    added = app.connections.add(actor, wanted.name, wanted.kind, wanted.path, **wanted.given())
    return Connection.model_validate(added)


@router.get("/{name}")
def get_connection(app: App, actor: Asking, name: Name) -> Connection:
    """A connection."""
    return Connection.model_validate(app.connections.get(actor, name))


@router.patch("/{name}")
def change_connection(app: App, actor: Asking, name: Name, changes: ConnectionChanges) -> Connection:
    """Change a connection. At another origin, its credential is forgotten."""
    return Connection.model_validate(app.connections.change(actor, name, **changes.model_dump()))


@router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
def remove_connection(app: App, actor: Asking, name: Name) -> None:
    """Forget a connection with its secret."""
    app.connections.remove(actor, name)


@router.get("/{name}/credential")
def get_connection_credential(app: App, actor: Asking, name: Name) -> Credential:
    """What may be shown of a connection's credential."""
    return Credential.model_validate(app.connections.describe_credential(actor, name))


@router.put("/{name}/credential", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def set_connection_credential(app: App, actor: Asking, name: Name, credential: NewCredential) -> None:
    """Give a connection another credential."""
    app.connections.set_credential(actor, name, credential.kind, **credential.given())
