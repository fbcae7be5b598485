"""The DuckDB engine: runs the fragments of a plan, with the batch functions between them, as one stream."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from headwater.engines.base import DEFAULT_BATCH_ROWS, Fragment, output_schema
from headwater.engines.csv import csv_batches
from headwater.engines.duckdb.aggregates import FOLDED_AGGREGATES
from headwater.engines.duckdb.compile import Statement, StreamNode, compile_fragment, fragment_nodes, observed_order
from headwater.engines.duckdb.expressions import FATAL, FOLDED_OPERATORS
from headwater.engines.duckdb.interrupts import interruptible
from headwater.engines.federation import fetch, place
from headwater.engines.lookups import Lookup, looked_up, place_lookups
from headwater.engines.passes import apply_passes, needed_columns
from headwater.errors import EngineError, HeadwaterError, MError
from headwater.plan.cells import decode_error
from headwater.plan.databases import Fetch
from headwater.plan.nodes import Call as CallNode
from headwater.plan.nodes import CsvScan, Node, topological

_SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "preserve_insertion_order": "true",
    "ieee_floating_point_ops": "true",
    "default_null_order": "nulls_last",
}

# The first runs what two places of a plan share once, and hands it to both from a table that keeps no order. The others
# know nothing of how long a file is; the compiler has chosen the sides of a join by its size.
_UNWANTED_OPTIMIZERS = ("common_subplan", "join_order", "build_side_probe_side")


class DuckDBEngine:
    """Runs plans in memory, on this machine. Safe to use from several threads; each stream has its own connection.

    Args:
        memory_limit: how much DuckDB may hold in memory (``"1GB"``) before it spills to disk; None: its default.
        threads: how many threads it may use; None: one a core.
        temp_directory: where it spills to; None: a folder of its own, deleted by :meth:`close`.

    >>> from headwater.plan.nodes import ArrowScan, text_columns
    >>> engine = DuckDBEngine(threads=1)
    >>> engine.table(ArrowScan(pa.table({"city": ["Oslo"]}), text_columns(["City"]))).to_pylist()
    [{'city': 'Oslo'}]
    >>> engine.close()
    """

    name = "duckdb"
    folds = FOLDED_OPERATORS
    aggregates = FOLDED_AGGREGATES

    def __init__(
        self, memory_limit: str | None = None, threads: int | None = None, temp_directory: Path | None = None
    ) -> None:
        self._own_folder = None if temp_directory else tempfile.TemporaryDirectory(prefix="headwater-duckdb-")
        folder = temp_directory or Path(self._own_folder.name if self._own_folder else "")
        config: dict[str, Any] = {**_SETTINGS, "temp_directory": str(folder)}
        if memory_limit is not None:
            config["memory_limit"] = memory_limit
        if threads is not None:
            config["threads"] = threads
        try:
            self._connection = duckdb.connect(":memory:", config=config)
            # Not a setting of connect(): the zone of files' timestamps, whatever the machine's is.
            self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        except duckdb.Error as error:
            raise EngineError(
                f"DuckDB did not start: {_first_line(error)}", hint="Check the engine's settings."
            ) from error
        self._disabled = _known_optimizers(self._connection)
        self._lock = threading.Lock()
        self._closed = False
        self._fetched: dict[tuple[str, str], int] = {}

    def reader(self, plan: Node, *, batch_rows: int = DEFAULT_BATCH_ROWS, ordered: bool = True) -> pa.RecordBatchReader:
        """The plan's rows as a stream; see :meth:`headwater.engines.base.Engine.reader`."""
        program = _Program(place(apply_passes(plan)), in_order=ordered)
        return _Run(self, program, batch_rows).reader()

    def table(self, plan: Node, *, ordered: bool = True) -> pa.Table:
        """The plan's rows in memory."""
        return self.reader(plan, ordered=ordered).read_all()

    def explain(self, plan: Node, *, ordered: bool = True) -> tuple[Fragment, ...]:
        """The SQL of each fragment, in the order of execution. The files are looked at, and nothing is run."""
        program = _Program(place(apply_passes(plan)), in_order=ordered)
        return tuple(program.in_execution_order())

    def fetched_rows(self) -> int:
        """How many rows databases gave; see :meth:`headwater.engines.base.Engine.fetched_rows`."""
        with self._lock:
            return sum(self._fetched.values())

    def counter(self, node: Fetch) -> Callable[[int], None]:
        """What is told how many rows a database has given for a leaf so far."""
        statement = (node.database.name, node.database.sql(node.plan))

        def count(rows: int) -> None:
            with self._lock:
                self._fetched[statement] = max(rows, self._fetched.get(statement, 0))

        return count

    def close(self) -> None:
        """Ends what still runs, and gives back memory and disk. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._connection.close()
        if self._own_folder is not None:
            self._own_folder.cleanup()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the same database.

        Raises:
            EngineError: the engine is closed.
        """
        with self._lock:
            if self._closed:
                raise EngineError("The engine is closed.")
            cursor = self._connection.cursor()
        if self._disabled:
            cursor.execute(f"SET disabled_optimizers = '{self._disabled}'")
        return cursor


