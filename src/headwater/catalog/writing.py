"""Writing assets: found by identity, changed only where something changed, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, insert, select, update

from headwater.catalog.batch import distinct, merged
from headwater.catalog.chunks import chunked
from headwater.catalog.columns import columns_that_differ, link_columns
from headwater.catalog.containing import hold
from headwater.catalog.folders import place_in_folders
from headwater.catalog.records import AssetRecord, AssetRef
from headwater.catalog.stored import StoredAsset, find_stored
from headwater.catalog.types import Types, types_of
from headwater.errors import UsageError
from headwater.store import tables
from headwater.store.bulk import insert_rows
from headwater.store.changes import next_change

__all__ = ["HEADWATER", "Writing", "begin_writing", "put_records", "touch", "write_assets"]

#: Who writes what nobody in particular does.
HEADWATER = "Headwater"


@dataclass(frozen=True, slots=True)
class Writing:
    """What all that is written at once has in common: when, by whom, in which scan, under which number."""

    connection: Connection
    types: Types
    now: datetime
    by: str
    by_id: str | None
    scan_id: int | None
    change: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A collection, by its id and its scope's."""

    id: int
    scope_id: int


def begin_writing(
    connection: Connection,
    *,
    now: datetime,
    scan_id: int | None = None,
    by: str = HEADWATER,
    by_id: str | None = None,
) -> Writing:
    """Begin to write: nobody else changes the catalog until the transaction ends.

    Two who see the same new asset at once take turns, and the second finds what the first wrote.
    """
    change = next_change(connection)
    return Writing(connection, types_of(connection), now, by, by_id, scan_id, change)


def write_assets(
    connection: Connection,
    batch: Iterable[AssetRecord],
    *,
    now: datetime,
    scan_id: int | None = None,
    by: str = HEADWATER,
    by_id: str | None = None,
) -> dict[AssetRef, str]:
    """Insert what is new, update what changed, mark all as seen; returns each asset's guid.

    Raises:
        UsageError: an unknown type or collection, no name, or a parent of a type that holds no such asset.
        NotFoundError: a parent that is neither in the batch nor in the catalog.
    """
    writing = begin_writing(connection, now=now, scan_id=scan_id, by=by, by_id=by_id)
    records = distinct(writing.types, batch)
    written = put_records(writing, records)
    columns = columns_that_differ(connection, {written[ref].id: record for ref, record in records.items()})
    if columns:
        _put_columns(writing, columns, {asset.id: asset for asset in written.values()})
    hold(writing.connection, {written[ref].id: record for ref, record in records.items()}, written, now=now, by=by)
    return {ref: asset.guid for ref, asset in written.items()}


def touch(connection: Connection, refs: Iterable[AssetRef], *, now: datetime, scan_id: int) -> None:
    """Mark those of ``refs`` that exist as seen, and present, without changing anything else."""
    writing = begin_writing(connection, now=now, scan_id=scan_id)
    _mark_seen(writing, find_stored(connection, refs).values())


def put_records(
    writing: Writing,
    records: Mapping[AssetRef, AssetRecord],
    stored: Mapping[AssetRef, StoredAsset] | None = None,
) -> dict[AssetRef, StoredAsset]:
    """Write records without their columns and parents; returns each as it is stored now.

    ``stored`` has those of them that there are, where that was found out already, in this transaction.
    """
    if stored is None:
        stored = find_stored(writing.connection, records)
    new = _insert(writing, [record for ref, record in records.items() if ref not in stored])
    _mark_seen(writing, stored.values())
    after = {ref: _update(writing, asset, records[ref]) for ref, asset in stored.items()}
    _write_changes(writing, [(stored[ref], asset) for ref, asset in after.items() if asset != stored[ref]])
    datasets = {asset.id: ref.qualified_name for ref, asset in new.items() if ref.type_name == "dataset"}
    place_in_folders(writing.connection, datasets, writing.now)
    return {**after, **new}


def _insert(writing: Writing, records: Sequence[AssetRecord]) -> dict[AssetRef, StoredAsset]:
    if not records:
        return {}
    collections = _collections(writing.connection)
    rows = [_new_row(writing, record, _place(collections, record.collection)) for record in records]
    numbers: dict[str, int] = {}
    for chunk in chunked(rows):
        made = insert_rows(writing.connection, tables.assets, chunk, tables.assets.c.guid, tables.assets.c.id)
        numbers |= {row.guid: row.id for row in made}
    kept = StoredAsset.__dataclass_fields__.keys() - {"id", "status", "version"}
    return {
        AssetRef(row["type_name"], row["qualified_name"]): StoredAsset(
            id=numbers[row["guid"]], status="active", version=1, **{name: row[name] for name in kept}
        )
        for row in rows
    }


