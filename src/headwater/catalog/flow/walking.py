"""The edges along which data flows: the statements under every lineage query.

Data flows from an input into a process, from a process into its output, from a file into the folder that it is a part
of, and directly from one dataset to another. Containment of other kinds (a model holds its versions) is no flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    func,
    or_,
    select,
    union_all,
)

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.numbers import one_of
from headwater.catalog.seeing import Sight, may_read
from headwater.store import tables

__all__ = ["Direction", "Flow"]

Direction = Literal["input", "output"]

_asset = tables.assets.c


class Flow:
    """The flow of data as somebody may see it: an edge whose far end they may not see is none.

    Args:
        connection: the transaction; all answers are of its state.
        actor: who asks.
        at: the moment whose edges are meant; None: now. Of edges that were made before it was written down when they
            are, it is taken that they always were.
    """

    def __init__(self, connection: Connection, actor: Actor, at: datetime | None = None) -> None:
        self.connection = connection
        self.actor = actor
        self.at = at
        self._sight = Sight(connection, actor)
        self._edges = tables.flow_edges if at is None else _edges_at(at)

    def crossed(self, numbers: Iterable[int], direction: Direction) -> list[tuple[int, int]]:
        """All edges into (``input``) or out of (``output``) any of these assets, as (source, target), in no order."""
        edge, (near, far) = self._edges.c, self._ends(direction)
        query = (
            select(edge.source_id, edge.target_id, _asset.scope_id)
            .select_from(self._edges.join(tables.assets, and_(_asset.id == far, self._is_there())))
            .where(one_of(self.connection, near, numbers))
        )
        rows = self.connection.execute(query).all()
        seen = self._sight.of({scope for _, _, scope in rows})
        return [(source, target) for source, target, scope in rows if scope in seen]

    def reach(self, root: int, direction: Direction, depth: int | None = None) -> list[dict[int, str]]:
        """What is upstream (``input``) or downstream of an asset: guids by number, level by level, the nearest first.

        ``depth``: how many levels at most; None: all.
        """
        levels: list[dict[int, str]] = []
        level, known = {root: ""}, {root}
        while level and (depth is None or len(levels) < depth):
            level = {number: guid for number, guid in self._beyond(level, direction).items() if number not in known}
            known |= level.keys()
            if level:
                levels.append(level)
        return levels

    def edges(self, root: int, direction: Direction, depth: int | None = None) -> set[tuple[int, int]]:
        """Every edge on the way that ``reach`` goes, as (source, target)."""
        found: set[tuple[int, int]] = set()
        level, known, opened = {root}, {root}, 0
        while level and (depth is None or opened < depth):
            edges = self.crossed(level, direction)
            found.update(edges)
            level = {source if direction == "input" else target for source, target in edges} - known
            known |= level
            opened += 1
        return found

    def _beyond(self, numbers: Iterable[int], direction: Direction) -> dict[int, str]:
        """What is at the far ends of these assets' edges, each once: of many edges, few ends are read."""
        near, far = self._ends(direction)
        ends = select(far).where(one_of(self.connection, near, numbers))
        query = select(_asset.id, _asset.guid, _asset.scope_id).where(_asset.id.in_(ends), self._is_there())
        rows = self.connection.execute(query.order_by(_asset.id)).all()
        seen = self._sight.of({scope for _, _, scope in rows})
        return {number: guid for number, guid, scope in rows if scope in seen}

    def neighbours(
        self, numbers: Iterable[int], direction: Direction, width: int | None = None
    ) -> list[tuple[int, int]]:
        """As ``crossed``, in a stable order: by the neighbour's name; ``width`` keeps the first so many of each."""
        found: list[tuple[int, int]] = []
        for chunk in chunked(numbers):
            rows = self.connection.execute(self._ranked(chunk, direction, width))
            found += [(row.source_id, row.target_id) for row in rows]
        return found

    def page(self, number: int, direction: Direction, *, offset: int, limit: int | None) -> list[tuple[int, int]]:
        """Some of the edges into or out of one asset, as (source, target), in the order of their index."""
        edge, (near, far) = self._edges.c, self._ends(direction)
        joined = self._edges.join(tables.assets, self._seen(far))
        query = select(edge.source_id, edge.target_id).select_from(joined).where(near == number)
        rows = self.connection.execute(query.order_by(far, edge.kind).offset(offset).limit(limit))
        return [(row.source_id, row.target_id) for row in rows]

    def counts(self, numbers: Iterable[int], direction: Direction) -> dict[int, int]:
        """How many edges lead into (``input``) or out of (``output``) each of these assets."""
        near, far = self._ends(direction)
        joined = self._edges.join(tables.assets, self._seen(far))
        these = one_of(self.connection, near, numbers)
        query = select(near, func.count()).select_from(joined).where(these).group_by(near)
        return {row[0]: row[1] for row in self.connection.execute(query)}

    def rows(self, numbers: Iterable[int], *columns: Any) -> dict[int, Row[Any]]:
        """The rows of those assets that may be seen: these columns beside ``id``, by it, in the order asked for."""
        wanted = list(numbers)
        query = select(_asset.id, _asset.scope_id, *columns).where(one_of(self.connection, _asset.id, wanted))
        rows = self.connection.execute(query).all()
        seen = self._sight.of({row.scope_id for row in rows})
        found = {row.id: row for row in rows if row.scope_id in seen}
        return {number: found[number] for number in wanted if number in found}

    def _ends(self, direction: Direction) -> tuple[ColumnElement[int], ColumnElement[int]]:
        """The end that was asked for, and the other one."""
        edge = self._edges.c
        return (edge.target_id, edge.source_id) if direction == "input" else (edge.source_id, edge.target_id)

    def _is_there(self) -> ColumnElement[bool]:
        # What was deleted keeps its edges, for when it is sent again.
        there = _asset.status != "deleted"
        return there if self.at is None else or_(there, _asset.updated_at > self.at)

    def _seen(self, number: ColumnElement[int]) -> ColumnElement[bool]:
        return and_(_asset.id == number, self._is_there(), may_read(self.actor))

    def _ranked(self, numbers: Sequence[int], direction: Direction, width: int | None) -> Select[Any]:
        edge, (near, far) = self._edges.c, self._ends(direction)
        rank = func.row_number().over(partition_by=near, order_by=(_asset.display_name, _asset.qualified_name, far))
        ranked = (
            select(edge.source_id, edge.target_id, rank.label("rank"))
            .select_from(self._edges)
            .join(tables.assets, self._seen(far))
            .where(one_of(self.connection, near, numbers))
            .subquery("ranked")
        )
        found = ranked.c
        query = select(found.source_id, found.target_id).order_by(found.rank, found.source_id, found.target_id)
        return query if width is None else query.where(found.rank <= width)


def _edges_at(at: datetime) -> FromClause:
    """The edges that were there at a moment."""
    now, past = tables.flow_edges.c, tables.past_flow_edges.c
    still = select(now.target_id, now.source_id, now.kind).where(or_(now.since.is_(None), now.since <= at))
    begun = or_(past.since.is_(None), past.since <= at)
    ended = select(past.target_id, past.source_id, past.kind).where(begun, past.until > at)
    return union_all(still, ended).subquery("edges_then")