class _Program:
    """The statements of a plan: its own, and for each call below the one that yields the call's input."""

    def __init__(self, plan: Node, *, in_order: bool) -> None:
        observed = observed_order(topological(plan), in_order=in_order)
        plan = place_lookups(plan, observed, needed_columns(plan))
        self.main = compile_fragment(plan, in_order=in_order)
        self.inputs: dict[int, tuple[Statement, ...]] = {}
        self._labels: dict[int, str] = {}
        self.uses: dict[int, int] = {}
        self._add_inputs(plan)

    def _add_inputs(self, plan: Node) -> None:
        waiting = [plan]
        while waiting:
            node = waiting.pop()
            leaves = [below for below in fragment_nodes(node) if isinstance(below, CallNode | Lookup)]
            for leaf in leaves:
                self.uses[id(leaf)] = self.uses.get(id(leaf), 0) + 1
                if id(leaf) not in self.inputs:
                    # What is called sees its rows in order, whether or not somebody above does.
                    self.inputs[id(leaf)] = tuple(compile_fragment(below, in_order=True) for below in leaf.inputs)
                    for statement, label in zip(self.inputs[id(leaf)], _labels(leaf), strict=True):
                        self._labels[id(statement)] = label
                    waiting.extend(leaf.inputs)

    def in_execution_order(self) -> list[Fragment]:
        """Every statement once, those that others read first, with what it is for."""
        found: dict[int, Fragment] = {}

        def visit(statement: Statement) -> None:
            for node in statement.streams.values():
                for below in self.inputs.get(id(node), ()):
                    if id(below) not in found:
                        visit(below)
                        if below.lookup is None:
                            found[id(below)] = Fragment(below.sql, self._labels[id(below)])
                if isinstance(node, Fetch) and id(node) not in found:
                    found[id(node)] = Fragment(node.database.sql(node.plan), f"query of {node.database.name}")

        visit(self.main)
        result = [] if self.main.lookup is not None else [Fragment(self.main.sql, "result")]
        return [*found.values(), *result]


def _labels(leaf: CallNode | Lookup) -> tuple[str, ...]:
    """What the rows of each of a leaf's inputs are for."""
    if isinstance(leaf, CallNode):
        return (f"input of {leaf.function.name}",)
    return "left side of a join, looked up as it passes by", "right side of a join, held in memory"


