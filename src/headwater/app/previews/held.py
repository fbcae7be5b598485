"""Rows of a preview: read as far as somebody has looked, and kept, so that scrolling back costs nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa

from headwater.errors import MisfitError
from headwater.plan.lineage import lineage_nodes
from headwater.plan.nodes import Call
from headwater.powerquery.tables.evaluated import RowFunction
from headwater.powerquery.tables.plan_table import BATCH_ROWS, PlanTable
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.tables.running import run
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table

__all__ = ["Rows", "rows_of"]


class Rows(ABC):
    """The rows of one table."""

    #: How many there are, once that is known.
    total: int | None = None

    @abstractmethod
    def page(self, offset: int, limit: int) -> Sequence[Sequence[Value]]:
        """At most ``limit`` rows from ``offset`` on; reads no further than it has to.

        Raises:
            MError: the table is an error from some row on.
        """

    @abstractmethod
    def count(self) -> int:
        """How many rows there are; this may read all of them."""


def rows_of(table: Table) -> Rows:
    """The rows of a table, read in the way that suits what it is made of."""
    if not isinstance(table, PlanTable):
        return _EvaluatedRows(table)
    return _ScoredRows(table) if _calls_a_model(table) else _PlannedRows(table)


def _calls_a_model(table: PlanTable) -> bool:
    calls = (node for node in lineage_nodes(table.plan) if isinstance(node, Call))
    return any(not isinstance(call.function, RowFunction) for call in calls)


class _EvaluatedRows(Rows):
    """Rows that the evaluator makes."""

    def __init__(self, table: Table) -> None:
        self._rows: list[Sequence[Value]] = []
        self._coming: Iterator[Sequence[Value]] = iter(table.rows())

    def page(self, offset: int, limit: int) -> Sequence[Sequence[Value]]:
        self._read_to(offset + limit)
        return self._rows[offset : offset + limit]

    def count(self) -> int:
        self._read_to(None)
        return len(self._rows)

    def _read_to(self, end: int | None) -> None:
        if self.total is not None:
            return
        wanted = None if end is None else max(0, end - len(self._rows))
        before = len(self._rows)
        self._rows += islice(self._coming, wanted)
        if wanted is None or len(self._rows) - before < wanted:
            self.total = len(self._rows)


class _PlannedRows(Rows):
    """Rows that an engine gives, kept as Arrow.

    A value that is not of its column's kind sends the table back to the evaluator, whose rows are the same ones.
    """

    def __init__(self, table: PlanTable) -> None:
        self._table = table
        self._batches: list[pa.RecordBatch] = []
        self._ends: list[int] = []
        self._coming: Iterator[pa.RecordBatch] | None = None
        self._otherwise: _EvaluatedRows | None = None

    def page(self, offset: int, limit: int) -> Sequence[Sequence[Value]]:
        self._read_to(offset + limit)
        if self._otherwise is not None:
            return self._page_otherwise(self._otherwise, offset, limit)
        found: list[Sequence[Value]] = []
        start = 0
        for batch, end in zip(self._batches, self._ends, strict=True):
            if end > offset and start < offset + limit:
                first = max(offset - start, 0)
                piece = batch.slice(first, min(end, offset + limit) - start - first)
                found += self._table.decoded(piece)
            start = end
        return found

    def count(self) -> int:
        if self.total is None:
            self.total = self._table.row_count()
        return self.total

    def _page_otherwise(self, rows: _EvaluatedRows, offset: int, limit: int) -> Sequence[Sequence[Value]]:
        found = rows.page(offset, limit)
        self.total = rows.total
        return found

    def _read_to(self, end: int) -> None:
        if self._otherwise is not None:
            return
        try:
            if self._coming is None:
                self._coming = run(self._table.runnable, self._table.session.engine, BATCH_ROWS)
            while not self._ends or self._ends[-1] < end:
                batch = next(self._coming, None)
                if batch is None:
                    self.total = self._ends[-1] if self._ends else 0
                    return
                self._batches.append(batch)
                self._ends.append((self._ends[-1] if self._ends else 0) + batch.num_rows)
        except MisfitError:
            self._otherwise = _EvaluatedRows(self._table.made_on_rows())
            self._batches.clear()
            self._ends.clear()


class _ScoredRows(Rows):
    """Rows with predictions: only those that somebody looks at are sent to the model."""

    def __init__(self, table: PlanTable) -> None:
        self._table = table

    def page(self, offset: int, limit: int) -> Sequence[Sequence[Value]]:
        found = list(slice_rows(self._table, offset, limit).rows())
        if len(found) < limit and (found or not offset):
            self.total = offset + len(found)
        return found

    def count(self) -> int:
        if self.total is None:
            self.total = self._table.row_count()
        return self.total