def _new_row(writing: Writing, record: AssetRecord, place: _Place) -> dict[str, Any]:
    return {
        "guid": str(uuid4()),
        "type_name": record.type_name,
        "qualified_name": record.qualified_name,
        "display_name": record.display_name,
        "collection_id": place.id,
        "source_id": record.source_id,
        "scope_id": place.scope_id if record.scope_id is None else record.scope_id,
        "attributes": dict(record.attributes),
        "created_at": writing.now,
        "created_by": writing.by,
        "updated_at": writing.now,
        "updated_by": writing.by,
        "last_seen_at": writing.now,
        "last_scan_id": writing.scan_id,
        "change": writing.change,
    }


def _collections(connection: Connection) -> dict[str, _Place]:
    collection = tables.collections.c
    query = select(collection.name, collection.id, collection.scope_id)
    return {row.name: _Place(row.id, row.scope_id) for row in connection.execute(query)}


def _place(collections: Mapping[str, _Place], name: str | None) -> _Place:
    found = collections.get(name or tables.ROOT_COLLECTION)
    if found is None:
        raise UsageError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
    return found


def _mark_seen(writing: Writing, assets: Iterable[StoredAsset]) -> None:
    seen: dict[str, Any] = {"last_seen_at": writing.now}
    if writing.scan_id is not None:
        seen["last_scan_id"] = writing.scan_id
    back = {"status": "active", "change": writing.change}
    asset = tables.assets.c
    for chunk in chunked([(each.id, each.status) for each in assets]):
        there = [number for number, status in chunk if status == "active"]
        again = [number for number, status in chunk if status != "active"]
        writing.connection.execute(update(tables.assets).where(asset.id.in_(there)).values(seen))
        if again:
            writing.connection.execute(update(tables.assets).where(asset.id.in_(again)).values(seen | back))


def _update(writing: Writing, before: StoredAsset, record: AssetRecord) -> StoredAsset:
    """The asset as it is after this sighting of it."""
    return replace(
        before,
        display_name=record.display_name,
        attributes=merged(writing.types, before.type_name, before.attributes, record.attributes),
        status="active",
        source_id=before.source_id if record.source_id is None else record.source_id,
        scope_id=before.scope_id if record.scope_id is None else record.scope_id,
    )


_CHANGED = (
    update(tables.assets)
    .where(tables.assets.c.id == bindparam("of_id"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("display_name", "attributes", "source_id", "scope_id", "version")}
        | {name: bindparam(f"new_{name}") for name in ("updated_at", "updated_by", "change")}
    )
)


def _write_changes(writing: Writing, changed: Sequence[tuple[StoredAsset, StoredAsset]]) -> None:
    for chunk in chunked(changed):
        rows = [
            {
                "of_id": after.id,
                "new_display_name": after.display_name,
                "new_attributes": after.attributes,
                "new_source_id": after.source_id,
                "new_scope_id": after.scope_id,
                "new_version": before.version + 1,
                "new_updated_at": writing.now,
                "new_updated_by": writing.by,
                "new_change": writing.change,
            }
            for before, after in chunk
        ]
        writing.connection.execute(_CHANGED, rows)
        writing.connection.execute(insert(tables.asset_history), [_history(writing, *each) for each in chunk])
    _move_columns(writing, [after for before, after in changed if after.scope_id != before.scope_id])


def _history(writing: Writing, before: StoredAsset, after: StoredAsset) -> dict[str, Any]:
    changes = {
        name: {"before": before.attributes.get(name), "after": value}
        for name, value in after.attributes.items()
        if before.attributes.get(name) != value
    }
    for name in ("display_name", "status"):
        if getattr(before, name) != getattr(after, name):
            changes[name] = {"before": getattr(before, name), "after": getattr(after, name)}
    return {
        "asset_id": after.id,
        "at": writing.now,
        "action": "update",
        "by_id": writing.by_id,
        "by": writing.by,
        "changes": changes,
    }


def _move_columns(writing: Writing, assets: Iterable[StoredAsset]) -> None:
    """Columns are seen by whoever sees what they are of."""
    link = tables.asset_columns.c
    for asset in assets:
        columns = select(link.column_id).where(link.asset_id == asset.id)
        moved = update(tables.assets).where(tables.assets.c.id.in_(columns))
        writing.connection.execute(moved.values(scope_id=asset.scope_id, change=writing.change))


def _put_columns(
    writing: Writing, wanted: Mapping[int, Sequence[AssetRecord]], holders: Mapping[int, StoredAsset]
) -> None:
    """Write the columns of these assets, and make them those that each has now, in this order."""
    records = {
        record.ref: replace(record, scope_id=holders[asset_id].scope_id)
        for asset_id, columns in wanted.items()
        for record in columns
    }
    written = put_records(writing, records)
    link_columns(
        writing.connection,
        {asset_id: [written[column.ref].id for column in columns] for asset_id, columns in wanted.items()},
    )
    asset = tables.assets.c
    for chunk in chunked(wanted):
        changed = {"updated_at": writing.now, "updated_by": writing.by, "change": writing.change}
        writing.connection.execute(update(tables.assets).where(asset.id.in_(chunk)).values(changed))