@dataclass
class _Run:
    """One execution of a program. ``failure`` is what ended it: raised inside a stream that DuckDB reads, an error
    would come out as text.
    """

    engine: DuckDBEngine
    program: _Program
    batch_rows: int
    failure: HeadwaterError | None = None
    results: dict[int, pa.Table] = field(default_factory=dict)

    def reader(self) -> pa.RecordBatchReader:
        return self._read(self.program.main)

    def _read(self, statement: Statement) -> pa.RecordBatchReader:
        schema = output_schema(statement.columns)
        if statement.lookup is not None:
            return pa.RecordBatchReader.from_batches(schema, self._sliced(self._made(statement.lookup), schema))
        with ExitStack() as on_failure:
            cursor = on_failure.enter_context(closing(self.engine.cursor()))
            for name, rows in statement.tables.items():
                cursor.register(name, rows)
            for name, node in statement.streams.items():
                cursor.register(name, self._stream(node, repeated=name in statement.repeated))
            try:
                found = interruptible(cursor, lambda: cursor.sql(statement.sql).to_arrow_reader(self.batch_rows))
            except duckdb.Error as error:
                raise self._explained(error) from error
            on_failure.pop_all()
        return pa.RecordBatchReader.from_batches(schema, self._batches(cursor, found, schema))

    def _batches(
        self, cursor: duckdb.DuckDBPyConnection, found: pa.RecordBatchReader, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := interruptible(cursor, lambda: next(found, None))) is not None:
                yield conform(batch, schema)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise self._explained(error) from error
        finally:
            with suppress(duckdb.Error):
                cursor.close()

    def _sliced(self, rows: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            for start in range(0, batch.num_rows, self.batch_rows):
                yield conform(batch.slice(start, self.batch_rows), schema)

    def _stream(self, node: StreamNode, *, repeated: bool) -> pa.RecordBatchReader | pa.Table:
        if isinstance(node, CsvScan):
            rows = csv_stream(node)
            return rows.read_all() if repeated else rows
        if isinstance(node, Fetch):
            rows = self._guarded(fetch(node, self.engine.reader, self.engine.counter(node)))
            return rows.read_all() if repeated else rows
        if self.program.uses[id(node)] == 1 and not repeated:
            return self._guarded(self._made(node))
        if id(node) not in self.results:
            self.results[id(node)] = self._guarded(self._made(node)).read_all()
        return self.results[id(node)]

    def _made(self, node: CallNode | Lookup) -> pa.RecordBatchReader:
        first, *more = (self._read(statement) for statement in self.program.inputs[id(node)])
        if isinstance(node, CallNode):
            return node.function.apply(self._guarded(first), node.arguments, node.added.id)
        return looked_up(node, self._guarded(first), self._guarded(more[0]).read_all())

    def _guarded(self, batches: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The stream, with a note of our own errors that it ends in."""

        def noted() -> Iterator[pa.RecordBatch]:
            try:
                yield from batches
            except HeadwaterError as error:
                self.failure = self.failure or error
                raise

        return pa.RecordBatchReader.from_batches(batches.schema, noted())

    def _explained(self, error: Exception) -> HeadwaterError:
        # Kept no longer than needed: it holds the frames it passed through, and they this run.
        failure, self.failure = self.failure, None
        return failure or query_error(error)


def csv_stream(scan: CsvScan) -> pa.RecordBatchReader:
    """The rows of a scan, read without DuckDB."""
    return csv_batches(
        scan.path,
        [column.id for column in scan.columns],
        delimiter=scan.delimiter,
        quote=scan.quote,
        encoding=scan.encoding,
        skip_rows=scan.skip_rows,
        max_rows=scan.max_rows,
        quoted_breaks=scan.quoted_breaks,
    )


def query_error(error: Exception) -> HeadwaterError:
    """What DuckDB's error means: an M error that a statement ended itself with, or a failure of the engine."""
    message = str(error)
    if message.count(FATAL) >= 2:
        reason, text, detail = decode_error(message.split(FATAL)[1])
        return MError(reason, text, detail)
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory" in message:
        return EngineError(
            "The query needs more memory than the engine may use.",
            hint="Raise the engine's memory limit.",
            code="engine.memory",
        )
    if isinstance(error, duckdb.InterruptException):
        return EngineError("The query was interrupted.", code="engine.interrupted")
    return EngineError(f"DuckDB could not run the query: {_first_line(error)}")


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in exactly this schema. DuckDB renames members of records that have no name."""
    if batch.schema.equals(schema):
        return batch
    return pa.RecordBatch.from_arrays(
        [_conformed(array, want.type) for array, want in zip(batch.columns, schema, strict=True)], schema=schema
    )


def _conformed(array: Any, want: pa.DataType) -> Any:
    if array.type == want:
        return array
    if pa.types.is_struct(want) and array.type.num_fields == want.num_fields:
        members = [_conformed(array.field(i), want.field(i).type) for i in range(want.num_fields)]
        return pa.StructArray.from_arrays(members, fields=list(want), mask=array.is_null())
    if pa.types.is_list(want) and pa.types.is_list(array.type):
        items = _conformed(array.values, want.value_type)
        return pa.ListArray.from_arrays(array.offsets, items, type=want, mask=array.is_null())
    return array.cast(want)


def _known_optimizers(connection: duckdb.DuckDBPyConnection) -> str:
    known = {name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
    return ",".join(name for name in _UNWANTED_OPTIMIZERS if name in known)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
