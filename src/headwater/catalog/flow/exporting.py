"""Lineage given out whole: every edge of a graph, in an order that stays, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.flow.lineage import check_limits, find_root, ways_of
from headwater.catalog.flow.walking import Flow
from headwater.catalog.types import Types, types_of
from headwater.store import Database, tables

__all__ = ["ExportedEdge", "ExportedNode", "LineageExport", "export_lineage"]

_asset = tables.assets.c
_AT_A_TIME = 2_000


@dataclass(frozen=True, slots=True)
class ExportedNode:
    """An asset or process."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    is_process: bool


@dataclass(frozen=True, slots=True)
class ExportedEdge:
    """Data flows from ``source`` to ``target``."""

    source: ExportedNode
    target: ExportedNode


@dataclass(frozen=True, slots=True)
class LineageExport:
    """A graph to be given out. Its edges are found, as numbers; what stands at their ends is read as it is given out.

    What is hidden meanwhile is given out no more.
    """

    database: Database
    actor: Actor
    root: ExportedNode
    numbers: Sequence[tuple[int, int]]

    def edges(self) -> Iterator[ExportedEdge]:
        """The edges, those of a target together."""
        for chunk in chunked(self.numbers, _AT_A_TIME):
            nodes = self._nodes({number for edge in chunk for number in edge})
            yield from (ExportedEdge(nodes[a], nodes[b]) for a, b in chunk if a in nodes and b in nodes)

    def nodes(self) -> Iterator[ExportedNode]:
        """What stands at the ends, each once, and the root, although nothing should lead to it or from it."""
        yield self.root
        every = sorted({number for edge in self.numbers for number in edge})
        for chunk in chunked(every, _AT_A_TIME):
            yield from (node for node in self._nodes(chunk).values() if node.guid != self.root.guid)

    def _nodes(self, numbers: Sequence[int] | set[int]) -> dict[int, ExportedNode]:
        with self.database.read() as connection:
            types = types_of(connection)
            rows = Flow(connection, self.actor).rows(sorted(numbers), *_SHOWN)
        return {number: _node(types, row) for number, row in rows.items()}


_SHOWN = (_asset.guid, _asset.type_name, _asset.qualified_name, _asset.display_name)


def export_lineage(
    database: Database,
    actor: Actor,
    guid: str,
    direction: str = "both",
    *,
    depth: int | None = None,
    at: datetime | None = None,
) -> LineageExport:
    """The graph around an asset as far as it goes, or ``depth`` edges far; ``at``: as of when, None: now.

    Raises:
        NotFoundError: there is no such asset.
        UsageError: ``depth`` or ``direction`` is out of range.
    """
    check_limits(direction, depth or 1, 1)
    ways = ways_of(direction)
    with database.read() as connection:
        flow, root = Flow(connection, actor, at), find_root(connection, actor, guid)
        found = {edge for way in ways for edge in flow.edges(root, way, depth)}
        row = flow.rows([root], *_SHOWN)[root]
        shown = _node(types_of(connection), row)
    return LineageExport(database, actor, shown, sorted(found, key=lambda edge: (edge[1], edge[0])))


def _node(types: Types, row: Row[Any]) -> ExportedNode:
    return ExportedNode(row.guid, row.type_name, row.qualified_name, row.display_name, types.is_process(row.type_name))
