"""Changing entities that there are: one attribute by guid, several by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from headwater.access import Actor
from headwater.catalog.entities.finding import find_all
from headwater.catalog.entities.saving import Mutation, Saved, write_entities
from headwater.catalog.records import AssetRef
from headwater.catalog.types import types_of
from headwater.store import Database

__all__ = ["update_by_name", "update_one_attribute"]


def update_one_attribute(database: Database, actor: Actor, guid: str, name: str, value: Any) -> Mutation:
    """Set one attribute of an entity, or what it refers to by that name.

    Raises:
        NotFoundError: there is no such entity to be seen, or what it is to refer to.
        ForbiddenError: the actor may not change it.
    """
    with database.begin() as connection:
        (row,) = find_all(connection, actor, types_of(connection), [guid])
        entity = {"typeName": row.type_name, "guid": guid, "attributes": {name: value}}
        return _with(row, write_entities(connection, actor, [entity]))


def update_by_name(
    database: Database,
    actor: Actor,
    target: AssetRef,
    entity: Mapping[str, Any],
    referred: Sequence[Mapping[str, Any]] = (),
) -> Mutation:
    """Change what is given of an entity, whatever guid, type and name are given with it.

    Raises:
        NotFoundError: there is no such entity to be seen.
        UsageError: the entity cannot be read.
        ForbiddenError: the actor may not change it.
    """
    with database.begin() as connection:
        (row,) = find_all(connection, actor, types_of(connection), [target])
        known = {**entity, "typeName": row.type_name, "guid": row.guid}
        return _with(row, write_entities(connection, actor, [known], referred))


def _with(row: Row[Any], mutation: Mutation) -> Mutation:
    """The mutation, with the entity that was asked for even where it was so already."""
    if row.guid not in {each.guid for each in mutation.updated}:
        names = (row.type_name, row.qualified_name, row.display_name)
        mutation.updated.append(Saved(row.id, row.guid, *names, row.version))
    return mutation
