"""Writing the edges along which data flows, so that it stays known when each was there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, literal, select

from headwater.catalog.chunks import chunked
from headwater.store import tables
from headwater.store.bulk import insert_rows
from headwater.store.types import UtcDateTime

__all__ = ["add_edges", "end_edges"]

_edge = tables.flow_edges.c


def add_edges(connection: Connection, edges: Iterable[Mapping[str, Any]], now: datetime) -> None:
    """Have data flow along edges that are not there, from now on; all have the same keys."""
    for chunk in chunked(edges):
        insert_rows(connection, tables.flow_edges, [{**edge, "since": now} for edge in chunk])


def end_edges(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Have data flow no longer along the edges that a condition is true of; lineage as of before has them still."""
    ended = select(_edge.target_id, _edge.source_id, _edge.kind, _edge.since, literal(now, UtcDateTime)).where(which)
    names = ["target_id", "source_id", "kind", "since", "until"]
    connection.execute(insert(tables.past_flow_edges).from_select(names, ended))
    connection.execute(delete(tables.flow_edges).where(which))
