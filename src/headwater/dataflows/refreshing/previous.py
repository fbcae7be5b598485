"""What of a dataflow is published when its refresh begins: what its entities go on from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from headwater.dataflows.staging import Previous
from headwater.errors import TableError
from headwater.store import Database, tables
from headwater.tables import schema

__all__ = ["published_before"]


def published_before(database: Database, dataflow_id: int) -> Mapping[str, Previous]:
    """What is published of each entity, as far as it can still be read: what cannot is computed anew."""
    table = tables.published_tables.c
    query = select(table.entity, table.path, table.delta_version, table.rows, table.state)
    with database.read() as connection:
        rows = connection.execute(query.where(table.dataflow_id == dataflow_id)).all()
    found = {}
    for row in rows:
        try:
            columns = schema(Path(row.path), row.delta_version)
        except TableError:
            continue
        found[row.entity] = Previous(row.delta_version, row.rows, columns, row.state)
    return found
