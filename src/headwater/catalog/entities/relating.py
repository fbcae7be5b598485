"""Relationships one by one: made, read, changed and removed by a guid of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from headwater.access import Action, Actor
from headwater.access.trimming import forbidden
from headwater.catalog.edges import (
    add_relation,
    find_relation,
    remove_relation,
    set_relation_attributes,
)
from headwater.catalog.entities.finding import scopes_with
from headwater.catalog.entities.incoming import read_reference
from headwater.catalog.entities.reading import entity_header, milliseconds
from headwater.catalog.entities.references import Resolver
from headwater.catalog.history import record_changes
from headwater.catalog.plain import plain
from headwater.catalog.relation_keys import RelationKey
from headwater.catalog.seeing import may_read
from headwater.catalog.types import RelationshipDefinition, Types, types_of
from headwater.catalog.writing import Writing, begin_writing
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["Relationship", "create_relationship", "delete_relationship", "get_relationship", "update_relationship"]

_asset = tables.assets.c


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship as Atlas shows it, and both its ends in short, by guid."""

    shown: dict[str, Any]
    ends: dict[str, dict[str, Any]]


def create_relationship(database: Database, actor: Actor, stated: Mapping[str, Any]) -> Relationship:
    """Relate two assets; ``stated`` is Atlas's AtlasRelationship: ``typeName``, ``end1``, ``end2``, ``attributes``.

    Raises:
        UsageError: an end is not of the type that it has to be, or cannot be read.
        NotFoundError: there is no such type of relationship, or no such asset to be seen.
        ConflictError: they are so related already (``catalog.relationship_exists``).
        ForbiddenError: the actor may change neither of the two.
    """
    with database.begin() as connection:
        writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
        definition = _definition(writing.types, stated.get("typeName"))
        ends = [read_reference(stated.get(end)) for end in ("end1", "end2")]
        resolver = Resolver(connection, actor, writing.types)
        resolver.resolve(ends)
        first, second = (resolver.number(each) for each in ends)
        rows = _rows(connection, actor, first, second)
        _check_ends(writing.types, definition, rows[first].type_name, rows[second].type_name)
        _check_rights(connection, actor, rows)
        attributes = plain(_attributes(stated)) or None
        key = add_relation(writing, definition, first, second, attributes)
        if key is None:
            raise ConflictError(
                "The two assets are related so already.",
                code="catalog.relationship_exists",
                hint="Update that relationship, or leave it.",
            )
        _record(writing, "relationship.add", definition, rows)
        return _relationship(writing.types, key, definition, attributes, (rows[first], rows[second]))


def get_relationship(database: Database, actor: Actor, guid: str) -> Relationship:
    """A relationship whose ends may both be seen; NotFoundError where there is none."""
    with database.read() as connection:
        return _read(connection, actor, types_of(connection), guid)


def update_relationship(database: Database, actor: Actor, stated: Mapping[str, Any]) -> Relationship:
    """Set the attributes of a relationship, which ``stated`` names by its ``guid``.

    Raises:
        NotFoundError: there is none to be seen (``catalog.relationship_unknown``).
        ForbiddenError: the actor may change neither of its ends.
    """
    guid = str(stated.get("guid") or "")
    with database.begin() as connection:
        writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
        definition, key, rows = _changeable(writing, actor, guid)
        if stated.get("attributes") is not None:
            set_relation_attributes(connection, key, plain(_attributes(stated)) or None)
            _record(writing, "relationship.update", definition, rows)
        return _read(connection, actor, writing.types, guid)


def delete_relationship(database: Database, actor: Actor, guid: str) -> None:
    """Remove a relationship; errors as those of :func:`update_relationship`."""
    with database.begin() as connection:
        writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
        definition, key, rows = _changeable(writing, actor, guid)
        remove_relation(writing, key)
        _record(writing, "relationship.remove", definition, rows)


def _definition(types: Types, name: Any) -> RelationshipDefinition:
    found = types.relationships.get(str(name))
    if found is None:
        raise NotFoundError(
            f"There is no type of relationship '{name}'.", code="catalog.type_unknown", hint="List the types."
        )
    return found


