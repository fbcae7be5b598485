"""MLflow's split form, as simply as it can be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa

from headwater.models.forms import FormError, LengthError, Request
from headwater.models.signature import Parameter, Signature
from headwater.plan.types import INT64, Field

__all__ = ["DOUBLING", "SplitForm", "batch_of"]

#: What the service of :mod:`tests.models.services.faults` takes and gives.
DOUBLING = Signature((Parameter("x", INT64, pa.int64()),), (Field("y", INT64),))


def batch_of(numbers: Any) -> pa.RecordBatch:
    """A batch of :data:`DOUBLING`."""
    return pa.record_batch({"x": pa.array(numbers, pa.int64())})


class SplitForm:
    """A ``ServiceForm``: {"dataframe_split": …} there, {"predictions": …} back."""

    def __init__(self, signature: Signature, max_rows: int | None = None) -> None:
        self._outputs = signature.output_schema
        self.max_rows = max_rows

    def encode(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> Request:
        columns = [column.to_pylist() for column in batch.columns]
        data = [list(row) for row in zip(*columns, strict=True)]
        body: dict[str, Any] = {"dataframe_split": {"columns": batch.schema.names, "data": data}}
        if params:
            body["params"] = dict(params)
        return Request(orjson.dumps(body))

    def decode(self, body: bytes, content_type: str, rows: int) -> pa.RecordBatch:
        try:
            answers = orjson.loads(body)["predictions"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise FormError("the answer has no predictions") from None
        if not isinstance(answers, list):
            raise FormError("the predictions are no list")
        if len(answers) != rows:
            raise LengthError(f"{len(answers)} rows for {rows}")
        if len(self._outputs) == 1:
            answers = [{self._outputs.names[0]: answer} for answer in answers]
        return pa.RecordBatch.from_pylist(answers, schema=self._outputs)
