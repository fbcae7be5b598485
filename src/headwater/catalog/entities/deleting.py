"""Deleting entities, with what they contain. They are kept, and come back as they were when they are sent again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from headwater.access import Action, Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.finding import Target, check_rights, find_all, find_by_guid, scopes_with
from headwater.catalog.entities.saving import Saved
from headwater.catalog.history import record_changes
from headwater.catalog.types import Types
from headwater.catalog.writing import begin_writing
from headwater.store import Database, tables, utc_now

__all__ = ["delete_entities"]

_asset, _link, _column = tables.assets.c, tables.relationships.c, tables.asset_columns.c


def delete_entities(database: Database, actor: Actor, targets: Sequence[Target]) -> list[Saved]:
    """Delete these, and what they contain as far as the actor may; returns all that was deleted.

    One that is deleted already is passed over, if it is named by its guid.

    Raises:
        NotFoundError: one of them is not there, or may not be seen.
        ForbiddenError: the actor may not delete one of them.
    """
    with database.begin() as connection:
        writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
        named = [each for each in targets if not isinstance(each, str)]
        by_guid = find_by_guid(connection, actor, [each for each in targets if isinstance(each, str)])
        found = [by_guid[each] for each in targets if isinstance(each, str)]
        rows = {row.id: row for row in (*find_all(connection, actor, writing.types, named), *found)}
        check_rights(connection, actor, Action.ASSET_DELETE, rows.values())
        gone = {number: row for number, row in rows.items() if row.status != "deleted"}
        level = list(gone.values())
        while level:
            inner = _contained(connection, writing.types, level)
            deletable = scopes_with(connection, actor, Action.ASSET_DELETE, {row.scope_id for row in inner})
            level = [row for row in inner if row.id not in gone and row.scope_id in deletable]
            gone |= {row.id: row for row in level}
        changes = {row.id: {"status": {"before": row.status, "after": "deleted"}} for row in gone.values()}
        record_changes(writing, "delete", changes, status="deleted")
        return [_saved(row) for row in gone.values()]


def _contained(connection: Connection, types: Types, holders: Iterable[Row[Any]]) -> list[Row[Any]]:
    """What assets contain, directly: their columns, and what is at the other end of a composition."""
    compositions = [each for each in types.relationships.values() if each.category == "COMPOSITION"]
    found: list[Row[Any]] = []
    for chunk in chunked(row.id for row in holders):
        queries = [select(_column.column_id).where(_column.asset_id.in_(chunk))]
        for near, far, which in ((_link.end1_id, _link.end2_id, 1), (_link.end2_id, _link.end1_id, 2)):
            names = [each.name for each in compositions if (each.end1 if which == 1 else each.end2).is_container]
            queries.append(select(far).where(near.in_(chunk), _link.type_name.in_(names)))
        for query in queries:
            found += connection.execute(_active(query)).all()
    return found


def _active(numbers: Select[Any]) -> Select[Any]:
    return select(tables.assets).where(_asset.id.in_(numbers), _asset.status != "deleted")


def _saved(row: Row[Any]) -> Saved:
    return Saved(row.id, row.guid, row.type_name, row.qualified_name, row.display_name, row.version + 1)
