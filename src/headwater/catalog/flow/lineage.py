"""Lineage as a graph: what is up and down of an asset, by assets, processes and columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.columns import columns_of
from headwater.catalog.flow.walking import Direction, Flow
from headwater.catalog.numbers import one_of
from headwater.catalog.seeing import may_read
from headwater.catalog.types import types_of
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables

__all__ = [
    "ColumnLink",
    "Lineage",
    "LineageDirection",
    "LineageEdge",
    "LineageNode",
    "NeighboursPage",
    "Reached",
    "check_limits",
    "edges_upstream",
    "find_root",
    "lineage",
    "neighbours_of",
    "reached",
    "ways_of",
]

MAX_DEPTH = 20
MAX_WIDTH = 1_000
#: A graph nobody can look at is not worth computing: beyond this many nodes no further level is opened.
MAX_NODES = 5_000
_AT_A_TIME = 10_000

LineageDirection = Literal["input", "output", "both"]


@dataclass(frozen=True, slots=True)
class LineageNode:
    """An asset or process of the graph.

    ``depth`` counts edges from the root, negative upstream. ``status`` tells what is ``missing`` where it was found,
    or ``deleted`` since, from what is ``active``. ``hidden_inputs`` and ``hidden_outputs`` are how many
    neighbours it has that are not in the graph.
    """

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    is_process: bool
    depth: int
    status: str
    columns: tuple[str, ...]
    hidden_inputs: int
    hidden_outputs: int


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """A column that determines another. None: the asset as a whole."""

    source: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """Data flows from ``source`` to ``target``.

    ``columns`` are the links of the process at one of its ends that begin (edge into the process) or end (edge out
    of it) at the asset at the other: the column of the asset that is read, and the column of the asset that is
    written, even though the edge itself covers half of that way.
    """

    source: str
    target: str
    columns: tuple[ColumnLink, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph around ``root``; nodes in the order they were reached, edges in the order of their ends."""

    root: str
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """The guids of what is up and down of ``root``, level by level: those one edge away first."""

    root: str
    up: tuple[tuple[str, ...], ...]
    down: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class NeighboursPage:
    """Some of what is next to ``root``; ``total``: how many edges there are, of which each page shows some."""

    root: str
    total: int
    nodes: tuple[LineageNode, ...]


@dataclass(slots=True)
class _Graph:
    """What a walk has reached: each asset's distance from the root, and the edges (as keys, to keep their order)."""

    root: int
    depths: dict[int, int]
    edges: dict[tuple[int, int], None] = field(default_factory=dict)


def lineage(
    database: Database,
    actor: Actor,
    guid: str,
    direction: LineageDirection = "both",
    *,
    depth: int = 5,
    width: int = 100,
    at: datetime | None = None,
) -> Lineage:
    """What is upstream (``input``), downstream (``output``) or both of an asset.

    Args:
        database: the metadata database.
        actor: who asks; the graph is of what they may see, and counts nothing else.
        guid: the asset or process to start from.
        direction: which way to go. ``both`` is the two ways one after the other, not what else they meet.
        depth: how many edges far, 1 to 20; asset to process is one, process to asset another.
        width: how many neighbours of one node to follow, by name, 1 to 1,000; the rest is counted as hidden.
        at: as of when; None: now. Which columns determine which is known of now alone.

    Raises:
        NotFoundError: there is no such asset.
        UsageError: ``depth``, ``width`` or ``direction`` is out of range.
    """
    check_limits(direction, depth, width)
    ways = ways_of(direction)
    with database.read() as connection:
        root, flow = find_root(connection, actor, guid), Flow(connection, actor, at)
        graph = _Graph(root, {root: 0})
        for way in ways:
            _walk(flow, way, (depth, width), graph)
        nodes = _nodes(flow, graph)
        guids = {number: node.guid for number, node in zip(graph.depths, nodes, strict=True)}
        edges = list(graph.edges)
        links = _links(connection, actor, edges) if at is None else {}
        return Lineage(guid, nodes, tuple(LineageEdge(guids[a], guids[b], links.get((a, b), ())) for a, b in edges))


def reached(
    database: Database,
    actor: Actor,
    guid: str,
    direction: LineageDirection = "both",
    *,
    depth: int = 5,
    at: datetime | None = None,
) -> Reached:
    """The guids alone of what is upstream, downstream or both of an asset, all of them however many; as ``lineage``."""
    check_limits(direction, depth, 1)
    ways = ways_of(direction)
    with database.read() as connection:
        flow, root = Flow(connection, actor, at), find_root(connection, actor, guid)
        told = {way: tuple(tuple(level.values()) for level in flow.reach(root, way, depth)) for way in ways}
    return Reached(guid, told.get("input", ()), told.get("output", ()))


def neighbours_of(
    database: Database,
    actor: Actor,
    guid: str,
    direction: Direction,
    *,
    offset: int = 0,
    limit: int = 100,
    at: datetime | None = None,
) -> NeighboursPage:
    """Some of what is one edge away from an asset, in an order that stays, with how much there is in all.

    Raises:
        NotFoundError: there is no such asset.
        UsageError: ``direction`` is none.
    """
    check_limits(direction, 1, 1)
    with database.read() as connection:
        flow, root = Flow(connection, actor, at), find_root(connection, actor, guid)
        edges = flow.page(root, direction, offset=offset, limit=limit)
        far = [source if direction == "input" else target for source, target in edges]
        distance = -1 if direction == "input" else 1
        nodes = _nodes(flow, _Graph(root, dict.fromkeys(far, distance), dict.fromkeys(edges)))
        return NeighboursPage(guid, flow.counts([root], direction).get(root, 0), nodes)


