"""Entities as clients are answered them: everything that is known of an asset, in Atlas's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.relations import relations_of
from headwater.catalog.seeing import may_read
from headwater.catalog.types import Types, types_of
from headwater.store import tables

__all__ = ["classifications_of", "entities_by_id", "entity_header", "milliseconds", "readable"]

_asset = tables.assets.c


#: What a header shows of an entity's attributes, beside its names.
_IN_SHORT = ("owner", "description", "createTime")


@dataclass(frozen=True, slots=True)
class _Said:
    """What people say of some assets, by number."""

    labels: Mapping[int, list[str]]
    contacts: Mapping[int, dict[str, list[dict[str, Any]]]]
    classifications: Mapping[int, list[dict[str, Any]]]
    meanings: Mapping[int, list[dict[str, Any]]]


def readable(actor: Actor) -> Select[Any]:
    """The rows of all assets that whoever asks may see, with their collection's name."""
    place = tables.collections.c
    return (
        select(tables.assets, place.name.label("collection"))
        .join(tables.collections, place.id == _asset.collection_id)
        .where(may_read(actor))
    )


def entities_by_id(
    connection: Connection, actor: Actor, numbers: Sequence[int], *, relationships: bool = True
) -> list[dict[str, Any]]:
    """Entities in full, in the order asked for; those that may not be seen are left out."""
    types = types_of(connection)
    rows: dict[int, Row[Any]] = {}
    for chunk in chunked(numbers):
        rows |= {row.id: row for row in connection.execute(readable(actor).where(_asset.id.in_(chunk)))}
    found = [number for number in numbers if number in rows]
    said = _said(connection, found)
    if not relationships:
        return [_entity(types, rows[number], said, None) for number in found]
    related = relations_of(connection, actor, types, {n: rows[n].type_name for n in found})
    return [_entity(types, rows[number], said, related.get(number, {})) for number in found]


def entity_header(types: Types, row: Any, classifications: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """An entity in short; ``row`` has an asset's guid, type and names, and may have its other columns."""
    listed = [dict(each) for each in classifications]
    stated = getattr(row, "attributes", None) or {}
    shown = {name: stated[name] for name in _IN_SHORT if stated.get(name) is not None}
    return {
        "typeName": row.type_name,
        "attributes": {**shown, "qualifiedName": row.qualified_name, "name": row.display_name},
        "lastModifiedTS": str(getattr(row, "version", 1)),
        "guid": row.guid,
        "status": _status(getattr(row, "status", "active")),
        "displayText": row.display_name,
        "classificationNames": [each["typeName"] for each in listed],
        "classifications": listed,
        "meaningNames": [],
        "meanings": [],
        "isIncomplete": False,
        "labels": [],
    }


def classifications_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The classifications that these assets have, by their number; not those that are only suggested."""
    found: dict[int, list[dict[str, Any]]] = {}
    for chunk in chunked(numbers):
        for row in connection.execute(_classified(chunk)):
            found.setdefault(row.asset_id, []).append(_classification(row))
    return found


def milliseconds(at: datetime) -> int:
    """A moment as Atlas writes it: milliseconds of Unix time."""
    return int(at.timestamp() * 1000)


def _status(status: str) -> str:
    return "DELETED" if status == "deleted" else "ACTIVE"


def _entity(types: Types, row: Row[Any], said: _Said, related: Mapping[str, Any] | None) -> dict[str, Any]:
    classifications = said.classifications.get(row.id, [])
    entity = entity_header(types, row, classifications)
    attributes = _attributes(types, row)
    if related is not None:
        # What a process reads and writes stands among its attributes, too.
        attributes |= {name: related[name] for name in ("inputs", "outputs") if name in related}
        entity["relationshipAttributes"] = dict(related) | {"meanings": said.meanings.get(row.id, [])}
    return entity | {
        "attributes": attributes,
        "createTime": milliseconds(row.created_at),
        "createdBy": row.created_by,
        "updateTime": milliseconds(row.updated_at),
        "updatedBy": row.updated_by,
        "version": row.version,
        "lastModifiedTS": str(row.version),
        "labels": said.labels.get(row.id, []),
        "contacts": said.contacts.get(row.id, {}),
        "customAttributes": row.custom_attributes or {},
        "businessAttributes": row.business_attributes or {},
        "meanings": said.meanings.get(row.id, []),
        "meaningNames": [each["displayText"] for each in said.meanings.get(row.id, [])],
        "collectionId": row.collection,
    }


def _attributes(types: Types, row: Row[Any]) -> dict[str, Any]:
    known = types.attributes(row.type_name) if row.type_name in types else {}
    attributes: dict[str, Any] = dict.fromkeys(known)
    attributes |= row.attributes
    attributes["qualifiedName"] = row.qualified_name
    attributes["name"] = row.attributes.get("name") or row.display_name
    attributes["userDescription"] = row.user_description or row.attributes.get("userDescription")
    return attributes


def _said(connection: Connection, numbers: Sequence[int]) -> _Said:
    labels: dict[int, list[str]] = {}
    contacts: dict[int, dict[str, list[dict[str, Any]]]] = {}
    meanings: dict[int, list[dict[str, Any]]] = {}
    label, contact = tables.asset_labels.c, tables.asset_contacts.c
    for chunk in chunked(numbers):
        for row in connection.execute(
            select(tables.asset_labels).where(label.asset_id.in_(chunk)).order_by(label.label)
        ):
            labels.setdefault(row.asset_id, []).append(row.label)
        for row in connection.execute(
            select(tables.asset_contacts).where(contact.asset_id.in_(chunk)).order_by(contact.kind, contact.contact_id)
        ):
            person = {"id": row.contact_id, "info": row.info}
            contacts.setdefault(row.asset_id, {}).setdefault(row.kind, []).append(person)
        for row in connection.execute(_meant(chunk)):
            meanings.setdefault(row.asset_id, []).append(_meaning(row))
    return _Said(labels, contacts, classifications_of(connection, numbers), meanings)


def _classified(numbers: Sequence[int]) -> Select[Any]:
    kind = tables.asset_classifications.c
    return (
        select(tables.asset_classifications, _asset.guid)
        .join(tables.assets, _asset.id == kind.asset_id)
        .where(kind.asset_id.in_(numbers), kind.state == "accepted")
        .order_by(kind.type_name)
    )


def _classification(row: Row[Any]) -> dict[str, Any]:
    return {
        "typeName": row.type_name,
        "attributes": row.attributes or {},
        "entityGuid": row.guid,
        "entityStatus": "ACTIVE",
        "lastModifiedTS": "1",
        **(row.details or {}),
    }


def _meant(numbers: Sequence[int]) -> Select[Any]:
    given, term = tables.asset_terms.c, tables.glossary_terms.c
    return (
        select(given.id, given.asset_id, given.details, term.guid, term.name)
        .join(tables.glossary_terms, term.id == given.term_id)
        .where(given.asset_id.in_(numbers))
        .order_by(term.name)
    )


def _meaning(row: Row[Any]) -> dict[str, Any]:
    return {
        "termGuid": row.guid,
        "displayText": row.name,
        "relationGuid": str(UUID(int=(3 << 120) | row.id)),
        **(row.details or {}),
    }
