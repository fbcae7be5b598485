"""Collections: the tree in which sources and assets are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from headwater.access import Action, Actor, ScopeKind, add_scope, allowed_to, move_scope, remove_scope, require
from headwater.access.audit import record
from headwater.access.closure import below
from headwater.access.events import Event
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, exclusive, tables, utc_now
from headwater.store.changes import next_change

__all__ = ["Collection", "CollectionService"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection. ``parent`` is its parent's name; None for the root, and where the parent may not be seen."""

    id: int
    name: str
    display_name: str
    parent: str | None
    scope_id: int
    description: str
    created_at: datetime | None
    created_by: str


class CollectionService:
    """Adds, lists, changes and removes collections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        actor: Actor,
        name: str,
        display_name: str = "",
        parent: str = tables.ROOT_COLLECTION,
        *,
        description: str = "",
    ) -> Collection:
        """Make a collection under ``parent``.

        Raises:
            UsageError: ``name`` is not letters, digits, ``-`` and ``_``.
            NotFoundError: there is no such parent to be seen.
            ForbiddenError: ``actor`` may not create collections in it.
            ConflictError: the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' cannot be a collection's name.", hint="Use letters, digits, hyphens and underscores."
            )
        holder = self.get(actor, parent)
        try:
            with self._database.begin() as connection:
                require(connection, actor, Action.COLLECTION_CREATE, holder.scope_id)
                scope, now = add_scope(connection, ScopeKind.COLLECTION, name, holder.scope_id), utc_now()
                values = {
                    "name": name,
                    "display_name": display_name or name,
                    "parent_id": holder.id,
                    "scope_id": scope.id,
                    "description": description,
                    "created_at": now,
                    "created_by": actor.name,
                }
                connection.execute(insert(tables.collections).values(values))
                record(connection, Event.SCOPE_ADDED, actor, now=now, scope_id=scope.id, kind=scope.kind.value)
        except IntegrityError as error:
            raise ConflictError(f"There is a collection '{name}' already.", hint="Choose another name.") from error
        return self.get(actor, name)

    def get(self, actor: Actor, name: str) -> Collection:
        """One collection; NotFoundError when there is none to be seen."""
        with self._database.read() as connection:
            row = connection.execute(_listing(actor).where(tables.collections.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
        return Collection(**row._mapping)

    def list(self, actor: Actor) -> Sequence[Collection]:
        """Every collection that may be seen, by name."""
        with self._database.read() as connection:
            rows = connection.execute(_listing(actor).order_by(tables.collections.c.name))
            return [Collection(**row._mapping) for row in rows]

    def children(self, actor: Actor, name: str) -> Sequence[Collection]:
        """The collections right below one, by name, as far as they may be seen.

        Raises:
            NotFoundError: there is no such collection to be seen.
        """
        holder = self.get(actor, name)
        inside = _listing(actor).where(tables.collections.c.parent_id == holder.id)
        with self._database.read() as connection:
            rows = connection.execute(inside.order_by(tables.collections.c.name))
            return [Collection(**row._mapping) for row in rows]

    def above(self, actor: Actor, name: str) -> Sequence[Collection]:
        """The collections above one, the topmost first; the line ends below one that may not be seen.

        Raises:
            NotFoundError: there is no such collection to be seen.
        """
        line: list[Collection] = []
        found = self.get(actor, name)
        while found.parent is not None:
            found = self.get(actor, found.parent)
            line.append(found)
        return line[::-1]

    def change(
        self,
        actor: Actor,
        name: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        parent: str | None = None,
    ) -> Collection:
        """Change what is given of a collection; with another ``parent``, everything in it moves along.

        Raises:
            NotFoundError: there is no such collection or parent to be seen.
            ForbiddenError: ``actor`` may not edit it, or not create collections where it is to lie.
            UsageError: it cannot lie there: it is the root, or contains that collection.
        """
        before = self.get(actor, name)
        holder = None if parent is None or parent == before.parent else self.get(actor, parent)
        values = {"display_name": display_name or None, "description": description}
        stated = {column: value for column, value in values.items() if value is not None}
        with self._database.begin() as connection:
            require(connection, actor, Action.COLLECTION_EDIT, before.scope_id)
            if stated:
                this = tables.collections.c.id == before.id
                connection.execute(update(tables.collections).where(this).values(stated))
            if holder is not None:
                require(connection, actor, Action.COLLECTION_CREATE, holder.scope_id)
                _move(connection, actor, before, holder)
        return self.get(actor, name)

    def remove(self, actor: Actor, name: str) -> None:
        """Remove a collection that is empty; what was deleted in it is kept by the collection above.

        Raises:
            NotFoundError: there is no such collection to be seen.
            ForbiddenError: ``actor`` may not delete it.
            ConflictError: something is in it (``collection.not_empty``), or it is the root.
        """
        found = self.get(actor, name)
        with self._database.begin() as connection:
            require(connection, actor, Action.COLLECTION_DELETE, found.scope_id)
            exclusive(connection, "sources")
            change = next_change(connection)
            holder = _holder(connection, found)
            if _is_used(connection, found):
                raise ConflictError(
                    f"The collection '{name}' is not empty.",
                    code="collection.not_empty",
                    hint="Move or remove what is in it first, also what you may not see.",
                )
            _hand_over(connection, found, holder, change)
            connection.execute(delete(tables.collections).where(tables.collections.c.id == found.id))
            remove_scope(connection, found.scope_id)
            record(connection, Event.SCOPE_REMOVED, actor, now=utc_now(), scope_id=found.scope_id, kind="collection")


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of collections. A parent that may not be seen is not named."""
    parent = tables.collections.alias("parent")
    collection = tables.collections.c
    seen = allowed_to(actor, Action.COLLECTION_READ)
    return (
        select(
            collection.id,
            collection.name,
            collection.display_name,
            parent.c.name.label("parent"),
            collection.scope_id,
            collection.description,
            collection.created_at,
            collection.created_by,
        )
        .select_from(tables.collections)
        .outerjoin(parent, (parent.c.id == collection.parent_id) & parent.c.scope_id.in_(seen))
        .where(collection.scope_id.in_(seen))
    )


def _move(connection: Connection, actor: Actor, moved: Collection, holder: Collection) -> None:
    if moved.name == tables.ROOT_COLLECTION:
        raise UsageError("The root collection lies below nothing.", hint="Move another collection.")
    scope = move_scope(connection, moved.scope_id, holder.scope_id)
    this = tables.collections.c.id == moved.id
    connection.execute(update(tables.collections).where(this).values(parent_id=holder.id))
    inside = select(tables.collections.c.id).where(tables.collections.c.scope_id.in_(below(moved.scope_id)))
    # The index knows under which collections an asset lies.
    lies_in = tables.assets.c.collection_id.in_(inside)
    connection.execute(update(tables.assets).where(lies_in).values(change=next_change(connection)))
    record(connection, Event.SCOPE_MOVED, actor, now=utc_now(), scope_id=moved.scope_id, kind=scope.kind.value)


def _holder(connection: Connection, found: Collection) -> int:
    """The id of the collection above one."""
    column = tables.collections.c
    holder: int | None = connection.scalar(select(column.parent_id).where(column.id == found.id))
    if holder is None:
        raise ConflictError("The root collection stays.", code="collection.root", hint="Remove a collection below it.")
    return holder


def _is_used(connection: Connection, found: Collection) -> bool:
    asset, scope = tables.assets.c, tables.scopes.c
    held = (
        exists().where(scope.parent_id == found.scope_id),
        exists().where(asset.collection_id == found.id, asset.status != "deleted"),
        exists().where(tables.declared_sources.c.collection_id == found.id),
    )
    return any(connection.scalar(select(each)) for each in held)


def _hand_over(connection: Connection, found: Collection, holder: int, change: int) -> None:
    """What was deleted in a collection belongs to the one above it, with the rights that hold there."""
    above = select(tables.collections.c.scope_id).where(tables.collections.c.id == holder).scalar_subquery()
    asset = tables.assets.c
    of_it = update(tables.assets).where(asset.collection_id == found.id)
    connection.execute(of_it.values(collection_id=holder, change=change))
    connection.execute(update(tables.assets).where(asset.scope_id == found.scope_id).values(scope_id=above))
