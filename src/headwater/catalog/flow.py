"""The edges along which data flows, as one relation: the statement under every lineage query.

Data flows from an input into a process, from a process into its output, and from a file into the folder that it is a
part of. Containment of other kinds (a model holds its versions) is no flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, and_, exists, func, select, union_all

from headwater.access import Action, Actor, allowed_to
from headwater.catalog.chunks import chunked
from headwater.store import tables

__all__ = ["Direction", "count_neighbours", "flow_edges", "neighbours", "rows_by_guid"]

Direction = Literal["input", "output"]


def flow_edges(guids: Sequence[str], direction: Direction) -> Subquery:
    """The edges into (``input``) or out of (``output``) any of ``guids``, as (``source``, ``target``) guids.

    The condition stands in every branch, because not every
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
    connection: Connection, actor: Actor, guids: Sequence[str], direction: Direction, width: int | None = None
) -> list[tuple[str, str]]:
    """The edges into (``input``) or out of (``output``) any of ``guids``, as (source, target), in a stable order.

    An edge whose far end ``actor`` may not see is none.

    ``width`` keeps the first so many of each guid's, by the neighbour's name.
    """
    found: list[tuple[str, str]] = []
    for chunk in chunked(guids):
        rows = connection.execute(_neighbours(actor, chunk, direction, width))
        found += [(row.source, row.target) for row in rows]
    return found


def count_neighbours(
    connection: Connection, actor: Actor, guids: Iterable[str], direction: Direction
) -> dict[str, int]:
    """How many edges that ``actor`` may see lead into (``input``) or out of (``output``) each of ``guids``."""
    counts: dict[str, int] = {}
    for chunk in chunked(guids):
        edges = flow_edges(chunk, direction)
        near, far = _ends(edges, direction)
        query = select(near, func.count()).select_from(edges).join(tables.assets, _seen(actor, far)).group_by(near)
        counts |= {row[0]: row[1] for row in connection.execute(query)}
    return counts


def _ends(edges: Subquery, direction: Direction) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The end that was asked for, and the other one."""
    return (edges.c.target, edges.c.source) if direction == "input" else (edges.c.source, edges.c.target)


def _seen(actor: Actor, guid: ColumnElement[str]) -> ColumnElement[bool]:
    asset = tables.assets.c
    return and_(asset.guid == guid, asset.scope_id.in_(allowed_to(actor, Action.ASSET_READ)))


def _neighbours(actor: Actor, guids: Sequence[str], direction: Direction, width: int | None) -> Select[Any]:
    edges = flow_edges(guids, direction)
    near, far = _ends(edges, direction)
    asset = tables.assets.c
    rank = func.row_number().over(partition_by=near, order_by=(asset.display_name, asset.qualified_name, far))
    ranked = (
        select(edges.c.source, edges.c.target, rank.label("rank"))
        .select_from(edges)
        .join(tables.assets, _seen(actor, far))
        .subquery("ranked")
    )
    query = select(ranked.c.source, ranked.c.target).order_by(ranked.c.rank, ranked.c.source, ranked.c.target)
    return query if width is None else query.where(ranked.c.rank <= width)


def rows_by_guid(connection: Connection, actor: Actor, guids: Iterable[str], *columns: Any) -> dict[str, Row[Any]]:
    """The asset rows of those of ``guids`` that ``actor`` may see, with the given columns beside the guid."""
    found: dict[str, Row[Any]] = {}
    for chunk in chunked(guids):
        asset = tables.assets.c
        query = select(asset.guid, *columns).where(
            asset.guid.in_(chunk), asset.scope_id.in_(allowed_to(actor, Action.ASSET_READ))
        )
        found |= {row.guid: row for row in connection.execute(query)}
    return found
