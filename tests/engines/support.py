"""Building plans and reading results, for every engine's tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headwater.engines import Engine
from headwater.plan.cells import decode_error, encode_error, error_column
from headwater.plan.expressions import Call, Expr, call
from headwater.plan.nodes import ArrowScan, Column, Node, Project
from headwater.plan.types import DOUBLE, DataType, Field, to_arrow


@dataclass(frozen=True)
class Error:
    """An error as a cell's value, in what goes into a test and in what comes out."""

    reason: str
    message: str
    detail: str | None = None


BAD = Error("Test.Error", "bad cell", "x")
WORSE = Error("Test.Error", "worse cell")


def inline(types: dict[str, DataType], rows: Sequence[Sequence[Any]]) -> ArrowScan:
    """A table in memory; a column that holds an ``Error`` may fail."""
    columns, arrays = [], {}
    for at, (name, data_type) in enumerate(types.items()):
        cells = [row[at] for row in rows]
        fails = any(isinstance(cell, Error) for cell in cells)
        columns.append(Column(name, name.upper(), data_type, fails))
        good = [None if isinstance(cell, Error) else cell for cell in cells]
        arrays[name] = pa.array(good, to_arrow(data_type))
        if fails:
            errors = [sentinel(cell) if isinstance(cell, Error) else None for cell in cells]
            arrays[error_column(name)] = pa.array(errors, pa.string())
    return ArrowScan(pa.table(arrays), tuple(columns))


def sentinel(error: Error) -> str:
    return encode_error(error.reason, error.message, error.detail)


def rows_of(engine: Engine, plan: Node, *, ordered: bool = True) -> list[tuple[Any, ...]]:
    """The result's rows, with errors as ``Error``. The schema is checked on the way."""
    return cells_of(engine.table(plan, ordered=ordered), plan.columns)


def cells_of(result: pa.Table, columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    expected = [n for c in columns for n in ((c.id, error_column(c.id)) if c.may_fail else (c.id,))]
    assert result.column_names == expected
    found = []
    for column in columns:
        assert result.schema.field(column.id).type == to_arrow(column.type)
        values = result.column(column.id).to_pylist()
        if column.may_fail:
            sentinels = result.column(error_column(column.id)).to_pylist()
            for value, text in zip(values, sentinels, strict=True):
                assert text is None or value is None, "a cell that is an error holds no value"
            values = [v if s is None else Error(*decode_error(s)) for v, s in zip(values, sentinels, strict=True)]
        found.append(values)
    return list(zip(*found, strict=True)) if found else []


def added(node: Node, name: str, expression: Expr) -> Project:
    """The node with one more column."""
    column = Column(name, name.upper(), expression.type, expression.may_fail)
    return Project(node, (*((c, c.ref) for c in node.columns), (column, expression)))


def only(node: Node, **expressions: Expr) -> Project:
    """A projection to these computed columns."""
    return Project(node, tuple((Column(n, n.upper(), e.type, e.may_fail), e) for n, e in expressions.items()))


def ref(node: Node, name: str) -> Expr:
    return node.column(name).ref


def number(node: Node, name: str) -> Call:
    """Text column ``name`` as a number."""
    return call("Number.From", ref(node, name), option="")


@dataclass
class Adder:
    """A batch function that is one: a + b, in batches, with errors passed on. It notes the rows it was given."""

    name: str = "demo.adder"
    identity: str = "test://adder/1"
    batches: list[int] = field(default_factory=list)
    seen: list[float | None] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    fail_at: int | None = None

    parameters: tuple[Field, ...] = (Field("a", DOUBLE), Field("b", DOUBLE))
    result: DataType = DOUBLE

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        left, right = arguments
        self.columns = batches.schema.names
        schema = batches.schema.append(pa.field(result, pa.float64()))
        schema = schema.append(pa.field(error_column(result), pa.string()))

        def added() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield self._added(batch, left, right, schema)

        return pa.RecordBatchReader.from_batches(schema, added())

    def _added(self, batch: pa.RecordBatch, left: str, right: str, schema: pa.Schema) -> pa.RecordBatch:
        from headwater.errors import ScoringError

        self.batches.append(batch.num_rows)
        values: Any = batch.column(left)
        self.seen.extend(values.to_pylist())
        if self.fail_at is not None and len(self.seen) >= self.fail_at:
            raise ScoringError("The adder gave up.", hint="Ask it for less.")
        errors = [batch.column(error_column(n)) for n in (left, right) if error_column(n) in batch.schema.names]
        error = pc.coalesce(*errors) if errors else pa.nulls(batch.num_rows, pa.string())
        total = pc.add(batch.column(left), batch.column(right))
        return pa.RecordBatch.from_arrays([*batch.columns, total, error], schema=schema)
