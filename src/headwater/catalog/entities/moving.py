"""Moving entities to another collection; whoever may see that collection sees them then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from headwater.access import Action, Actor
from headwater.access.trimming import forbidden
from headwater.catalog.entities.changing import Changing, changing
from headwater.catalog.entities.finding import scopes_with
from headwater.catalog.entities.saving import Saved
from headwater.catalog.history import record_changes
from headwater.errors import ConflictError, NotFoundError
from headwater.store import Database, tables

__all__ = ["move_entities"]

_asset, _collections, _column = tables.assets.c, tables.collections.c, tables.asset_columns.c


@dataclass(frozen=True, slots=True)
class _Place:
    """A collection, by its id and its scope's."""

    id: int
    scope_id: int


def move_entities(database: Database, actor: Actor, guids: Sequence[str], collection: str) -> list[Saved]:
    """Move these, with their columns; returns those that were elsewhere.

    Raises:
        NotFoundError: one of them, or the collection, is not there to be seen.
        ForbiddenError: the actor may not move one of them, or not create assets there.
        ConflictError: one is seen with what it belongs to, a dataflow say (``catalog.owned``).
    """
    with changing(database, actor, list(guids), Action.ASSET_MOVE) as change:
        connection = change.writing.connection
        to = _collection(connection, actor, collection)
        moved = [row for row in change.rows if row.collection_id != to.id]
        _check_not_owned(connection, moved)
        # By their numbers: who may see the asset's history may not know of the collection that it was in.
        changes = {row.id: {"collection_id": {"before": row.collection_id, "after": to.id}} for row in moved}
        record_changes(change.writing, "move", changes, collection_id=to.id, scope_id=to.scope_id)
        _move_columns(change, moved, to)
        return [
            Saved(row.id, row.guid, row.type_name, row.qualified_name, row.display_name, row.version + 1)
            for row in moved
        ]


def _collection(connection: Connection, actor: Actor, name: str) -> _Place:
    row = connection.execute(
        select(_collections.id, _collections.scope_id).where(_collections.name == name)
    ).one_or_none()
    if row is None or not scopes_with(connection, actor, Action.COLLECTION_READ, [row.scope_id]):
        raise NotFoundError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
    if not scopes_with(connection, actor, Action.ASSET_CREATE, [row.scope_id]):
        raise forbidden(Action.ASSET_CREATE, row.scope_id)
    return _Place(row.id, row.scope_id)


def _check_not_owned(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """What has a scope of its own (a model's, a table's) is seen by that, wherever it lies."""
    own = {row.id: row.scope_id for row in connection.execute(select(_collections.id, _collections.scope_id))}
    owned = next((row for row in rows if row.scope_id != own[row.collection_id]), None)
    if owned is not None:
        raise ConflictError(
            f"The asset '{owned.guid}' is seen by those who see what it belongs to.",
            code="catalog.owned",
            hint="Move the source, the dataflow or the asset that it is a part of.",
        )


def _move_columns(change: Changing, rows: Sequence[Row[Any]], to: _Place) -> None:
    for row in rows:
        columns = select(_column.column_id).where(_column.asset_id == row.id)
        values = {"collection_id": to.id, "scope_id": to.scope_id, "change": change.writing.change}
        change.writing.connection.execute(update(tables.assets).where(_asset.id.in_(columns)).values(values))
