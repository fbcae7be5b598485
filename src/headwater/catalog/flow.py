"""The edges along which data flows: the statements under every lineage query.

Data flows from an input into a process, from a process into its output, from a file into the folder that it is a part
of, and directly from one dataset to another. Containment of other kinds (a model holds its versions) is no flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, func, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.seeing import may_read
from headwater.store import tables

__all__ = ["Direction", "count_neighbours", "neighbours", "neighbours_page", "rows_by_id"]

Direction = Literal["input", "output"]

_edge = tables.flow_edges.c


def neighbours(
    connection: Connection, actor: Actor, numbers: Iterable[int], direction: Direction, width: int | None = None
) -> list[tuple[int, int]]:
    """The edges into (``input``) or out of (``output``) any of these assets, as (source, target), in a stable order.

    An edge whose far end ``actor`` may not see is none. ``width`` keeps the first so many of each asset's, by the
    neighbour's name.
    """
    found: list[tuple[int, int]] = []
    for chunk in chunked(numbers):
        rows = connection.execute(_neighbours(actor, chunk, direction, width))
        found += [(row.source_id, row.target_id) for row in rows]
    return found


def neighbours_page(
    connection: Connection, actor: Actor, number: int, direction: Direction, *, offset: int, limit: int | None
) -> list[tuple[int, int]]:
    """Some of the edges into or out of one asset, as (source, target), in the order of their index."""
    near, far = _ends(direction)
    joined = tables.flow_edges.join(tables.assets, _seen(actor, far))
    query = select(_edge.source_id, _edge.target_id).select_from(joined).where(near == number)
    rows = connection.execute(query.order_by(far, _edge.kind).offset(offset).limit(limit))
    return [(row.source_id, row.target_id) for row in rows]


def count_neighbours(
    connection: Connection, actor: Actor, numbers: Iterable[int], direction: Direction
) -> dict[int, int]:
    """How many edges that ``actor`` may see lead into (``input``) or out of (``output``) each of these assets."""
    counts: dict[int, int] = {}
    for chunk in chunked(numbers):
        near, far = _ends(direction)
        joined = tables.flow_edges.join(tables.assets, _seen(actor, far))
        query = select(near, func.count()).select_from(joined).where(near.in_(chunk)).group_by(near)
        counts |= {row[0]: row[1] for row in connection.execute(query)}
    return counts


def rows_by_id(connection: Connection, actor: Actor, numbers: Iterable[int], *columns: Any) -> dict[int, Row[Any]]:
    """The asset rows of those that ``actor`` may see, with the given columns beside ``id``, by it."""
    asset = tables.assets.c
    found: dict[int, Row[Any]] = {}
    for chunk in chunked(numbers):
        query = select(asset.id, *columns).where(asset.id.in_(chunk), may_read(actor))
        found |= {row.id: row for row in connection.execute(query)}
    return found


def _ends(direction: Direction) -> tuple[Column[int], Column[int]]:
    """The end that was asked for, and the other one."""
    return (_edge.target_id, _edge.source_id) if direction == "input" else (_edge.source_id, _edge.target_id)


def _seen(actor: Actor, number: ColumnElement[int]) -> ColumnElement[bool]:
    asset = tables.assets.c
    # What was deleted keeps its edges, for when it is sent again.
    return and_(asset.id == number, asset.status != "deleted", may_read(actor))


def _neighbours(actor: Actor, numbers: Sequence[int], direction: Direction, width: int | None) -> Select[Any]:
    near, far = _ends(direction)
    asset = tables.assets.c
    rank = func.row_number().over(partition_by=near, order_by=(asset.display_name, asset.qualified_name, far))
    ranked = (
        select(_edge.source_id, _edge.target_id, rank.label("rank"))
        .select_from(tables.flow_edges)
        .join(tables.assets, _seen(actor, far))
        .where(near.in_(numbers))
        .subquery("ranked")
    )
    query = select(ranked.c.source_id, ranked.c.target_id).order_by(
        ranked.c.rank, ranked.c.source_id, ranked.c.target_id
    )
    return query if width is None else query.where(ranked.c.rank <= width)
