"""Sources of a kind for which there is no connector: kept as they were said, and never scanned.

They share one space of names with the registered sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, delete, exists, insert, select, update

from headwater.access import Action, Actor, allowed_to
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.named_scans.stated import check_name, check_stated
from headwater.app.source_schedules import keep_scanned, stop_scanning
from headwater.errors import ConflictError, NotFoundError
from headwater.store import Database, exclusive, tables, utc_now
from headwater.workspaces.permissions import permit, writable_collection
from headwater.workspaces.source_rows import unknown_source

__all__ = [
    "DeclaredSource",
    "declare_source",
    "declared_source",
    "list_declared",
    "registered",
    "remove_declared",
    "unregistered",
]

_declared, _collections = tables.declared_sources, tables.collections


@dataclass(frozen=True, slots=True)
class DeclaredSource:
    """A source that is only said. ``scope_id`` is its collection's, whose name is empty where it may not be seen."""

    id: int
    name: str
    kind: str
    collection: str
    scope_id: int
    properties: Mapping[str, Any]
    created_at: datetime
    changed_at: datetime


def list_declared(database: Database, actor: Actor) -> list[DeclaredSource]:
    """Those that the actor may see (``source.read`` in their collections), by name."""
    seen = _collections.c.scope_id.in_(allowed_to(actor, Action.SOURCE_READ))
    with database.read() as connection:
        return [_of(row) for row in connection.execute(_selected(actor).where(seen).order_by(_declared.c.name))]


def declared_source(connection: Connection, actor: Actor, name: str, action: Action) -> DeclaredSource:
    """The one of a name, where the actor may do ``action`` in its collection.

    Raises:
        NotFoundError: there is none, or none that may be seen.
        ForbiddenError: the actor may see it and not do ``action``.
    """
    row = connection.execute(_selected(actor).where(_declared.c.name == name)).one_or_none()
    if row is None:
        raise unknown_source(name)
    permit(connection, actor, action, row.scope_id, seen_by=Action.SOURCE_READ, unknown=unknown_source(name))
    return _of(row)


def declare_source(  # noqa: PLR0917 -- the database and the actor come first everywhere
    database: Database, actor: Actor, name: str, kind: str, collection: str | None, properties: Mapping[str, Any]
) -> bool:
    """Say, or say anew, that there is a source; whether it is new. It lies in the root collection if in none.

    Raises:
        NotFoundError: there is no such collection to be seen.
        ForbiddenError: the actor may not register sources there, or where it lay.
        ConflictError: the name is taken by a source that is registered, or that the actor may not see.
        UsageError: the name is none, or the properties cannot be kept.
    """
    check_name(name)
    kept, now = check_stated(properties), utc_now()
    with database.begin() as connection:
        exclusive(connection, "sources")
        before = _seen(connection, actor, name)
        if before is None:
            place = writable_collection(connection, actor, Action.SOURCE_REGISTER, collection or tables.ROOT_COLLECTION)
            # Who may register nothing is not told which names there are.
            _refuse_taken(connection, name)
            values = {"name": name, "kind": kind, "collection_id": place.id, "properties": kept}
            connection.execute(insert(_declared).values(**values, created_at=now, changed_at=now))
            _record(connection, Event.SOURCE_ADDED, actor, name, kind, place.scope_id)
            return True
        changed: dict[str, Any] = {"kind": kind, "properties": kept, "changed_at": now}
        if collection is not None:
            place = writable_collection(connection, actor, Action.SOURCE_REGISTER, collection)
            changed["collection_id"] = place.id
        connection.execute(update(_declared).where(_declared.c.id == before.id).values(changed))
        _record(connection, Event.SOURCE_CHANGED, actor, name, kind, before.scope_id)
        return False


def remove_declared(database: Database, actor: Actor, name: str) -> None:
    """Forget one, with the scans that are defined of it; raises as :func:`declared_source`."""
    with database.begin() as connection:
        found = declared_source(connection, actor, name, Action.SOURCE_REGISTER)
        _forget_scans(connection, name)
        connection.execute(delete(_declared).where(_declared.c.id == found.id))
        _record(connection, Event.SOURCE_REMOVED, actor, name, found.kind, found.scope_id)


def registered(connection: Connection, name: str) -> None:
    """What becomes of a source that was just registered.

    Raises:
        ConflictError: one that is only said has its name.
    """
    if connection.scalar(select(exists().where(_declared.c.name == name))):
        raise _taken(name)
    keep_scanned(connection, name)


def unregistered(connection: Connection, name: str) -> None:
    """What goes with a source: when it was scanned, and the scans that were defined of it."""
    stop_scanning(connection, name)
    _forget_scans(connection, name)


def _forget_scans(connection: Connection, name: str) -> None:
    connection.execute(delete(tables.scan_definitions).where(tables.scan_definitions.c.source_name == name))


def _seen(connection: Connection, actor: Actor, name: str) -> DeclaredSource | None:
    """One that is to be changed; None where there is none, or none that the actor may see."""
    try:
        return declared_source(connection, actor, name, Action.SOURCE_REGISTER)
    except NotFoundError:
        return None


def _refuse_taken(connection: Connection, name: str) -> None:
    for table in (_declared, tables.sources):
        if connection.scalar(select(exists().where(table.c.name == name))):
            raise _taken(name)


def _record(connection: Connection, event: Event, actor: Actor, name: str, kind: str, scope_id: int) -> None:  # noqa: PLR0917
    record(connection, event, actor, now=utc_now(), target=f"source:{name}", scope_id=scope_id, kind=kind, origin="")


def _taken(name: str) -> ConflictError:
    return ConflictError(f"The name '{name}' is taken by a source.", hint="Choose another name.")


def _selected(actor: Actor) -> Select[Any]:
    collection = _collections.c
    visible = collection.scope_id.in_(allowed_to(actor, Action.COLLECTION_READ))
    named = case((visible, collection.name), else_="").label("collection")
    columns = [column for column in _declared.c if column.name != "collection_id"]
    return select(*columns, named, collection.scope_id).join(_collections, collection.id == _declared.c.collection_id)


def _of(row: Row[Any]) -> DeclaredSource:
    return DeclaredSource(**row._mapping)
