"""Collections: the tree in which sources and assets are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import IntegrityError

from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables

__all__ = ["Collection", "CollectionService"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection. ``parent`` is its parent's name; None for the root."""

    id: int
    name: str
    display_name: str
    parent: str | None


class CollectionService:
    """Adds and lists collections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, display_name: str = "", parent: str = tables.ROOT_COLLECTION) -> Collection:
        """Make a collection under ``parent``.

        Raises:
            UsageError: ``name`` is not letters, digits, ``-`` and ``_``.
            NotFoundError: there is no such parent.
            ConflictError: the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' cannot be a collection's name.", hint="Use letters, digits, hyphens and underscores."
            )
        holder = self.get(parent)
        try:
            with self._database.begin() as connection:
                connection.execute(
                    insert(tables.collections).values(name=name, display_name=display_name or name, parent_id=holder.id)
                )
        except IntegrityError as error:
            raise ConflictError(f"There is a collection '{name}' already.", hint="Choose another name.") from error
        return self.get(name)

    def get(self, name: str) -> Collection:
        """One collection; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(_listing().where(tables.collections.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
        return Collection(**row._mapping)

    def list(self) -> Sequence[Collection]:
        """Every collection, by name."""
        with self._database.read() as connection:
            rows = connection.execute(_listing().order_by(tables.collections.c.name))
            return [Collection(**row._mapping) for row in rows]


def _listing() -> Select[Any]:
    """The one query behind every listing of collections: a rights clause is joined in here."""
    parent = tables.collections.alias("parent")
    collection = tables.collections.c
    return select(collection.id, collection.name, collection.display_name, parent.c.name.label("parent")).outerjoin(
        parent, parent.c.id == collection.parent_id
    )
