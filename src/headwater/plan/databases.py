"""Databases in a plan: a scan of a database's rows, and the part of a plan that the database runs itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import pyarrow as pa

from headwater.plan.nodes import Column, Node, Source


class Database(Protocol):
    """What a plan carries of a database: it says which steps over its own tables it runs with M's meaning, and runs
    those. ``name`` is what people are told; no credential is in it.
    """

    @property
    def name(self) -> str: ...

    def accepted(self, nodes: Sequence[Node], *, careful: bool) -> frozenset[int]:
        """Which of the nodes (by ``id``) it runs itself, everything below them included.

        Args:
            nodes: nodes of a plan, each after its inputs.
            careful: leave out what could end in an error of the database where M has a value (an overflow).
        """
        ...

    def sql(self, plan: Node) -> str:
        """The statement for a plan whose nodes it has accepted."""
        ...

    def reader(self, plan: Node, batch_rows: int) -> pa.RecordBatchReader:
        """The rows of such a plan as a stream, in the schema of an engine's result.

        Raises:
            MError: DataSource.Error, the database cannot be reached or does not run the statement; with the code
                ``OUT_OF_RANGE``, a number may have left the database's range where M has a value.
        """
        ...


OUT_OF_RANGE = "m.out_of_range"


@dataclass(frozen=True, slots=True)
class TableName:
    """A table or view of a database; ``schema`` "" where the database has none."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class NativeQuery:
    """A query in the database's own language, one statement."""

    text: str


@dataclass(frozen=True)
class DatabaseScan(Node):
    """Rows of a table or query, in whatever order the database hands them out. ``physical`` names each column there.

    ``native`` holds each column's type in the database's own words, ``required`` the ids of columns that are never
    null. Nothing but the scan itself runs in the database unless ``foldable``.
    """

    database: Database = field(compare=False)
    relation: TableName | NativeQuery
    columns: tuple[Column, ...]
    physical: tuple[str, ...]
    native: tuple[str, ...]
    source: Source | None
    required: frozenset[str] = frozenset()
    foldable: bool = True


@dataclass(frozen=True)
class Fetch(Node):
    """The rows of a plan that a database runs; a leaf to the engine that reads them.

    ``careful``: it was placed with care; see :meth:`Database.accepted`.
    """

    database: Database = field(compare=False)
    plan: Node
    careful: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]  # computed here, stored in scans
        return self.plan.columns
