"""Assets that are no longer where they were found: marked, and after a while forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, update

from headwater.catalog.chunks import chunked
from headwater.store import tables

__all__ = ["mark_missing", "purge_missing"]

_assets = tables.assets
_asset = tables.assets.c


def mark_missing(connection: Connection, gone: Mapping[str, Iterable[str]], *, now: datetime) -> int:
    """Mark assets, given as qualified names by type, as missing; returns how many were not before.

    They stay with all that people said of them, and are there again as soon as a scan sees them.
    """
    marked = 0
    for type_name, qualified_names in gone.items():
        for chunk in chunked(sorted(qualified_names)):
            these = _asset.type_name == type_name, _asset.qualified_name.in_(chunk), _asset.status == "active"
            statement = update(_assets).where(*these).values(status="missing", updated_at=now)
            marked += connection.execute(statement).rowcount
    return marked


def purge_missing(connection: Connection, before: datetime) -> int:
    """Forget assets that have been missing since before a moment, with what people said of them; returns how many.

    The lineage that ran through them goes with them.
    """
    gone = _asset.status == "missing", _asset.updated_at < before
    return connection.execute(delete(_assets).where(*gone)).rowcount