def _attributes(stated: Mapping[str, Any]) -> Mapping[str, Any]:
    attributes = stated.get("attributes") or {}
    if not isinstance(attributes, Mapping):
        raise UsageError("The attributes of a relationship are no object.", hint="Send a JSON object: {…}.")
    return attributes


def _check_ends(types: Types, definition: RelationshipDefinition, first: str, second: str) -> None:
    for found, end in ((first, definition.end1), (second, definition.end2)):
        if found not in types or not types.is_a(found, end.type_name):
            raise UsageError(
                f"An end of '{definition.name}' is a {found}, not a {end.type_name}.",
                code="catalog.relationship_end",
                hint="Name the two assets the other way round, or relate others.",
            )


def _rows(connection: Connection, actor: Actor, *numbers: int) -> dict[int, Any]:
    query = select(tables.assets).where(_asset.id.in_(numbers), may_read(actor), _asset.status != "deleted")
    return {row.id: row for row in connection.execute(query)}


def _check_rights(connection: Connection, actor: Actor, rows: Mapping[int, Any]) -> None:
    """As with an entity that is sent with its references: who may change one of the two may relate it."""
    scopes = {row.scope_id for row in rows.values()}
    if not scopes_with(connection, actor, Action.ASSET_EDIT, scopes):
        raise forbidden(Action.ASSET_EDIT, min(scopes))


def _changeable(
    writing: Writing, actor: Actor, guid: str
) -> tuple[RelationshipDefinition, RelationKey, dict[int, Any]]:
    key, found = _find(writing.connection, guid)
    rows = _rows(writing.connection, actor, found.first, found.second)
    if len(rows) < len({found.first, found.second}):
        raise _unknown(guid)
    _check_rights(writing.connection, actor, rows)
    return _definition(writing.types, found.type_name), key, rows


def _find(connection: Connection, guid: str) -> tuple[RelationKey, Any]:
    key = RelationKey.read(guid)
    found = None if key is None else find_relation(connection, key)
    if key is None or found is None:
        raise _unknown(guid)
    return key, found


def _read(connection: Connection, actor: Actor, types: Types, guid: str) -> Relationship:
    key, found = _find(connection, guid)
    rows = _rows(connection, actor, found.first, found.second)
    if len(rows) < len({found.first, found.second}):
        raise _unknown(guid)
    definition = _definition(types, found.type_name)
    return _relationship(types, key, definition, found.attributes, (rows[found.first], rows[found.second]))


def _relationship(
    types: Types,
    key: RelationKey,
    definition: RelationshipDefinition,
    attributes: Mapping[str, Any] | None,
    ends: tuple[Any, Any],
) -> Relationship:
    shown = {
        "typeName": definition.name,
        "guid": str(key),
        "attributes": dict(attributes or {}),
        "end1": _end(ends[0]),
        "end2": _end(ends[1]),
        "label": f"r:{definition.name}",
        "status": "ACTIVE",
        "propagateTags": "NONE",
        "version": 1,
        "lastModifiedTS": "1",
        "createTime": milliseconds(max(each.created_at for each in ends)),
        "updateTime": milliseconds(max(each.updated_at for each in ends)),
    }
    return Relationship(shown, {each.guid: entity_header(types, each) for each in ends})


def _end(row: Any) -> dict[str, Any]:
    return {
        "guid": row.guid,
        "typeName": row.type_name,
        "uniqueAttributes": {"qualifiedName": row.qualified_name},
    }


def _record(writing: Writing, what: str, definition: RelationshipDefinition, rows: Mapping[int, Any]) -> None:
    # The other asset is not named: who may see the one's history may not see it.
    record_changes(writing, what, {number: {"relationship": {"type": definition.name}} for number in rows})


def _unknown(guid: str) -> NotFoundError:
    return NotFoundError(
        f"There is no relationship '{guid}'.",
        code="catalog.relationship_unknown",
        hint="Read one of its entities: its relationshipAttributes name it.",
    )
