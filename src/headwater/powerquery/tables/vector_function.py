"""A function that M itself computes for many rows at once, as a batch function of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from headwater.plan import types as p
from headwater.plan.cells import error_column
from headwater.powerquery.tables.arrow import decode, plan_type
from headwater.powerquery.tables.evaluated import strictly_encoded
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value

__all__ = ["VectorFunction"]

#: Rows that the M function is given at once.
ROWS_AT_ONCE = 65_536


@dataclass
class VectorFunction:
    """``many`` gives the results of many calls. It is told apart from models by having no identity."""

    name: str
    parameters: tuple[p.Field, ...]
    result: p.DataType
    many: Callable[[Sequence[Sequence[Value]]], Sequence[Value]]
    identity: str = field(default="", init=False)

    @classmethod
    def of(
        cls, name: str, signature: t.FunctionType, many: Callable[[Sequence[Sequence[Value]]], Sequence[Value]]
    ) -> VectorFunction | None:
        """The function of this M type; None where the type does not say of what kinds its values are."""
        kinds = [plan_type(parameter.type) for parameter in signature.parameters]
        result = plan_type(signature.result)
        known = [kind for kind in kinds if kind is not None]
        if result is None or not kinds or len(known) < len(kinds):
            return None
        named = zip(signature.parameters, known, strict=True)
        return cls(name, tuple(p.Field(parameter.name, kind) for parameter, kind in named), result, many)

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        """The rows with the function's results; see :meth:`headwater.plan.functions.BatchFunction.apply`."""
        schema = batches.schema.append(pa.field(result, p.to_arrow(self.result)))
        schema = schema.append(pa.field(error_column(result), pa.string()))
        made = (self._applied(batch, arguments, schema) for batch in _collected(batches))
        return pa.RecordBatchReader.from_batches(schema, made)

    def _applied(self, batch: pa.RecordBatch, arguments: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
        errors: list[str | None] = [None] * batch.num_rows
        for name in map(error_column, arguments):
            if name in batch.schema.names:
                errors = [first or other for first, other in zip(errors, batch.column(name).to_pylist(), strict=True)]
        good = [at for at, error in enumerate(errors) if error is None]
        sent = batch.take(pa.array(good, pa.int64())) if len(good) < batch.num_rows else batch
        cells = [
            decode(sent.column(name), _kind(sent.schema.field(name).type, parameter.type))
            for name, parameter in zip(arguments, self.parameters, strict=True)
        ]
        values, found = strictly_encoded(self.many(list(zip(*cells, strict=True))) if good else [], self.result)
        if len(good) < batch.num_rows:
            values, found = _spread(values, found, good, errors)
        return pa.RecordBatch.from_arrays([*batch.columns, values, found], schema=schema)


def _kind(arrow: pa.DataType, wanted: p.DataType) -> p.DataType:
    """What a column holds: the parameter's kind, but any number is given as it is, and a moment in either unit."""
    if wanted.kind in p.NUMERIC or pa.types.is_timestamp(arrow):
        return p.from_arrow(arrow) or wanted
    return wanted


def _spread(values: Any, found: Any, good: Sequence[int], errors: Sequence[str | None]) -> tuple[Any, Any]:
    """The results in the rows that were sent, and the arguments' errors in the others."""
    place = {row: at for at, row in enumerate(good)}
    indices = pa.array([place.get(row) for row in range(len(errors))], pa.int64())
    sentinels = found.take(indices).to_pylist()
    both = [error if error is not None else own for error, own in zip(errors, sentinels, strict=True)]
    return values.take(indices), pa.array(both, pa.string())


def _collected(batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The rows in batches of about :data:`ROWS_AT_ONCE`."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= ROWS_AT_ONCE:
            yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
            waiting = []
    if waiting:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
