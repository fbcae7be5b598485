"""Reading entities for clients: one or many, by guid or by name, with what they refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from headwater.access import Actor
from headwater.catalog.entities.finding import Target, find_all, find_by_guid, find_named
from headwater.catalog.entities.reading import classifications_of, entities_by_id, entity_header
from headwater.catalog.records import AssetRef
from headwater.catalog.types import Types, types_of
from headwater.store import Database

__all__ = ["get_by_guid", "get_by_name", "get_header", "list_by_name"]

Entity = dict[str, Any]


def get_by_guid(
    database: Database, actor: Actor, guids: Sequence[str], *, minimal: bool = False, relationships: bool = True
) -> tuple[list[Entity], dict[str, Entity]]:
    """Entities in full, deleted ones too, with what they contain by guid (in short if ``minimal``).

    Raises:
        NotFoundError: one of them is not there to be seen.
    """
    with database.read() as connection:
        rows = find_by_guid(connection, actor, guids)
        numbers = list(dict.fromkeys(rows[guid].id for guid in guids))
        return _entities(connection, actor, numbers, minimal, relationships)


def get_by_name(
    database: Database, actor: Actor, target: AssetRef, *, minimal: bool = False, relationships: bool = True
) -> tuple[list[Entity], dict[str, Entity]]:
    """As :func:`get_by_guid`, one by its type (or one above it) and name; a deleted one is not there."""
    with database.read() as connection:
        (row,) = find_all(connection, actor, types_of(connection), [target])
        return _entities(connection, actor, [row.id], minimal, relationships)


def list_by_name(
    database: Database, actor: Actor, targets: Sequence[AssetRef], *, minimal: bool = False, relationships: bool = True
) -> tuple[list[Entity], dict[str, Entity]]:
    """As :func:`get_by_name`, of those that there are, and it may be none."""
    with database.read() as connection:
        found = find_named(connection, actor, types_of(connection), targets)
        numbers = list(dict.fromkeys(found[each] for each in targets if each in found))
        return _entities(connection, actor, numbers, minimal, relationships)


def get_header(database: Database, actor: Actor, target: Target) -> Entity:
    """One entity in short; by guid a deleted one, too. NotFoundError where there is none to be seen."""
    with database.read() as connection:
        types = types_of(connection)
        if isinstance(target, str):
            row = find_by_guid(connection, actor, [target])[target]
        else:
            (row,) = find_all(connection, actor, types, [target])
        return entity_header(types, row, classifications_of(connection, [row.id]).get(row.id, ()))


def _entities(
    connection: Connection, actor: Actor, numbers: Sequence[int], minimal: bool, relationships: bool
) -> tuple[list[Entity], dict[str, Entity]]:
    found = entities_by_id(connection, actor, numbers, relationships=relationships)
    types = types_of(connection)
    guids = dict.fromkeys(guid for entity in found for guid in _contained(types, entity))
    inner = find_by_guid(connection, actor, list(guids))
    if minimal:
        return found, {guid: entity_header(types, row) for guid, row in inner.items()}
    full = entities_by_id(connection, actor, [row.id for row in inner.values()])
    return found, {entity["guid"]: entity for entity in full}


def _contained(types: Types, entity: Mapping[str, Any]) -> list[str]:
    """The guids of what an entity contains: its columns, the versions of a model."""
    if entity["typeName"] not in types:
        return []
    related = entity.get("relationshipAttributes", {})
    return [
        reference["guid"]
        for name, end in types.ends(entity["typeName"]).items()
        if end.contains and end.definition.flow is None
        for reference in (related.get(name) if isinstance(related.get(name), list) else ())
    ]
