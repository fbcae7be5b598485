"""Published tables, opened by who may read them: a selection of their rows, a page at a time."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from headwater.access import Actor
from headwater.app.reading.parts import Parts
from headwater.app.reading.results import ResultStore
from headwater.app.reading.selection import Selection
from headwater.dataflows import PublishedTable, PublishedTables
from headwater.dataflows.published import version_gone
from headwater.dataflows.restricted import readable_scan
from headwater.dataflows.retention import pinned
from headwater.engines.base import Engine
from headwater.engines.registry import load_engine
from headwater.errors import EngineError, TableError
from headwater.plan.nodes import Column, ParquetScan, Source
from headwater.plan.types import to_arrow
from headwater.store import Database
from headwater.tables import plan_scan, read, row_count

__all__ = ["OpenTable", "TablePage", "TableReader"]


@dataclass(frozen=True, slots=True)
class OpenTable:
    """One version of a table, for somebody who may read it; ``scan`` has the columns that they may read.

    ``first``: no row after so many is given; None: all are.
    """

    actor: Actor
    table: PublishedTable
    version: int
    scan: ParquetScan
    first: int | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.scan.columns

    @property
    def rows(self) -> int:
        """How many rows the version has, of those that are given."""
        newest = self.version == self.table.delta_version
        found = self.table.rows if newest else row_count(self.table.path, self.version)
        return found if self.first is None else min(found, self.first)


@dataclass(frozen=True, slots=True)
class TablePage:
    """Some rows of a selection, their columns under M names and in the Arrow types of ``columns``.

    ``is_last``: no row of what was asked for comes after them.
    """

    columns: tuple[Column, ...]
    rows: pa.Table
    is_last: bool


class TableReader:
    """Reads published tables. Close it.

    Args:
        database: the metadata database, which has what is being read.
        published: finds the tables that somebody may read.
        folder: where results are kept between two pages.
    """

    def __init__(self, database: Database, published: PublishedTables, folder: Path) -> None:
        self._database = database
        self._published = published
        self._results = ResultStore(folder)
        self._parts = Parts()
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """End what still runs."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def open(
        self, actor: Actor, dataflow: str, entity: str, version: int | None = None, *, refresh: str | None = None
    ) -> OpenTable:
        """A table at the version it has now, or at one that was kept: by its number, or by the refresh that made it.

        Raises:
            NotFoundError: there is none that may be read, it has not come to that version, or that refresh made none.
            VersionGoneError: that version is no longer kept.
        """
        if refresh is None:
            table = self._published.get(actor, dataflow, entity)
            wanted = self._published.version(table, version)
        else:
            table, wanted = self._published.as_of(actor, dataflow, entity, refresh)
        try:
            scan = plan_scan(table.path, wanted, Source(f"headwater://tables/{dataflow}/{entity}"))
        except TableError as error:
            raise version_gone(table, wanted) from error
        if not _is_whole(scan):
            raise version_gone(table, wanted)
        return OpenTable(actor, table, wanted, readable_scan(scan, table.restriction))

    def page(
        self, opened: OpenTable, selection: Selection, offset: int, limit: int, *, form: str, more: bool = True
    ) -> TablePage:
        """Rows of a selection from ``offset``, at most ``limit``; on record before anybody sees them.

        Args:
            opened: the table.
            selection: which rows, which columns, in which order.
            offset: how many of them to pass over.
            limit: how many to give, at most.
            form: what they are read as, for the audit log.
            more: whether pages after this one will be asked for: the result is then computed once and kept.

        Raises:
            VersionGoneError: the version's files were deleted meanwhile.
            EngineError: the selection cannot be computed, or takes more memory than there is.
        """
        selection = replace(selection, first=opened.first)
        try:
            # One row more than wanted tells whether there are any after.
            rows = self._rows(opened, selection, offset, limit + 1, more=more)
        except (TableError, EngineError) as error:
            if _is_whole(opened.scan):
                raise
            raise version_gone(opened.table, opened.version) from error
        is_last = rows.num_rows <= limit
        rows = rows.slice(0, limit)
        self.record(opened, rows=rows.num_rows, form=form)
        return TablePage(selection.columns_of(opened.scan), rows, is_last)

    def batches(self, opened: OpenTable, offset: int, rows: int, size: int) -> Generator[pa.Table, None, None]:
        """The table's own rows from ``offset``, so many of them, ``size`` at a time; without any, one empty part.

        Raises (while being read):
            VersionGoneError: the version's files were deleted meanwhile.
        """
        names = [column.name for column in opened.columns]
        end = offset + rows
        with self.pinned(opened):
            for start in range(offset, max(end, offset + 1), size):
                try:
                    yield read(opened.table.path, opened.version, names, start, min(size, end - start))
                except TableError as error:
                    raise version_gone(opened.table, opened.version) from error

    def pinned(self, opened: OpenTable) -> AbstractContextManager[None]:
        """Keeps the version's files there for as long as the block runs; for what may take long."""
        return pinned(self._database, opened.table, opened.version)

    def record(self, opened: OpenTable, *, rows: int | None, form: str) -> None:
        """Put on record that rows are read."""
        self._published.record_reading(opened.actor, opened.table, opened.version, rows=rows, form=form)

    def count(self, opened: OpenTable, selection: Selection) -> int:
        """How many rows a selection has."""
        selection = replace(selection, first=opened.first)
        if selection.predicate is None:
            return opened.rows
        kept = self._results.get(selection.fingerprint(opened.scan))
        if kept is not None:
            return kept.num_rows
        found: int = self._running().table(selection.count(opened.scan)).column(0)[0].as_py()
        return found

    def _rows(self, opened: OpenTable, selection: Selection, offset: int, limit: int, *, more: bool) -> pa.Table:
        columns = selection.columns_of(opened.scan)
        if selection.is_plain:
            if opened.first is not None:
                limit = max(min(limit, opened.first - offset), 0)
            names = [column.name for column in columns]
            name = selection.fingerprint(opened.scan)
            return self._parts.rows(
                name, offset, limit, lambda at, most: read(opened.table.path, opened.version, names, at, most)
            )
        kept = self._kept(opened, selection) if more else None
        if kept is not None:
            return _named(kept.slice(offset, limit), columns)
        return _named(self._running().table(selection.plan(opened.scan, offset, limit)), columns)

    def _kept(self, opened: OpenTable, selection: Selection) -> pa.Table | None:
        """The whole result, computed unless it was kept; None where it is too large for that."""
        name = selection.fingerprint(opened.scan)
        found = self._results.get(name)
        if found is not None:
            return found
        with self._results.alone(name):
            found = self._results.get(name)
            if found is None:
                with self.pinned(opened):
                    found = self._results.put(name, self._running().reader(selection.plan(opened.scan)))
            return found

    def _running(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = load_engine()
            return self._engine


def _named(rows: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """The rows under M names; what carries errors beside it is dropped, a published cell being none."""
    schema = pa.schema([pa.field(column.name, to_arrow(column.type)) for column in columns])
    return pa.Table.from_arrays([rows.column(column.id) for column in columns], schema=schema)


def _is_whole(scan: ParquetScan) -> bool:
    """Whether the files of a version are all there."""
    return all(Path(path).is_file() for path in scan.paths)
