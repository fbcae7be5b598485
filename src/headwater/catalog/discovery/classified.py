"""Entities in short by when they were classified: what tools that copy classifications ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.reading import classifications_of, entity_header
from headwater.catalog.seeing import may_read
from headwater.catalog.types import types_of
from headwater.errors import UsageError
from headwater.store import Database, tables

__all__ = ["classified_since"]

#: As many are told at once, those that were classified first.
MOST: Final = 10_000
_asset, _kind = tables.assets.c, tables.asset_classifications.c


def classified_since(database: Database, actor: Actor, milliseconds: int) -> dict[str, dict[str, Any]]:
    """Entities that got a classification at that moment of Unix time or later, by guid.

    Raises:
        UsageError: there is no such moment.
    """
    try:
        since = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError("That is no time.", hint="Give milliseconds since 1970.") from error
    query = (
        select(_asset.id)
        .join(tables.asset_classifications, _kind.asset_id == _asset.id)
        .where(_kind.state == "accepted", _kind.created_at >= since, _asset.status == "active", may_read(actor))
        .order_by(_kind.created_at, _asset.id)
        .limit(MOST)
    )
    found: dict[str, dict[str, Any]] = {}
    with database.read() as connection:
        types = types_of(connection)
        for chunk in chunked(dict.fromkeys(connection.scalars(query))):
            classified = classifications_of(connection, chunk)
            for row in connection.execute(select(tables.assets).where(_asset.id.in_(chunk))):
                found[row.guid] = entity_header(types, row, classified.get(row.id, ()))
    return found
