"""Numbers for the changes of the catalog: what indexes beside the database ask for is what came after one."""

from __future__ import annotations

from sqlalchemy import Connection, update

from headwater.store import tables
from headwater.store.database import exclusive

__all__ = ["next_change", "next_types_change"]


def next_change(connection: Connection) -> int:
    """The number for what this transaction changes about assets, greater than all before.

    Nobody else changes the catalog until the transaction ends, so numbers are seen in their order: who has seen one
    has seen all below it.
    """
    return _next(connection, "change")


def next_types_change(connection: Connection) -> int:
    """The number for what this transaction changes about the types of assets."""
    return _next(connection, "types")


def _next(connection: Connection, counter: str) -> int:
    exclusive(connection, "catalog")
    column = tables.catalog_state.c[counter]
    changed = update(tables.catalog_state).where(tables.catalog_state.c.id == 1).values({counter: column + 1})
    number: int = connection.execute(changed.returning(column)).scalar_one()
    return number
