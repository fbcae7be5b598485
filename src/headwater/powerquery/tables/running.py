"""Running plans in which the evaluator has a part.

No engine calls the evaluator: it runs here, between statements of the engine, in the thread that asks for the rows.
Above such a part, filters and projections take its rows batch by batch, so that whoever wants the first rows waits for
no more than those; anything else gets all of them, held as Arrow, on disk where they are many.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.engines import Engine, output_schema
from headwater.engines.passes import apply_passes
from headwater.plan.nodes import ArrowScan, Call, Filter, Node, Project, RowsScan, Slice, topological, with_inputs
from headwater.powerquery.tables.evaluated import BATCH_ROWS, RowFunction

HELD_BYTES = 256 * 1024 * 1024
"""How much of one step's rows stays in memory."""


def leaves_engine(node: Node) -> bool:
    """Whether this node is the evaluator's."""
    return isinstance(node, RowsScan) or (isinstance(node, Call) and isinstance(node.function, RowFunction))


def evaluator_has_part(plan: Node) -> bool:
    """Whether any node of the plan is the evaluator's."""
    return any(leaves_engine(node) for node in topological(plan))


def run(plan: Node, engine: Engine, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """The plan's rows, in the schema of :func:`headwater.engines.base.output_schema`.

    Raises:
        MisfitError: the evaluator made a value of another kind than its column's; also after the first batches.
        MError, EngineError: as :meth:`headwater.engines.base.Engine.reader`.
    """
    if not evaluator_has_part(plan):
        return iter(engine.reader(plan, batch_rows=batch_rows))
    return _Flow(engine, batch_rows).batches(apply_passes(plan))


def held(plan: Node, engine: Engine) -> Node:
    """The plan with the evaluator's parts done; what is left is the engine's. Raises as :func:`run`."""
    return _Flow(engine, BATCH_ROWS).without_evaluator(apply_passes(plan)) if evaluator_has_part(plan) else plan


def for_explaining(plan: Node) -> Node:
    """The plan with nothing in place of rows that the evaluator makes: an engine can say what it would do with them."""
    made = {
        id(node): ArrowScan(output_schema(node.columns).empty_table(), node.columns)
        for node in topological(plan)
        if isinstance(node, RowsScan)
    }
    return _replaced(plan, dict(made))


class _Flow:
    """One run."""

    def __init__(self, engine: Engine, batch_rows: int) -> None:
        self._engine = engine
        self._batch_rows = batch_rows

    def batches(self, node: Node) -> Iterator[pa.RecordBatch]:
        """The rows of a node of any kind."""
        if not evaluator_has_part(node):
            return iter(self._engine.reader(node, batch_rows=self._batch_rows))
        match node:
            case RowsScan():
                return self._scanned(node)
            case Call(function=RowFunction() as function):
                return self._called(node, function)
            case Slice(input=below, offset=offset, count=count):
                return sliced(self.batches(below), offset, count)
            case Project() | Filter():
                return self._streamed(node)
            case _:
                return iter(self._engine.reader(self.without_evaluator(node), batch_rows=self._batch_rows))

    def _scanned(self, scan: RowsScan) -> Iterator[pa.RecordBatch]:
        schema = output_schema(scan.columns)
        for batch in scan.batches():
            yield batch.select(schema.names)

    def _called(self, call: Call, function: RowFunction) -> Iterator[pa.RecordBatch]:
        below = pa.RecordBatchReader.from_batches(output_schema(call.input.columns), self.batches(call.input))
        names = output_schema(call.columns).names
        for batch in function.apply(below, call.arguments, call.added.id):
            yield batch.select(names)

    def _streamed(self, node: Node) -> Iterator[pa.RecordBatch]:
        """Projections and filters, run on each batch of what is below them."""
        chain = [node]
        while isinstance(chain[-1], Project | Filter) and evaluator_has_part(chain[-1]):
            chain.append(chain[-1].input)
        below = chain[-1]
        for batch in self.batches(below):
            scan = ArrowScan(pa.Table.from_batches([batch]), below.columns)
            yield from self._engine.reader(_replaced(node, {id(below): scan}), batch_rows=self._batch_rows)

    def without_evaluator(self, plan: Node) -> Node:
        """The plan with what the evaluator has a part in held as Arrow, as far up as rows stream."""
        parents = Counter(id(below) for node in topological(plan) for below in node.inputs)
        done: dict[int, Node] = {}

        def streams(node: Node) -> bool:
            while isinstance(node, Project | Filter | Slice) and parents[id(node.input)] == 1:
                node = node.input
            return leaves_engine(node)

        for node in topological(plan, lambda node: () if streams(node) else node.inputs):
            if streams(node):
                done[id(node)] = ArrowScan(self._held(node), node.columns)
        return _replaced(plan, done)

    def _held(self, node: Node) -> pa.Table:
        held = Held(output_schema(node.columns))
        try:
            for batch in self.batches(node):
                held.add(batch)
            return held.table()
        finally:
            held.close()


def _replaced(plan: Node, by: dict[int, Node]) -> Node:
    """The plan with the nodes of these ids replaced."""
    done: dict[int, Node] = dict(by)
    for node in topological(plan, lambda node: () if id(node) in by else node.inputs):
        if id(node) not in done:
            done[id(node)] = with_inputs(node, [done[id(below)] for below in node.inputs])
    return done[id(plan)]


def sliced(batches: Iterator[pa.RecordBatch], offset: int, count: int | None) -> Iterator[pa.RecordBatch]:
    """The rows from ``offset`` on, at most ``count``; no batch is asked for beyond them."""
    left = count
    while left is None or left > 0:
        batch = next(batches, None)
        if batch is None:
            return
        rows = batch.slice(offset, left) if left is not None else batch.slice(offset)
        offset = max(offset - batch.num_rows, 0)
        if left is not None:
            left -= rows.num_rows
        if rows.num_rows:
            yield rows


class Held:
    """Batches kept: in memory while they are few, else in a file that is gone when the table is."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._path = ""
        self._writer: Any = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Take one in."""
        if self._writer is not None:
            self._writer.write_batch(batch)
            return
        self._batches.append(batch)
        self._bytes += batch.nbytes
        if self._bytes > HELD_BYTES:
            self._spill()

    def _spill(self) -> None:
        handle, self._path = tempfile.mkstemp(prefix="headwater-rows-", suffix=".arrow")
        os.close(handle)
        self._writer = pa.ipc.new_file(self._path, self._schema)
        for batch in self._batches:
            self._writer.write_batch(batch)
        self._batches = []

    def table(self) -> pa.Table:
        """All of them; nothing can be added afterwards."""
        if self._writer is None:
            return pa.Table.from_batches(self._batches, self._schema)
        self._writer.close()
        with pa.memory_map(self._path) as mapped:
            table = pa.ipc.open_file(mapped).read_all()
        return table

    def close(self) -> None:
        """Remove the file; a table that was taken keeps its rows, since the mapping outlives the name."""
        if self._path:
            Path(self._path).unlink(missing_ok=True)