def edges_upstream(database: Database, actor: Actor, qualified_name: str) -> list[tuple[str, str]]:
    """Every edge upstream of an asset, as (from, to) qualified names, nearest first; data flows from the first.

    Raises:
        NotFoundError: there is no asset of that name.
    """
    asset = tables.assets.c
    with database.read() as connection:
        named = asset.qualified_name == qualified_name
        level = list(connection.scalars(select(asset.id).where(named, may_read(actor))))
        if not level:
            raise NotFoundError(f"There is no asset '{qualified_name}'.", hint="List the assets.")
        flow = Flow(connection, actor)
        edges: dict[tuple[int, int], None] = {}
        seen = set(level)
        while level:
            found = flow.neighbours(level, "input")
            edges |= dict.fromkeys(found)
            level = [source for source in dict.fromkeys(source for source, _ in found) if source not in seen]
            seen.update(level)
        rows = flow.rows(seen, asset.qualified_name)
        names = {number: row.qualified_name for number, row in rows.items()}
        return [(names[source], names[target]) for source, target in edges]


def find_root(connection: Connection, actor: Actor, guid: str) -> int:
    """The number of the asset that a walk begins with.

    Raises:
        NotFoundError: there is no such asset to be seen.
    """
    asset = tables.assets.c
    seen = may_read(actor)
    found: int | None = connection.scalar(select(asset.id).where(asset.guid == guid, seen))
    if found is None:
        raise NotFoundError(f"There is no asset '{guid}'.", hint="List the assets and take one of theirs.")
    return found


def ways_of(direction: str) -> tuple[Direction, ...]:
    """The one way or the two that a direction is."""
    if direction == "both":
        return "input", "output"
    return ("input",) if direction == "input" else ("output",)


def check_limits(direction: str, depth: int, width: int) -> None:
    """UsageError where one of these is out of range."""
    if direction not in {"input", "output", "both"}:
        raise UsageError(f"'{direction}' is no direction of lineage.", hint="Use input, output or both.")
    if not 1 <= depth <= MAX_DEPTH:
        raise UsageError("The depth of lineage is out of range.", hint=f"Use 1 to {MAX_DEPTH}.")
    if not 1 <= width <= MAX_WIDTH:
        raise UsageError("The width of lineage is out of range.", hint=f"Use 1 to {MAX_WIDTH}.")


def _walk(flow: Flow, way: Direction, limits: tuple[int, int], graph: _Graph) -> None:
    """Breadth first from the root, one query a level; adds what it reaches within depth and width to ``graph``."""
    depth, width = limits
    level, seen = [graph.root], {graph.root}
    for distance in range(1, depth + 1):
        found = flow.neighbours(level, way, width)
        graph.edges |= dict.fromkeys(found)
        reached = dict.fromkeys(source if way == "input" else target for source, target in found)
        level = [number for number in reached if number not in seen]
        seen.update(level)
        for number in level:
            graph.depths.setdefault(number, -distance if way == "input" else distance)
        if not level or len(graph.depths) > MAX_NODES:
            return


def _nodes(flow: Flow, graph: _Graph) -> tuple[LineageNode, ...]:
    depths, types, asset = graph.depths, types_of(flow.connection), tables.assets.c
    shown = (asset.guid, asset.type_name, asset.qualified_name, asset.display_name, asset.status)
    rows = flow.rows(depths, *shown)
    columns = _column_names(flow.connection, list(depths))
    shown_in = Counter(target for _, target in graph.edges)
    shown_out = Counter(source for source, _ in graph.edges)
    all_in, all_out = flow.counts(depths, "input"), flow.counts(depths, "output")
    return tuple(
        LineageNode(
            guid=rows[number].guid,
            type_name=rows[number].type_name,
            qualified_name=rows[number].qualified_name,
            display_name=rows[number].display_name,
            is_process=types.is_process(rows[number].type_name),
            depth=depth,
            status=rows[number].status,
            columns=columns.get(number, ()),
            hidden_inputs=all_in.get(number, 0) - shown_in[number],
            hidden_outputs=all_out.get(number, 0) - shown_out[number],
        )
        for number, depth in depths.items()
    )


def _column_names(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[str, ...]]:
    # A model version may have an input and an output of one name.
    return {
        number: tuple(dict.fromkeys(column.name for column in columns))
        for number, columns in columns_of(connection, numbers).items()
    }


def _links(
    connection: Connection, actor: Actor, edges: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[ColumnLink, ...]]:
    """The columns of edges. A link names a column at each of its ends, so both have to be seen."""
    link, source, target = tables.column_lineage.c, tables.assets.alias(), tables.assets.alias()
    links: dict[tuple[int, int], list[ColumnLink]] = {edge: [] for edge in edges}
    for chunk in chunked({number for edge in edges for number in edge}, _AT_A_TIME):
        query = (
            select(link.process_id, link.source_id, link.source_column, link.target_id, link.target_column)
            .select_from(tables.column_lineage)
            .join(source, source.c.id == link.source_id)
            .join(target, target.c.id == link.target_id)
            .where(one_of(connection, link.process_id, chunk), may_read(actor, source.c), may_read(actor, target.c))
            .order_by(link.id)
        )
        for process, from_, source_column, to, target_column in connection.execute(query):
            for edge in ((from_, process), (process, to)):
                if edge in links:
                    links[edge].append(ColumnLink(source_column, target_column))
    return {edge: tuple(dict.fromkeys(found)) for edge, found in links.items()}
