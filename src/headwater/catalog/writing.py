"""Writing assets: found by identity, changed only where something changed, in the caller's transaction."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from headwater.catalog.chunks import chunked
from headwater.catalog.folders import place_in_folders
from headwater.catalog.records import AssetRecord, AssetRef, ColumnRecord
from headwater.catalog.types import CONTAINMENTS, TYPES, type_definition
from headwater.errors import NotFoundError, UsageError
from headwater.store import exclusive, tables

__all__ = ["find_guids", "touch", "write_assets"]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database has for a record of the batch."""

    guid: str
    display_name: str
    attributes: dict[str, Any]
    status: str
    source_id: int | None
    scope_id: int | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A collection, by its id and its scope's."""

    id: int
    scope_id: int


def write_assets(
    connection: Connection, batch: Iterable[AssetRecord], *, now: datetime, scan_id: int | None = None
) -> dict[AssetRef, str]:
    """Insert what is new, update what changed, mark all as seen; returns each asset's guid.

    Raises:
        UsageError: an unknown type or collection, no name, or a parent of a type that holds no such asset.
        NotFoundError: a parent that is neither in the batch nor in the catalog.
    """
    records = _distinct(batch)
    # Two who see the same new asset at once: the second must find the first one's.
    exclusive(connection, "catalog")
    stored = _stored(connection, records)
    guids = {ref: stored[ref].guid if ref in stored else str(uuid4()) for ref in records}
    new = [record for ref, record in records.items() if ref not in stored]
    _insert(connection, new, guids, now, scan_id)
    _mark_seen(connection, [asset.guid for asset in stored.values()], now, scan_id)
    changed = _update(connection, records, stored, now)
    recolumned = _write_columns(connection, records, guids)
    _set_updated(connection, recolumned - changed - {guids[record.ref] for record in new}, now)
    _write_parents(connection, records, guids)
    place_in_folders(
        connection, {guids[record.ref]: record.qualified_name for record in new if record.type_name == "dataset"}
    )
    return guids


def find_guids(connection: Connection, refs: Iterable[AssetRef]) -> dict[AssetRef, str]:
    """The guids of those of ``refs`` that exist, whatever their status."""
    found: dict[AssetRef, str] = {}
    asset = tables.assets.c
    for type_name, names in _names_by_type(refs).items():
        for chunk in chunked(names):
            query = select(asset.qualified_name, asset.guid).where(
                asset.type_name == type_name, asset.qualified_name.in_(chunk)
            )
            found |= {AssetRef(type_name, row.qualified_name): row.guid for row in connection.execute(query)}
    return found


def touch(connection: Connection, refs: Iterable[AssetRef], *, now: datetime, scan_id: int) -> None:
    """Mark those of ``refs`` that exist as seen, and present, without changing anything else."""
    _mark_seen(connection, list(find_guids(connection, refs).values()), now, scan_id)


def _distinct(batch: Iterable[AssetRecord]) -> dict[AssetRef, AssetRecord]:
    """One record an identity: two sightings in one batch are put together as two batches would be."""
    records: dict[AssetRef, AssetRecord] = {}
    for record in batch:
        definition = type_definition(record.type_name)
        if definition.is_abstract or not record.qualified_name:
            raise UsageError(
                f"An asset of type '{record.type_name}' cannot be recorded like this.",
                hint="Give a concrete type and a qualified name.",
            )
        if record.parent is not None and (record.parent.type_name, record.type_name) not in CONTAINMENTS:
            raise UsageError(f"An asset of type '{record.parent.type_name}' holds none of type '{record.type_name}'.")
        plain = replace(record, attributes=_merged(record.type_name, {}, _plain(record.attributes)))
        earlier = records.get(record.ref)
        records[record.ref] = plain if earlier is None else _combined(earlier, plain)
    return records


