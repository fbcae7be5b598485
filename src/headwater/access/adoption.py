"""Scopes for rows that have none: those of a new database, and those that an older Headwater wrote.

A scan gives every model a scope of its own, and a refresh every table's asset; until then, what a source owns is
trimmed as the source is, and anything else as its collection.
"""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Connection, FromClause, exists, or_, select, update

from headwater.access.scopes import ScopeKind, add_scopes
from headwater.store import tables
from headwater.store.changes import next_change

__all__ = ["adopt"]

_collections, _sources, _dataflows = tables.collections, tables.sources, tables.dataflows
_published, _assets = tables.published_tables, tables.assets


def adopt(connection: Connection, server: int) -> None:
    """Give a scope to every row that is trimmed by one and has none; ``server`` is the root of the tree."""
    _scope_collections(connection, server)
    in_collection = _collections.c.scope_id
    _scope(connection, ScopeKind.WORKSPACE, _sources.c.name, _sources.join(_collections), in_collection)
    _move_dataflows(connection)
    _scope(connection, ScopeKind.DATAFLOW, _dataflows.c.name, _dataflows.join(_collections), in_collection)
    of_dataflow = _published.join(_dataflows)
    _scope(connection, ScopeKind.PUBLISHED_TABLE, _published.c.entity, of_dataflow, _dataflows.c.scope_id)
    _scope_assets(connection)


def _scope_collections(connection: Connection, server: int) -> None:
    """From the root down: a collection's parent has its scope before it."""
    parent = _collections.alias()
    query = (
        select(_collections.c.id, _collections.c.name, parent.c.scope_id)
        .outerjoin(parent, parent.c.id == _collections.c.parent_id)
        .where(
            _collections.c.scope_id.is_(None), or_(_collections.c.parent_id.is_(None), parent.c.scope_id.is_not(None))
        )
    )
    while rows := connection.execute(query).all():
        for collection_id, name, above in rows:
            made = add_scopes(connection, ScopeKind.COLLECTION, [name], server if above is None else above)
            connection.execute(
                update(_collections).where(_collections.c.id == collection_id).values(scope_id=made[name])
            )


def _move_dataflows(connection: Connection) -> None:
    """Dataflows lie in the root collection until somebody moves them."""
    root = select(_collections.c.id).where(_collections.c.name == tables.ROOT_COLLECTION).scalar_subquery()
    connection.execute(update(_dataflows).where(_dataflows.c.collection_id.is_(None)).values(collection_id=root))


def _scope(
    connection: Connection, kind: ScopeKind, name: Column[str], joined: FromClause, parent: ColumnElement[int]
) -> None:
    """Give scopes to the rows of the table that ``name`` is a column of, each below its ``parent``."""
    table = name.table
    query = select(*table.primary_key, name.label("scope_name"), parent.label("above")).select_from(joined)
    for row in connection.execute(query.where(table.c.scope_id.is_(None))).all():
        made = add_scopes(connection, kind, [row.scope_name], row.above)
        same = [key == row._mapping[key] for key in table.primary_key]
        connection.execute(update(table).where(*same).values(scope_id=made[row.scope_name]))


def _scope_assets(connection: Connection) -> None:
    """In two statements: there may be a hundred thousand."""
    without = _assets.c.scope_id.is_(None)
    if not connection.scalar(select(exists().where(without))):
        return
    change = next_change(connection)
    of_source = select(_sources.c.scope_id).where(_sources.c.id == _assets.c.source_id).scalar_subquery()
    of_collection = (
        select(_collections.c.scope_id).where(_collections.c.id == _assets.c.collection_id).scalar_subquery()
    )
    connection.execute(
        update(_assets).where(without, _assets.c.source_id.is_not(None)).values(scope_id=of_source, change=change)
    )
    connection.execute(update(_assets).where(without).values(scope_id=of_collection, change=change))
