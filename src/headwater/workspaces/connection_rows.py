"""Reading the connections that are kept, as somebody may see and use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import unquote

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select

from headwater.access import Action, Actor, Listing, allowed_to
from headwater.errors import NotFoundError
from headwater.secret import Secret
from headwater.store import tables
from headwater.workspaces.addresses import WEB_KINDS
from headwater.workspaces.permissions import permit

__all__ = [
    "ConnectionPage",
    "Privacy",
    "ResolvedConnection",
    "StoredConnection",
    "UsableConnection",
    "connection_listing",
    "connection_of",
    "credential_row",
    "find_connection",
    "from_row",
    "unknown_connection",
    "usable_connections",
]

#: To whom a connection's data may go: M's privacy levels.
Privacy = Literal["None", "Public", "Organizational", "Private"]

_connections, _collections, _ancestors = tables.connections, tables.collections, tables.scope_ancestors


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """A connection to one of M's data sources; of its credential, what it is.

    ``collection`` is a collection's name; empty where whoever asks may not see it. ``scope_id`` is where roles for it
    are given.
    """

    id: int
    name: str
    kind: str
    path: str
    privacy: Privacy
    collection: str
    private_networks: tuple[str, ...]
    credential_kind: str
    created_at: datetime
    scope_id: int


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    connections: list[StoredConnection]
    after: Sequence[Any] | None


@dataclass(frozen=True, slots=True)
class UsableConnection:
    """A connection that somebody may use, without its credential: ``ConnectionService.resolve`` gives that."""

    id: int
    name: str
    kind: str
    path: str
    privacy: Privacy
    private_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvedConnection:
    """A connection with its credential, for whoever uses it now and keeps it nowhere."""

    id: int
    name: str
    kind: str
    path: str
    privacy: Privacy
    private_networks: tuple[str, ...]
    credential_kind: str
    fields: Mapping[str, str] = field(default_factory=dict)
    secret: Secret | None = None


def connection_listing(actor: Actor) -> Listing:
    """The connections that somebody may see."""
    return Listing(_selected(actor), _connections.c.scope_id, allowed_to(actor, Action.CONNECTION_READ))


def usable_connections(connection: Connection, actor: Actor, near: int | None) -> list[UsableConnection]:
    """The connections that somebody may use, one for each kind and path.

    Where several have the same, it is the one that lies nearest to the scope ``near`` (that has most of what lies above
    it in common with it), and of those the oldest: whoever makes another connection to a place changes nothing for
    dataflows that had one.
    """
    listing = Listing(select(_connections), _connections.c.scope_id, allowed_to(actor, Action.CONNECTION_USE))
    order: list[ColumnElement[Any]] = [] if near is None else [_shared_with(near).desc()]
    found: dict[tuple[str, str], UsableConnection] = {}
    for row in connection.execute(listing.statement.order_by(*order, _connections.c.id)):
        usable = UsableConnection(row.id, row.name, row.kind, row.path, row.privacy, tuple(row.private_networks))
        found.setdefault((row.kind, _compared(row.kind, row.path)), usable)
    return list(found.values())


def find_connection(connection: Connection, actor: Actor, which: str | int, action: Action) -> StoredConnection:
    """The connection of a name or an id, where the actor may do ``action``.

    Raises:
        NotFoundError: there is none, or none that the actor may see.
        ForbiddenError: they may see it and not do ``action``.
    """
    found = connection_of(connection, actor, which)
    permit(connection, actor, action, found.scope_id, seen_by=Action.CONNECTION_READ, unknown=unknown_connection(which))
    return found


def connection_of(connection: Connection, actor: Actor, which: str | int) -> StoredConnection:
    """The connection of a name or an id, for whoever then asks for rights; NotFoundError: there is none."""
    key = _connections.c.id if isinstance(which, int) else _connections.c.name
    row = connection.execute(_selected(actor).where(key == which, _connections.c.scope_id.is_not(None))).one_or_none()
    if row is None:
        raise unknown_connection(which)
    return from_row(row)


def unknown_connection(which: str | int) -> NotFoundError:
    """The one answer for what is not there and for what may not be seen."""
    return NotFoundError(
        f"There is no connection '{which}', or none that you may see.", hint="List the connections, or add it."
    )


def credential_row(connection: Connection, found: StoredConnection) -> Row[Any]:
    """What is kept of a connection's credential."""
    columns = _connections.c
    kept: Select[Any] = select(
        columns.credential_kind, columns.credential_fields, columns.secret_ref, columns.credential_changed_at
    )
    return connection.execute(kept.where(columns.id == found.id)).one()


def from_row(row: Row[Any]) -> StoredConnection:
    """The connection of a row of ``connection_listing``."""
    values = dict(row._mapping)
    return StoredConnection(**values | {"private_networks": tuple(values["private_networks"])})


def _selected(actor: Actor) -> Select[Any]:
    visible = _collections.c.scope_id.in_(allowed_to(actor, Action.COLLECTION_READ))
    shown = {*StoredConnection.__dataclass_fields__}
    columns = [column for column in _connections.c if column.name in shown]
    collection = case((visible, _collections.c.name), else_="").label("collection")
    return select(*columns, collection).join(_collections, _collections.c.id == _connections.c.collection_id)


def _shared_with(scope_id: int) -> ColumnElement[int]:
    """How many of the scopes above a connection lie above the scope too."""
    mine, its = _ancestors.alias(), _ancestors.alias()
    return (
        select(func.count())
        .select_from(mine)
        .join(its, its.c.ancestor_id == mine.c.ancestor_id)
        .where(mine.c.scope_id == _connections.c.scope_id, its.c.scope_id == scope_id)
        .scalar_subquery()
    )


def _compared(kind: str, path: str) -> str:
    """The path in the form in which M takes two for one."""
    if kind in WEB_KINDS:
        return unquote(path)
    return path if kind in {"File", "Folder"} else path.casefold()
