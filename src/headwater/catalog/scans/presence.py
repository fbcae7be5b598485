"""Assets that are no longer where they were found: marked, and after a while forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from headwater.catalog.chunks import chunked
from headwater.store import tables
from headwater.store.changes import next_change

__all__ = ["forget", "mark_missing", "purge_missing"]

_assets = tables.assets
_asset = tables.assets.c


def mark_missing(connection: Connection, gone: Mapping[str, Iterable[str]], *, now: datetime) -> int:
    """Mark assets, given as qualified names by type, as missing; returns how many were not before.

    They stay with all that people said of them, and are there again as soon as a scan sees them.
    """
    marked = 0
    change = next_change(connection)
    for type_name, qualified_names in gone.items():
        for chunk in chunked(sorted(qualified_names)):
            these = _asset.type_name == type_name, _asset.qualified_name.in_(chunk), _asset.status == "active"
            statement = update(_assets).where(*these).values(status="missing", updated_at=now, change=change)
            marked += connection.execute(statement).rowcount
    return marked


def purge_missing(connection: Connection, before: datetime) -> int:
    """Forget assets that have been missing since before a moment, with what people said of them; returns how many.

    The lineage that ran through them goes with them.
    """
    gone = list(connection.scalars(select(_asset.id).where(_asset.status == "missing", _asset.updated_at < before)))
    link = tables.asset_columns.c
    columns: set[int] = set()
    for chunk in chunked(gone):
        columns |= set(connection.scalars(select(link.column_id).where(link.asset_id.in_(chunk))))
    forget(connection, {*gone, *columns})
    return len(gone)


def forget(connection: Connection, numbers: Iterable[int]) -> None:
    """Take assets out of the catalog, with all that hangs on them, and tell indexes so."""
    change = next_change(connection)
    for chunk in chunked(sorted(numbers)):
        tombstones = [{"asset_id": number, "change": change} for number in chunk]
        connection.execute(insert(tables.asset_tombstones), tombstones)
        connection.execute(delete(_assets).where(_asset.id.in_(chunk)))
