"""Plans that reach into databases: what a database runs itself becomes one leaf, whose rows the engine reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import pyarrow as pa

from headwater.engines.base import DEFAULT_BATCH_ROWS
from headwater.engines.passes import needed_columns
from headwater.errors import MError
from headwater.plan.databases import OUT_OF_RANGE, Database, DatabaseScan, Fetch
from headwater.plan.expressions import Expr, Ref, references, with_references
from headwater.plan.nodes import Filter, Node, Project, select, topological, with_inputs


def place(plan: Node, *, careful: bool = False) -> Node:
    """The plan with a leaf in place of each part that a database runs; the very same plan where none does.

    Args:
        plan: the plan.
        careful: see :meth:`headwater.plan.databases.Database.accepted`.
    """
    if not any(isinstance(node, DatabaseScan) for node in topological(plan)):
        return plan
    plan = _sink_filters(plan)
    homes = _homes(topological(plan), careful=careful)
    built: dict[int, Node] = {}
    for node in topological(plan, lambda node: () if id(node) in homes else node.inputs):
        home = homes.get(id(node))
        built[id(node)] = (
            with_inputs(node, [built[id(below)] for below in node.inputs])
            if home is None
            else Fetch(home, node, careful)
        )
    return _narrowed(built[id(plan)])


def fetch(
    node: Fetch, run: Callable[[Node], pa.RecordBatchReader], counted: Callable[[int], None]
) -> pa.RecordBatchReader:
    """The rows of a leaf. If a number leaves the database's range before the first rows are there, ``run`` gets the
    leaf's plan again, with less of it done by the database. ``counted`` is told how many rows the database gave so far.
    """
    rows = node.database.reader(node.plan, DEFAULT_BATCH_ROWS)
    try:
        first = next(rows, None)
    except MError as error:
        if error.code != OUT_OF_RANGE or node.careful:
            raise
        return run(place(node.plan, careful=True))

    def batches() -> Iterator[pa.RecordBatch]:
        if first is None:
            return
        count = 0
        for batch in chain((first,), rows):
            count += batch.num_rows
            counted(count)
            yield batch

    return pa.RecordBatchReader.from_batches(rows.schema, batches())


def _homes(nodes: list[Node], *, careful: bool) -> dict[int, Database]:
    """The database of each node (by ``id``) that one runs."""
    databases = {id(node.database): node.database for node in nodes if isinstance(node, DatabaseScan)}
    return {
        identity: database for database in databases.values() for identity in database.accepted(nodes, careful=careful)
    }


def _narrowed(plan: Node) -> Node:
    """The plan whose leaves fetch only the columns that are read above them."""
    needed = needed_columns(plan)
    built: dict[int, Node] = {}
    for node in topological(plan):
        if isinstance(node, Fetch):
            kept = [c for c in node.columns if c.id in needed[id(node)]] or list(node.columns[:1])
            narrow = node if len(kept) == len(node.columns) else replace(node, plan=select(node.plan, kept))
            built[id(node)] = narrow
        else:
            built[id(node)] = with_inputs(node, [built[id(below)] for below in node.inputs])
    return built[id(plan)]


def _sink_filters(plan: Node) -> Node:
    """Filters below the projections that they do not need, so that one that no database computes is in nobody's way."""
    built: dict[int, Node] = {}
    for node in topological(plan):
        inputs = [built[id(below)] for below in node.inputs]
        built[id(node)] = _sunk(node.predicate, inputs[0]) if isinstance(node, Filter) else with_inputs(node, inputs)
    return built[id(plan)]


def _sunk(predicate: Expr, below: Node) -> Node:
    above: list[Project] = []
    while isinstance(below, Project):
        passed = {column.id: expression for column, expression in below.items if isinstance(expression, Ref)}
        if not passed.keys() >= set(references(predicate)):
            break
        predicate = with_references(predicate, passed)
        above.append(below)
        below = below.input
    result: Node = Filter(below, predicate)
    for projection in reversed(above):
        result = replace(projection, input=result)
    return result
