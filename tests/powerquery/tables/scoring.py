"""A batch function that is one: it judges texts by a number, in batches, and notes what it was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from headwater.plan.cells import encode_error, error_column
from headwater.plan.types import DOUBLE, TEXT, DataType, Field, record_type, to_arrow

VERDICT = record_type({"score": DOUBLE, "label": TEXT})
NEGATIVE = "The weight is negative."


@dataclass
class Judge:
    """``judge(weight, word)``: [score = weight * length of word, label = word & "!"]; a negative weight is an error.

    Where an argument is null, so is the result.
    """

    name: str = "judge"
    identity: str = "test://judge/1"
    batches: list[int] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    parameters: tuple[Field, ...] = (Field("weight", DOUBLE), Field("word", TEXT))
    result: DataType = VERDICT

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        schema = batches.schema.append(pa.field(result, to_arrow(self.result)))
        schema = schema.append(pa.field(error_column(result), pa.string()))

        def judged() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield self._judged(batch, arguments, schema)

        return pa.RecordBatchReader.from_batches(schema, judged())

    def _judged(self, batch: pa.RecordBatch, arguments: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
        self.batches.append(batch.num_rows)
        errors = [error for error in map(error_column, arguments) if error in batch.schema.names]
        columns = [batch.column(name).to_pylist() for name in (*arguments, *errors)]
        values, sentinels = [], []
        for weight, word, *found in zip(*columns, strict=True):
            error = next((e for e in found if e is not None), None)
            if error is None:
                self.weights.append(weight)
                error = encode_error("Test.Error", NEGATIVE) if weight is not None and weight < 0 else None
            bad = error is not None or weight is None or word is None
            values.append(None if bad else {"score": float(weight) * len(word), "label": word + "!"})
            sentinels.append(error)
        made: list[Any] = [pa.array(values, to_arrow(self.result)), pa.array(sentinels, pa.string())]
        return pa.RecordBatch.from_arrays([*batch.columns, *made], schema=schema)


@dataclass
class Answer:
    """``answer()``: 42, of no parameter at all."""

    name: str = "answer"
    identity: str = ""
    parameters: tuple[Field, ...] = ()
    result: DataType = DOUBLE

    def apply(self, batches: pa.RecordBatchReader, _arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        schema = batches.schema.append(pa.field(result, pa.float64()))
        schema = schema.append(pa.field(error_column(result), pa.string()))

        def answered() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                made: list[Any] = [pa.array([42.0] * batch.num_rows), pa.nulls(batch.num_rows, pa.string())]
                yield pa.RecordBatch.from_arrays([*batch.columns, *made], schema=schema)

        return pa.RecordBatchReader.from_batches(schema, answered())
