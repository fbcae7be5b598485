"""Queries in SQL, each within its limits, as a thing that can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from headwater.access import Actor
from headwater.app.reading.reader import OpenTable, TableReader
from headwater.app.reading.sql.locked import add_view, locked, query_error
from headwater.app.reading.sql.statement import TableName, read_statement
from headwater.dataflows import PublishedTable, PublishedTables
from headwater.dataflows.published import readable_columns_of
from headwater.errors import EngineError, NotFoundError

__all__ = ["SqlLimits", "SqlQueries", "SqlQuery", "SqlResult"]

_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """What a query may take: rows of its result (None: all), seconds, memory, and room on the disk beyond that."""

    rows: int | None = 1_000_000
    seconds: float = 300.0
    memory: str = "2GB"
    disk: str = "8GB"


@dataclass(frozen=True, slots=True)
class SqlResult:
    """``truncated``: there were more rows than the limit."""

    rows: pa.Table
    truncated: bool


class SqlQueries:
    """Runs SQL over published tables.

    Args:
        published: finds the tables that somebody may read.
        reader: opens them.
        folder: where what does not fit into memory lies while a query runs.
    """

    def __init__(self, published: PublishedTables, reader: TableReader, folder: Path) -> None:
        self._published = published
        self._reader = reader
        self._folder = folder

    def prepare(self, actor: Actor, statement: str, limits: SqlLimits | None = None) -> SqlQuery:
        """A query, checked; that its tables are read is on record from now on.

        Raises:
            UsageError: it is not one SELECT, or asks for what is not offered.
            NotFoundError: a table is not there, or not for this actor; or its name alone is not enough.
        """
        names = _Names(self._published.list(actor))
        read = read_statement(statement, names.resolved)
        # By the versions of the one listing, so that all tables of a dataflow are of one refresh.
        opened = {
            view: self._reader.open(actor, name.dataflow, name.entity, names.versions[name])
            for name, view in read.tables.items()
        }
        for table in opened.values():
            self._reader.record(table, rows=None, form="sql")
        return SqlQuery(read.sql, opened, limits or SqlLimits(), self._folder, self._reader)

    def run(self, actor: Actor, statement: str, limits: SqlLimits | None = None) -> SqlResult:
        """The rows of a query; raises as :meth:`prepare` and :meth:`SqlQuery.run` do."""
        return self.prepare(actor, statement, limits).run()


@dataclass
class SqlQuery:
    """A query that may be run once, and cancelled from another thread."""

    sql: str
    tables: dict[str, OpenTable]
    limits: SqlLimits
    folder: Path
    reader: TableReader
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: duckdb.DuckDBPyConnection | None = None
    _ended_by: str = ""

    def run(self) -> SqlResult:
        """Its rows.

        Raises:
            UsageError: the engine cannot make sense of it (``sql.query``), or a value is not what it is taken for.
            EngineError: it took too long (``sql.seconds``), needs too much memory (``engine.memory``), or was cancelled
                (``sql.cancelled``).
        """
        files = [file for table in self.tables.values() for file in table.scan.paths]
        with ExitStack() as held:
            for table in self.tables.values():
                held.enter_context(self.reader.pinned(table))
            spill = held.enter_context(self._spill())
            connection = held.enter_context(closing(locked(files, self.limits.memory, spill, self.limits.disk)))
            timer = threading.Timer(self.limits.seconds, self._end, ["seconds"])
            timer.daemon = True
            with self._lock:
                self._running = connection
            timer.start()
            try:
                return self._result(connection)
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise self._explained(error) from None
            finally:
                timer.cancel()
                with self._lock:
                    self._running = None

    def cancel(self) -> None:
        """End it: at once where it runs, else as soon as it would."""
        self._end("cancelled")

    def _end(self, why: str) -> None:
        with self._lock:
            self._ended_by = self._ended_by or why
            if self._running is not None:
                self._running.interrupt()

    @contextmanager
    def _spill(self) -> Iterator[Path]:
        """A folder of this query's own: two engines would take each other's files there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            folder = TemporaryDirectory(prefix="query-", dir=self.folder)
        except OSError as error:
            raise EngineError(
                f"There is no room for the query's own files: {error.strerror}.",
                hint="Make room on the disk of the home folder.",
                code="sql.files",
            ) from error
        with folder as path:
            yield Path(path)

    def _result(self, connection: duckdb.DuckDBPyConnection) -> SqlResult:
        for view, table in self.tables.items():
            add_view(connection, view, table.scan.paths, readable_columns_of(table.table, table.version))
        self._go_on()
        batches = list(self._batches(connection.sql(self.sql).to_arrow_reader(_BATCH_ROWS)))
        rows = pa.Table.from_batches(batches[1:], batches[0].schema)
        most = self.limits.rows
        return SqlResult(rows if most is None else rows.slice(0, most), most is not None and rows.num_rows > most)

    def _batches(self, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """An empty batch that has the schema, then as many as the limit takes, and one row more."""
        yield pa.RecordBatch.from_pylist([], schema=rows.schema)
        count = 0
        for batch in rows:
            self._go_on()
            yield batch
            count += batch.num_rows
            if self.limits.rows is not None and count > self.limits.rows:
                return

    def _go_on(self) -> None:
        """An interrupt that came between two calls was heard by nobody."""
        if self._ended_by:
            raise self._ended()

    def _explained(self, error: Exception) -> Exception:
        return self._ended() if self._ended_by else query_error(error)

    def _ended(self) -> EngineError:
        if self._ended_by == "seconds":
            return EngineError(
                f"The query took longer than {self.limits.seconds:g} seconds.",
                hint="Ask for less, or raise the limit.",
                code="sql.seconds",
            )
        return EngineError("The query was cancelled.", code="sql.cancelled")


class _Names:
    """The tables that may be read, by what a query calls them: exactly so, or in other letters' case."""

    def __init__(self, tables: Sequence[PublishedTable]) -> None:
        self.versions = {TableName(table.dataflow, table.entity): table.delta_version for table in tables}

    def resolved(self, name: TableName) -> TableName:
        """The table that is meant."""
        found = [known for known in self.versions if _is_called(known, name)]
        exact = [known for known in found if known.entity == name.entity and name.dataflow in ("", known.dataflow)]
        chosen = exact if len(exact) == 1 else found
        if len(chosen) == 1:
            return chosen[0]
        shown = f"{name.dataflow}.{name.entity}" if name.dataflow else name.entity
        if found:
            raise NotFoundError(
                f"'{shown}' is the name of several tables.", place="the statement", hint="Name it as dataflow.entity."
            )
        raise NotFoundError(
            f"There is no published table '{shown}'.",
            place="the statement",
            hint="'headwater sql --tables' lists them; names with blanks or dots stand in double quotes.",
        )


def _is_called(known: TableName, name: TableName) -> bool:
    same_flow = not name.dataflow or known.dataflow.lower() == name.dataflow.lower()
    return same_flow and known.entity.lower() == name.entity.lower()
