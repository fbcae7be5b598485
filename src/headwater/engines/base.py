"""What an engine is: it declares what it folds, and runs a plan to Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from headwater.plan.cells import error_column
from headwater.plan.nodes import Column, Node
from headwater.plan.types import to_arrow

DEFAULT_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Fragment:
    """One statement between two calls. ``label`` says what its rows are for."""

    sql: str
    label: str


@runtime_checkable
class Engine(Protocol):
    """Runs plans. One engine may run several at once; ``close`` ends what still runs.

    ``folds`` names the operators and ``aggregates`` the aggregate functions that it runs with M's meaning (see
    :mod:`headwater.plan.operators`); it refuses any other with NotFoldableError.
    """

    @property
    def name(self) -> str:
        """What people and settings call it."""
        ...

    @property
    def folds(self) -> frozenset[str]:
        """The operators that it runs."""
        ...

    @property
    def aggregates(self) -> frozenset[str]:
        """The aggregate functions that it runs."""
        ...

    def reader(self, plan: Node, *, batch_rows: int = DEFAULT_BATCH_ROWS, ordered: bool = True) -> pa.RecordBatchReader:
        """The plan's rows as a stream, with the schema :func:`output_schema`.

        Args:
            plan: what to run.
            batch_rows: rows in a batch, at most; engines may hand out smaller ones.
            ordered: rows come in M's order; False if the caller does not care, which can be much cheaper.

        Raises:
            MError: the query fails as a whole: a missing file, an error in a filter or in a key.
            EngineError: the engine could not run it.
            HeadwaterError: whatever a batch function of the plan raised.

        All of these can also come while the stream is read.
        """
        ...

    def table(self, plan: Node, *, ordered: bool = True) -> pa.Table:
        """The plan's rows in memory; as :meth:`reader`."""
        ...

    def explain(self, plan: Node, *, ordered: bool = True) -> tuple[Fragment, ...]:
        """The statements that running the plan would execute, in the order of execution."""
        ...

    def fetched_rows(self) -> int:
        """How many rows databases gave to the plans that it ran; those of one statement count once, however often."""
        ...

    def close(self) -> None:
        """End what still runs, and give back what is held; may be called twice."""
        ...


def output_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """The Arrow schema of a result: a field per column id, each ``may_fail`` one followed by its sentinel.

    >>> from headwater.plan.types import DOUBLE
    >>> output_schema((Column("x", "X", DOUBLE, may_fail=True),)).names
    ['x', 'x__err']
    """
    fields = []
    for column in columns:
        fields.append(pa.field(column.id, to_arrow(column.type)))
        if column.may_fail:
            fields.append(pa.field(error_column(column.id), pa.string()))
    return pa.schema(fields)