def _combined(earlier: AssetRecord, later: AssetRecord) -> AssetRecord:
    return replace(
        later,
        attributes=_merged(later.type_name, earlier.attributes, later.attributes),
        columns=earlier.columns if later.columns is None else later.columns,
        collection=later.collection or earlier.collection,
        parent=later.parent or earlier.parent,
        source_id=earlier.source_id if later.source_id is None else later.source_id,
        scope_id=earlier.scope_id if later.scope_id is None else later.scope_id,
    )


def _merged(type_name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``new`` over ``old``; attributes that accumulate keep what they had, in the order it was first seen."""
    merged = {**old, **new}
    for attribute in TYPES[type_name].attributes:
        if attribute.accumulates and attribute.name in merged:
            parts = [*old.get(attribute.name, ()), *new.get(attribute.name, ())]
            merged[attribute.name] = list(dict.fromkeys(parts))
    return merged


def _plain(value: Any) -> Any:
    """``value`` as JSON has it, so that what is read back compares equal to what is written anew."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no word for it, PostgreSQL refuses it.
        return str(value)
    return value


def _stored(connection: Connection, records: Iterable[AssetRef]) -> dict[AssetRef, _Stored]:
    asset = tables.assets.c
    found: dict[AssetRef, _Stored] = {}
    for type_name, names in _names_by_type(records).items():
        for chunk in chunked(names):
            query = select(
                asset.qualified_name,
                asset.guid,
                asset.display_name,
                asset.attributes,
                asset.status,
                asset.source_id,
                asset.scope_id,
            ).where(asset.type_name == type_name, asset.qualified_name.in_(chunk))
            for row in connection.execute(query):
                found[AssetRef(type_name, row.qualified_name)] = _Stored(*row[1:])
    return found


def _names_by_type(refs: Iterable[AssetRef]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for ref in refs:
        names.setdefault(ref.type_name, []).append(ref.qualified_name)
    return names


def _insert(
    connection: Connection,
    records: Sequence[AssetRecord],
    guids: Mapping[AssetRef, str],
    now: datetime,
    scan_id: int | None,
) -> None:
    if not records:
        return
    collections = _collections(connection)
    places = [_place(collections, record.collection) for record in records]
    rows = [
        {
            "guid": guids[record.ref],
            "type_name": record.type_name,
            "qualified_name": record.qualified_name,
            "display_name": record.display_name,
            "collection_id": place.id,
            "source_id": record.source_id,
            "scope_id": place.scope_id if record.scope_id is None else record.scope_id,
            "attributes": dict(record.attributes),
            "status": "active",
            "created_at": now,
            "updated_at": now,
            "last_seen_at": now,
            "last_scan_id": scan_id,
        }
        for record, place in zip(records, places, strict=True)
    ]
    for chunk in chunked(rows):
        connection.execute(insert(tables.assets), chunk)


def _collections(connection: Connection) -> dict[str, _Place]:
    collection = tables.collections.c
    query = select(collection.name, collection.id, collection.scope_id)
    return {row.name: _Place(row.id, row.scope_id) for row in connection.execute(query)}


def _place(collections: Mapping[str, _Place], name: str | None) -> _Place:
    found = collections.get(name or tables.ROOT_COLLECTION)
    if found is None:
        raise UsageError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
    return found


def _mark_seen(connection: Connection, guids: Sequence[str], now: datetime, scan_id: int | None) -> None:
    seen: dict[str, Any] = {"last_seen_at": now, "status": "active"}
    if scan_id is not None:
        seen["last_scan_id"] = scan_id
    for chunk in chunked(guids):
        connection.execute(update(tables.assets).where(tables.assets.c.guid.in_(chunk)).values(seen))


def _update(
    connection: Connection,
    records: Mapping[AssetRef, AssetRecord],
    stored: Mapping[AssetRef, _Stored],
    now: datetime,
) -> set[str]:
    """Write what differs; returns the guids of what did."""
    changed: set[str] = set()
    rows: list[dict[str, Any]] = []
    for ref, before in stored.items():
        record = records[ref]
        attributes = _merged(ref.type_name, before.attributes, record.attributes)
        source_id = before.source_id if record.source_id is None else record.source_id
        scope_id = before.scope_id if record.scope_id is None else record.scope_id
        after = _Stored(before.guid, record.display_name, attributes, "active", source_id, scope_id)
        if after != before:
            changed.add(after.guid)
            rows.append(
                {
                    "of_guid": after.guid,
                    "display_name": after.display_name,
                    "attributes": attributes,
                    "source_id": source_id,
                    "scope_id": scope_id,
                    "updated_at": now,
                }
            )
    statement = update(tables.assets).where(tables.assets.c.guid == bindparam("of_guid"))
    for chunk in chunked(rows):
        connection.execute(statement, chunk)
    return changed


def _set_updated(connection: Connection, guids: Iterable[str], now: datetime) -> None:
    for chunk in chunked(guids):
        connection.execute(update(tables.assets).where(tables.assets.c.guid.in_(chunk)).values(updated_at=now))


def _write_columns(
    connection: Connection, records: Mapping[AssetRef, AssetRecord], guids: Mapping[AssetRef, str]
) -> set[str]:
    """Replace the columns that differ; returns the guids of the assets they are of."""
    wanted = {
        guids[ref]: [replace(column, attributes=_plain(column.attributes)) for column in record.columns]
        for ref, record in records.items()
        if record.columns is not None
    }
    before = _stored_columns(connection, wanted)
    changed = {guid for guid, columns in wanted.items() if columns != before.get(guid, [])}
    column = tables.asset_columns.c
    for chunk in chunked(changed):
        connection.execute(delete(tables.asset_columns).where(column.asset_guid.in_(chunk)))
    rows = [
        {
            "asset_guid": guid,
            "ordinal": ordinal,
            "name": item.name,
            "type": item.type,
            "attributes": dict(item.attributes),
        }
        for guid in changed
        for ordinal, item in enumerate(wanted[guid])
    ]
    for row_chunk in chunked(rows):
        connection.execute(insert(tables.asset_columns), row_chunk)
    return changed


def _stored_columns(connection: Connection, guids: Iterable[str]) -> dict[str, list[ColumnRecord]]:
    column = tables.asset_columns.c
    found: dict[str, list[ColumnRecord]] = {}
    for chunk in chunked(guids):
        query = (
            select(column.asset_guid, column.name, column.type, column.attributes)
            .where(column.asset_guid.in_(chunk))
            .order_by(column.asset_guid, column.ordinal)
        )
        for row in connection.execute(query):
            found.setdefault(row.asset_guid, []).append(ColumnRecord(row.name, row.type, row.attributes))
    return found


def _write_parents(
    connection: Connection, records: Mapping[AssetRef, AssetRecord], guids: Mapping[AssetRef, str]
) -> None:
    parents = {ref: record.parent for ref, record in records.items() if record.parent is not None}
    known = dict(guids) | find_guids(connection, {parent for parent in parents.values() if parent not in guids})
    pairs: set[tuple[str, str]] = set()
    for ref, parent in parents.items():
        if parent not in known:
            raise NotFoundError(f"There is no {parent.type_name} to hold the {ref.type_name} '{ref.qualified_name}'.")
        pairs.add((known[parent], guids[ref]))
    link = tables.containment.c
    for chunk in chunked({child for _, child in pairs}):
        rows = connection.execute(select(link.parent_guid, link.child_guid).where(link.child_guid.in_(chunk)))
        pairs -= {(row.parent_guid, row.child_guid) for row in rows}
    for pair_chunk in chunked(sorted(pairs)):
        connection.execute(
            insert(tables.containment),
            [{"parent_guid": parent_guid, "child_guid": child_guid} for parent_guid, child_guid in pair_chunk],
        )
