"""Collections: the tree in which sources and assets are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import IntegrityError

from headwater.access import Action, Actor, ScopeKind, add_scope, allowed_to, require
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

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


class CollectionService:
    """Adds and lists collections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, actor: Actor, name: str, display_name: str = "", parent: str = tables.ROOT_COLLECTION) -> Collection:
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
                scope = add_scope(connection, ScopeKind.COLLECTION, name, holder.scope_id)
                connection.execute(
                    insert(tables.collections).values(
                        name=name, display_name=display_name or name, parent_id=holder.id, scope_id=scope.id
                    )
                )
                record(connection, Event.SCOPE_ADDED, actor, now=utc_now(), scope_id=scope.id, kind=scope.kind.value)
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
        )
        .select_from(tables.collections)
        .outerjoin(parent, (parent.c.id == collection.parent_id) & parent.c.scope_id.in_(seen))
        .where(collection.scope_id.in_(seen))
    )
