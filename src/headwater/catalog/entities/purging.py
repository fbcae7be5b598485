"""Forgetting entities that were deleted, for good."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from headwater.access import Action, Actor, require, server_scope
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.finding import find_by_guid
from headwater.catalog.entities.saving import Saved
from headwater.catalog.scans.presence import forget
from headwater.catalog.writing import begin_writing
from headwater.store import Database, tables, utc_now

__all__ = ["purge_entities"]

_asset, _column = tables.assets.c, tables.asset_columns.c


def purge_entities(database: Database, actor: Actor, guids: Sequence[str]) -> list[Saved]:
    """Forget these, with all that was said of them; returns those that were forgotten.

    Those that are not deleted are passed over, as Atlas does.

    Raises:
        NotFoundError: one of them is not there, or may not be seen.
        ForbiddenError: the actor may not change the server.
    """
    with database.begin() as connection:
        require(connection, actor, Action.SERVER_MANAGE, server_scope(connection))
        begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
        rows = [row for row in find_by_guid(connection, actor, guids).values() if row.status == "deleted"]
        numbers = [row.id for row in rows]
        inner: set[int] = set()
        for chunk in chunked(numbers):
            query = select(_column.column_id).join(tables.assets, _asset.id == _column.column_id)
            gone = (_column.asset_id.in_(chunk), _asset.status == "deleted")
            inner |= set(connection.scalars(query.where(*gone)))
        forget(connection, {*numbers, *inner})
        return [
            Saved(row.id, row.guid, row.type_name, row.qualified_name, row.display_name, row.version) for row in rows
        ]
