"""Lineage as Atlas's clients are told it: entities by guid and the relations between them.

A level of depth leads from a dataset to the next: the process between them costs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, null, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.finding import Target, find_all, find_by_guid
from headwater.catalog.entities.reading import classifications_of, entity_header
from headwater.catalog.flow.walking import Direction, Flow
from headwater.catalog.relation_keys import RelationKey
from headwater.catalog.types import Types, types_of
from headwater.errors import UsageError
from headwater.store import Database, tables

__all__ = ["entity_lineage", "next_lineage", "read_direction"]

_asset, _edge = tables.assets.c, tables.flow_edges.c
_HEADER: Final = (
    *(_asset.guid, _asset.type_name, _asset.qualified_name, _asset.display_name, _asset.status, _asset.version),
    # Read for each asset of a graph, they would cost more than the graph.
    null().label("attributes"),
)
_DEEPEST: Final = 20
_WIDEST: Final = 1_000
#: A graph nobody can look at is not worth computing: beyond this many entities no further level is opened.
_MOST: Final = 5_000
_WAYS: Final[Mapping[str, tuple[Direction, ...]]] = {
    "INPUT": ("input",),
    "OUTPUT": ("output",),
    "BOTH": ("input", "output"),
}


@dataclass(slots=True)
class _Graph:
    """What was reached, as whoever asks may see it: entities' rows, and edges (as keys, to keep their order)."""

    flow: Flow
    rows: dict[int, Row[Any]] = field(default_factory=dict)
    edges: dict[tuple[int, int], None] = field(default_factory=dict)

    def walk(self, way: Direction, root: int, depth: int, width: int) -> None:
        """Add what is within ``depth`` levels of ``root``, of each entity's neighbours ``width`` at most."""
        types, level, seen = types_of(self.flow.connection), [root], {root}
        for _ in range(depth):
            reached = self._step(way, level, width)
            between = [number for number in reached if types.is_process(self.rows[number].type_name)]
            if between:
                reached |= self._step(way, between, width)
            level = [number for number in reached if number not in seen and number not in between]
            seen |= reached
            if not level or len(self.rows) > _MOST:
                return

    def add(self, edges: Iterable[tuple[int, int]]) -> None:
        """Add edges, with what is at their ends."""
        found = dict.fromkeys(edges)
        self.edges |= found
        new = {number for edge in found for number in edge} - self.rows.keys()
        self.rows |= self.flow.rows(new, *_HEADER)

    def _step(self, way: Direction, level: Sequence[int], width: int) -> set[int]:
        edges = self.flow.neighbours(level, way, width)
        self.add(edges)
        return {source if way == "input" else target for source, target in edges}


def read_direction(text: str) -> str:
    """INPUT, OUTPUT or BOTH, however it is written; UsageError for anything else."""
    if text.upper() not in _WAYS:
        raise UsageError(f"'{text}' is no direction of lineage.", hint="Use INPUT, OUTPUT or BOTH.")
    return text.upper()


def entity_lineage(
    database: Database, actor: Actor, target: Target, direction: str, *, depth: int = 3, width: int | None = None
) -> dict[str, Any]:
    """Atlas's AtlasLineageInfo of an entity, of what may be seen.

    ``depth`` below 1 and ``width`` None are as far as it goes: 20 levels, 1,000 neighbours of one entity.

    Raises:
        NotFoundError: there is no such entity to be seen.
    """
    limits = (min(depth, _DEEPEST) if depth > 0 else _DEEPEST, min(width, _WIDEST) if width else _WIDEST)
    with database.read() as connection:
        root = _root(connection, actor, target)
        flow = Flow(connection, actor)
        graph = _Graph(flow, flow.rows([root.id], *_HEADER))
        for way in _WAYS[direction]:
            graph.walk(way, root.id, *limits)
        counts = {way.upper(): flow.counts(graph.rows, way) for way in _WAYS[direction]}
        return {
            **_info(connection, root.guid, direction, graph),
            "lineageDepth": depth,
            "lineageWidth": width or -1,
            "childrenCount": -1,
            "widthCounts": {
                way: {row.guid: counted.get(number, 0) for number, row in graph.rows.items()}
                for way, counted in counts.items()
            },
        }


def next_lineage(
    database: Database, actor: Actor, guid: str, direction: str, *, offset: int = 0, limit: int | None = None
) -> dict[str, Any]:
    """Some of an entity's neighbours: those from ``offset`` on, in an order that stays. Errors as above."""
    with database.read() as connection:
        root = _root(connection, actor, guid)
        flow = Flow(connection, actor)
        graph = _Graph(flow, flow.rows([root.id], *_HEADER))
        total = 0
        for way in _WAYS[direction]:
            edges = flow.page(root.id, way, offset=max(0, offset), limit=limit)
            total += flow.counts([root.id], way).get(root.id, 0)
            graph.add(edges)
        return {
            **_info(connection, root.guid, direction, graph),
            "lineageDepth": 1,
            "lineageWidth": limit or -1,
            "childrenCount": total,
            "widthCounts": {},
        }


def _root(connection: Connection, actor: Actor, target: Target) -> Row[Any]:
    if isinstance(target, str):
        return find_by_guid(connection, actor, [target])[target]
    return find_all(connection, actor, types_of(connection), [target])[0]


def _info(connection: Connection, guid: str, direction: str, graph: _Graph) -> dict[str, Any]:
    types, kinds = types_of(connection), classifications_of(connection, list(graph.rows))
    return {
        "baseEntityGuid": guid,
        "lineageDirection": direction,
        "guidEntityMap": {row.guid: entity_header(types, row, kinds.get(n, ())) for n, row in graph.rows.items()},
        "relations": _relations(connection, types, graph),
        "parentRelations": [],
    }


def _relations(connection: Connection, types: Types, graph: _Graph) -> list[dict[str, str]]:
    """The edges. One at a process is its input or output; of what kind the others are is looked up."""
    processes = {number for number, row in graph.rows.items() if types.is_process(row.type_name)}
    kinds = {edge: _kind_at_process(processes, *edge) for edge in graph.edges}
    others = {edge for edge, kind in kinds.items() if kind is None}
    for chunk in chunked({source for source, _ in others}):
        query = select(_edge.source_id, _edge.target_id, _edge.kind).where(_edge.source_id.in_(chunk))
        for source, target, kind in connection.execute(query.where(_edge.kind.in_(_WITHOUT_PROCESS))):
            if (source, target) in others:
                kinds[source, target] = kind
    return [
        {
            "fromEntityId": graph.rows[source].guid,
            "toEntityId": graph.rows[target].guid,
            "relationshipId": str(RelationKey.of_edge(kind or 0, source, target)),
        }
        for (source, target), kind in kinds.items()
    ]


_WITHOUT_PROCESS: Final = (tables.FLOW_KINDS["part"], tables.FLOW_KINDS["direct"])


def _kind_at_process(processes: Set[int], source: int, target: int) -> int | None:
    if target in processes:
        return tables.FLOW_KINDS["input"]
    return tables.FLOW_KINDS["output"] if source in processes else None
