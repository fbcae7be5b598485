"""The edges along which data flows, as one relation: the statement under every lineage query.

Data flows from an input into a process, from a process into its output, and from a file into the folder that it is a
part of. Containment of other kinds (a model holds its versions) is no flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, exists, func, select, union_all

from headwater.catalog.chunks import chunked
from headwater.store import tables

__all__ = ["Direction", "count_neighbours", "flow_edges", "neighbours", "rows_by_guid"]

Direction = Literal["input", "output"]


def flow_edges(guids: Sequence[str], direction: Direction) -> Subquery:
    """The edges into (``input``) or out of (``output``) any of ``guids``, as (``source``, ``target``) guids.

    A rights clause on the far end is joined in here. The condition stands in every branch, because not every
    planner would move it there from outside.
    """
    inputs, outputs, link = tables.process_inputs.c, tables.process_outputs.c, tables.containment.c
    # Asked of each link rather than joined: a planner may start a join from all there are of a type.
    parts = select(link.child_guid, link.parent_guid).where(_is_dataset(link.parent_guid), _is_dataset(link.child_guid))
    into = direction == "input"
    return union_all(
        select(inputs.asset_guid.label("source"), inputs.process_guid.label("target")).where(
            (inputs.process_guid if into else inputs.asset_guid).in_(guids)
        ),
        select(outputs.process_guid, outputs.asset_guid).where(
            (outputs.asset_guid if into else outputs.process_guid).in_(guids)
        ),
        parts.where((link.parent_guid if into else link.child_guid).in_(guids)),
    ).subquery("flow")


def _is_dataset(guid: ColumnElement[str]) -> ColumnElement[bool]:
    asset = tables.assets.alias().c
    return exists().where(asset.guid == guid, asset.type_name == "dataset")


def neighbours(
    connection: Connection, guids: Sequence[str], direction: Direction, width: int | None = None
) -> list[tuple[str, str]]:
    """The edges into (``input``) or out of (``output``) any of ``guids``, as (source, target), in a stable order.

    ``width`` keeps the first so many of each guid's, by the neighbour's name.
    """
    found: list[tuple[str, str]] = []
    for chunk in chunked(guids):
        rows = connection.execute(_neighbours(chunk, direction, width))
        found += [(row.source, row.target) for row in rows]
    return found


def count_neighbours(connection: Connection, guids: Iterable[str], direction: Direction) -> dict[str, int]:
    """How many edges lead into (``input``) or out of (``output``) each of ``guids``; none is left out."""
    counts: dict[str, int] = {}
    for chunk in chunked(guids):
        edges = flow_edges(chunk, direction)
        near = edges.c.target if direction == "input" else edges.c.source
        query = select(near, func.count()).group_by(near)
        counts |= {row[0]: row[1] for row in connection.execute(query)}
    return counts


def _neighbours(guids: Sequence[str], direction: Direction, width: int | None) -> Select[Any]:
    edges = flow_edges(guids, direction)
    near, far = (edges.c.target, edges.c.source) if direction == "input" else (edges.c.source, edges.c.target)
    asset = tables.assets.c
    rank = func.row_number().over(partition_by=near, order_by=(asset.display_name, asset.qualified_name, far))
    ranked = (
        select(edges.c.source, edges.c.target, rank.label("rank"))
        .join(tables.assets, asset.guid == far)
        .subquery("ranked")
    )
    query = select(ranked.c.source, ranked.c.target).order_by(ranked.c.rank, ranked.c.source, ranked.c.target)
    return query if width is None else query.where(ranked.c.rank <= width)


def rows_by_guid(connection: Connection, guids: Iterable[str], *columns: Any) -> dict[str, Row[Any]]:
    """The asset rows of ``guids`` with the given columns beside the guid."""
    found: dict[str, Row[Any]] = {}
    for chunk in chunked(guids):
        query = select(tables.assets.c.guid, *columns).where(tables.assets.c.guid.in_(chunk))
        found |= {row.guid: row for row in connection.execute(query)}
    return found
