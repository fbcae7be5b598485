"""The answers of models that MLflow serves: predictions in any of the shapes that a model may give."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from headwater.models.forms.base import FormError, LengthError
from headwater.models.forms.layouts import read_rows
from headwater.models.forms.values import read_column

__all__ = ["read_predictions"]


def read_predictions(predictions: Any, outputs: pa.Schema, rows: int) -> pa.RecordBatch:
    """A list of values, of lists or of records, or an object of columns, as a batch of the schema ``outputs``.

    Columns that have names are found by them; a single output may have any name.

    Raises:
        FormError: the predictions lack an output, or hold values of another type.
        LengthError: they are not as many as ``rows``.
    """
    columns = _columns(predictions, outputs, rows)
    read = [read_column(column, field.type, field.name) for column, field in zip(columns, outputs, strict=True)]
    return pa.RecordBatch.from_arrays(read, schema=outputs)


def _columns(predictions: Any, outputs: pa.Schema, rows: int) -> list[list[Any]]:
    names = outputs.names
    if isinstance(predictions, dict):
        only = len(names) == 1 and len(predictions) == 1
        return read_rows("lists", predictions, list(predictions) if only else names, rows)
    if not isinstance(predictions, list):
        raise FormError("the answer is no list of predictions")
    if len(predictions) != rows:
        raise LengthError(f"{len(predictions)} rows for {rows}")
    first = next(iter(predictions), None)
    if isinstance(first, dict) and not _is_record(outputs, first):
        only = len(names) == 1 and len(first) == 1
        return read_rows("records", predictions, list(first) if only else names, rows)
    if len(names) > 1:
        return read_rows("values", predictions, names, rows)
    return [_flattened(predictions, outputs.types[0])]


def _is_record(outputs: pa.Schema, first: dict[str, Any]) -> bool:
    """Whether each prediction is itself the only output's record, not a row that holds the output."""
    if len(outputs) > 1 or not pa.types.is_struct(outputs.types[0]):
        return False
    return outputs.names[0] not in first


def _flattened(predictions: list[Any], kind: pa.DataType) -> list[Any]:
    """Lists of one number each are what a model of one output gives for a table of one column."""
    if pa.types.is_nested(kind):
        return predictions
    if any(isinstance(value, list) and len(value) != 1 for value in predictions):
        raise FormError("the answer has several values a row, and the model one output")
    return [value[0] if isinstance(value, list) else value for value in predictions]
