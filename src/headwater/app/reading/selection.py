"""Which rows and columns of a table somebody wants, as a plan over its scan."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from headwater.plan.expressions import Expr
from headwater.plan.nodes import (
    Aggregate,
    AggregateCall,
    Column,
    Filter,
    Node,
    ParquetScan,
    Slice,
    Sort,
    SortKey,
    select,
)
from headwater.plan.types import INT64


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows for which ``predicate`` is true (None: all) in the order of ``keys`` (none: the table's own).

    ``columns`` are ids of the scan's columns, in the order wanted; None: all. The expressions are over the scan.
    ``first``: of the table's first rows only, so many; None: of all.
    """

    predicate: Expr | None = None
    keys: tuple[SortKey, ...] = ()
    columns: tuple[str, ...] | None = None
    first: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the rows are the table's own, in its own order."""
        return self.predicate is None and not self.keys

    def columns_of(self, scan: ParquetScan) -> tuple[Column, ...]:
        """The columns wanted, in order."""
        return scan.columns if self.columns is None else tuple(scan.column(name) for name in self.columns)

    def plan(self, scan: ParquetScan, offset: int = 0, limit: int | None = None) -> Node:
        """The plan of these rows, from ``offset`` at most ``limit`` of them."""
        node = self._rows(scan)
        if self.keys:
            node = Sort(node, self.keys)
        if offset or limit is not None:
            node = Slice(node, offset, limit)
        return select(node, self.columns_of(scan))

    def count(self, scan: ParquetScan) -> Node:
        """The plan that counts these rows: one row of one column."""
        counted = (Column("rows", "rows", INT64), AggregateCall("Table.RowCount"))
        return Aggregate(self._rows(scan), (), (counted,))

    def fingerprint(self, scan: ParquetScan) -> str:
        """What a stored result of this selection is found by. The names of the files stand for the table's version."""
        # Plans are frozen dataclasses, so that equal ones are written alike.
        parts = (scan.paths, tuple(c.id for c in self.columns_of(scan)), self.predicate, self.keys, self.first)
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _rows(self, scan: ParquetScan) -> Node:
        rows = scan if self.first is None else Slice(scan, 0, self.first)
        return rows if self.predicate is None else Filter(rows, self.predicate)
