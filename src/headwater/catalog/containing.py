"""What contains what: relationships between an asset and those that it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select

from headwater.catalog.chunks import chunked
from headwater.catalog.records import AssetRecord, AssetRef
from headwater.catalog.stored import StoredAsset, find_ids
from headwater.catalog.types import containment_type
from headwater.errors import NotFoundError
from headwater.store import tables

__all__ = ["hold"]


def hold(
    connection: Connection,
    records: Mapping[int, AssetRecord],
    written: Mapping[AssetRef, StoredAsset],
    *,
    now: datetime,
    by: str,
) -> None:
    """Relate each record (by its asset's number) to the parent that it names.

    A file within a folder is a part of it, which is an edge of lineage and follows from the names.

    Raises:
        NotFoundError: a parent that there is not.
    """
    held = {
        number: record
        for number, record in records.items()
        if record.parent is not None and not _is_part(record, record.parent)
    }
    parents = {record.parent for record in held.values() if record.parent is not None}
    known = {ref: asset.id for ref, asset in written.items()}
    known |= find_ids(connection, parents - known.keys())
    wanted: set[tuple[int, int, str]] = set()
    for number, record in held.items():
        parent = record.parent
        if parent is None or parent not in known:
            raise NotFoundError(
                f"There is no {getattr(parent, 'type_name', 'asset')} to hold the {record.type_name}"
                f" '{record.qualified_name}'.",
                hint="Record what holds it first, or with it.",
            )
        wanted.add((known[parent], number, containment_type(parent.type_name, record.type_name)))
    _relate(connection, wanted, now, by)


def _is_part(record: AssetRecord, parent: AssetRef) -> bool:
    both_datasets = record.type_name == parent.type_name == "dataset"
    return both_datasets and record.qualified_name.startswith(f"{parent.qualified_name}/")


def _relate(connection: Connection, wanted: Iterable[tuple[int, int, str]], now: datetime, by: str) -> None:
    link, missing = tables.relationships.c, set(wanted)
    for chunk in chunked({child for _, child, _ in missing}):
        rows = connection.execute(select(link.end1_id, link.end2_id, link.type_name).where(link.end2_id.in_(chunk)))
        missing -= {(row.end1_id, row.end2_id, row.type_name) for row in rows}
    new = [
        {"end1_id": parent, "end2_id": child, "type_name": kind, "created_at": now, "created_by": by}
        for parent, child, kind in sorted(missing)
    ]
    for row_chunk in chunked(new):
        connection.execute(insert(tables.relationships), row_chunk)
