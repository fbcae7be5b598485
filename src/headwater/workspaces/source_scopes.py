"""Where a source stands in the tree of scopes: in its collection, and under its Azure subscription as well."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, exists, or_, select, update

from headwater.access import (
    Action,
    Actor,
    ScopeKind,
    add_scope,
    get_scope,
    move_scope,
    remove_scope,
    set_subscription,
)
from headwater.access.audit import record
from headwater.access.closure import below
from headwater.access.events import Event
from headwater.errors import UsageError
from headwater.store import tables
from headwater.store.changes import next_change
from headwater.workspaces.permissions import Place, writable_collection
from headwater.workspaces.source_rows import Source

__all__ = [
    "add_source_scope",
    "check_settings",
    "move_source_scope",
    "release_assets",
    "relocate_source",
    "remove_source_scope",
]

#: What a source of a kind is in the tree, where it is no workspace.
_SCOPE_KINDS = {"openapi": ScopeKind.SCORING_SERVICE}
_SUBSCRIPTION = "subscription"

_scopes, _assets, _collections = tables.scopes, tables.assets, tables.collections
_sources = tables.sources


def check_settings(kind: str, settings: dict[str, str]) -> dict[str, str]:
    """The settings of a source, each in its one spelling.

    Raises:
        UsageError: a setting is unknown for the kind, or is none.
    """
    unknown = sorted(set(settings) - {_SUBSCRIPTION})
    if unknown or (settings and _scope_kind(kind) is not ScopeKind.WORKSPACE):
        name = unknown[0] if unknown else _SUBSCRIPTION
        raise UsageError(f"A source of kind {kind} has no setting '{name}'.", hint="Leave it out.")
    try:
        return {name: str(UUID(value)) for name, value in settings.items()}
    except ValueError as error:
        raise UsageError(
            "An Azure subscription is named by its id.", hint="It looks like 00000000-0000-0000-0000-000000000000."
        ) from error


def add_source_scope(connection: Connection, kind: str, name: str, place: Place, settings: dict[str, str]) -> int:
    """A new source's scope in a collection, and under its subscription if it has one."""
    scope = add_scope(connection, _scope_kind(kind), name, place.scope_id)
    _attach(connection, scope.id, place, settings.get(_SUBSCRIPTION))
    return scope.id


def move_source_scope(
    connection: Connection, scope_id: int, place: Place, settings: dict[str, str], *, by: Actor, now: datetime
) -> None:
    """Put a source's scope into another collection; roles given at the subscription stay behind."""
    left = get_scope(connection, scope_id).subscription_id
    moved = move_scope(connection, scope_id, place.scope_id)
    _attach(connection, scope_id, place, settings.get(_SUBSCRIPTION))
    record(connection, Event.SCOPE_MOVED, by, now=now, scope_id=scope_id, kind=moved.kind.value)
    _drop_if_unused(connection, left, by=by, now=now)


def relocate_source(connection: Connection, actor: Actor, source: Source, collection: str, now: datetime) -> None:
    """Put a source into a collection where the actor may register, with the assets that lie where it lay."""
    place = writable_collection(connection, actor, Action.SOURCE_REGISTER, collection)
    here = _sources.c.id == source.id
    left = connection.scalar(select(_sources.c.collection_id).where(here))
    if left == place.id:
        return
    connection.execute(update(_sources).where(here).values(collection_id=place.id))
    beside = (_assets.c.source_id == source.id, _assets.c.collection_id == left)
    moved = {"collection_id": place.id, "change": next_change(connection)}
    link = tables.asset_columns.c
    columns = select(link.column_id).join(_assets, _assets.c.id == link.asset_id).where(*beside)
    connection.execute(update(_assets).where(_assets.c.id.in_(columns)).values(moved))
    connection.execute(update(_assets).where(*beside).values(moved))
    move_source_scope(connection, source.scope_id, place, dict(source.settings), by=actor, now=now)


def remove_source_scope(connection: Connection, scope_id: int, *, by: Actor, now: datetime) -> None:
    """Remove a source's scope and those of its models, with the roles given there."""
    left = get_scope(connection, scope_id).subscription_id
    remove_scope(connection, scope_id)
    _drop_if_unused(connection, left, by=by, now=now)


def release_assets(connection: Connection, source_id: int, scope_id: int) -> None:
    """What a source's scans found becomes deleted, for the lineage that runs through it, and belongs to its collection.

    Anything else that was trimmed by the source's scopes is trimmed by its collection's from now on, too.
    """
    owned, change = _assets.c.source_id == source_id, next_change(connection)
    connection.execute(update(_assets).where(owned).values(status="deleted", change=change))
    collected = select(_collections.c.scope_id).where(_collections.c.id == _assets.c.collection_id).scalar_subquery()
    inside = or_(owned, _assets.c.scope_id.in_(below(scope_id)))
    connection.execute(update(_assets).where(inside).values(scope_id=collected, change=change))


def _scope_kind(kind: str) -> ScopeKind:
    return _SCOPE_KINDS.get(kind, ScopeKind.WORKSPACE)


def _attach(connection: Connection, scope_id: int, place: Place, subscription: str | None) -> None:
    if subscription is None:
        return
    same = (
        _scopes.c.parent_id == place.scope_id,
        _scopes.c.kind == ScopeKind.SUBSCRIPTION,
        _scopes.c.name == subscription,
    )
    found = connection.scalar(select(_scopes.c.id).where(*same))
    if found is None:
        found = add_scope(connection, ScopeKind.SUBSCRIPTION, subscription, place.scope_id).id
    set_subscription(connection, scope_id, found)


def _drop_if_unused(connection: Connection, subscription: int | None, *, by: Actor, now: datetime) -> None:
    """A subscription's scope lasts as long as a workspace lies under it, or its collection could never be emptied."""
    if subscription is None or connection.scalar(select(exists().where(_scopes.c.subscription_id == subscription))):
        return
    remove_scope(connection, subscription)
    record(connection, Event.SCOPE_REMOVED, by, now=now, scope_id=subscription, kind=ScopeKind.SUBSCRIPTION.value)
