"""Which of two events that say the same kind of thing of an asset is the later one, whichever came first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from headwater.store import tables

__all__ = ["DROPPED", "SEEN", "put_stamps", "stamps_of"]

#: Beside the facets: when it was named last, and when it was said to be gone.
SEEN, DROPPED = "seen", "dropped"
_stamp = tables.lineage_stamps.c


def stamps_of(connection: Connection, asset_id: int) -> dict[str, str]:
    """When each facet of an asset was said last."""
    query = select(_stamp.facet, _stamp.stamp).where(_stamp.asset_id == asset_id)
    return {row.facet: row.stamp for row in connection.execute(query)}


def put_stamps(
    connection: Connection, asset_id: int, facets: Iterable[str], stamp: str, before: Mapping[str, str]
) -> None:
    """Note that these were said at ``stamp``; those that were said later stay as they are."""
    newer = [facet for facet in facets if before.get(facet, "") < stamp]
    known = [facet for facet in newer if facet in before]
    if known:
        same = (_stamp.asset_id == asset_id, _stamp.facet.in_(known))
        connection.execute(delete(tables.lineage_stamps).where(*same))
    rows = [{"asset_id": asset_id, "facet": facet, "stamp": stamp} for facet in newer]
    if rows:
        connection.execute(insert(tables.lineage_stamps), rows)
