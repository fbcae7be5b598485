"""Answers of MLflow in every shape that a model may give them, and those that are refused."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from headwater.errors import UsageError
from headwater.models.forms.base import FormError, LengthError
from headwater.models.forms.mlflow import input_data_form, mlflow_form
from headwater.models.schemas.mlflow import from_mlflow

INPUTS = [{"name": "x", "type": "double"}]
ONE = [{"type": "double", "name": "p"}]
TWO = [{"type": "double", "name": "p"}, {"type": "string", "name": "label"}]
LIST = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]
RECORD = [{"type": "object", "properties": {"a": {"type": "long"}}, "name": "r"}]
TEXT = [{"type": "string", "name": "label"}]
MOMENT = [{"type": "datetime", "name": "at"}]

SHAPES: list[tuple[Any, Any, list[Any]]] = [
    (ONE, [1, 2.5], [1.0, 2.5]),
    (ONE, [[1], [2.5]], [1.0, 2.5]),
    (ONE, [{"p": 1}, {"p": None}], [1.0, None]),
    (ONE, [{"0": 1}, {"0": 2}], [1.0, 2.0]),
    (ONE, {"p": [1, 2]}, [1.0, 2.0]),
    (ONE, {"other": [1, 2]}, [1.0, 2.0]),
    (TWO, [{"label": "a", "p": 1, "more": 0}, {"p": 2, "label": None}], [(1.0, "a"), (2.0, None)]),
    (TWO, [[1, "a"], [2, "b"]], [(1.0, "a"), (2.0, "b")]),
    (TWO, {"label": ["a", "b"], "p": [1, 2]}, [(1.0, "a"), (2.0, "b")]),
    (LIST, [[0.1, 0.9], [1, 0]], [[0.1, 0.9], [1.0, 0.0]]),
    (LIST, {"prediction": [[0.1, 0.9], [1, 0]]}, [[0.1, 0.9], [1.0, 0.0]]),
    (RECORD, [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    (RECORD, [{"r": {"a": 1}}, {"r": None}], [{"a": 1}, None]),
    (TEXT, ["a", None], ["a", None]),
    (MOMENT, ["2026-01-31T08:30:00.123456789", "NaT"], ["2026-01-31 08:30:00.123456", "None"]),
]


@pytest.mark.parametrize(("outputs", "predictions", "expected"), SHAPES, ids=lambda value: json.dumps(value)[:60])
def test_shapes(outputs: Any, predictions: Any, expected: list[Any]) -> None:
    signature = from_mlflow(INPUTS, outputs)
    served = mlflow_form(signature, has_params=False).decode(json.dumps({"predictions": predictions}).encode(), "", 2)
    managed = input_data_form(signature).decode(json.dumps(predictions).encode(), "", 2)
    assert served == managed and served.schema == signature.output_schema
    columns = [column.to_pylist() for column in served.columns]
    rows: list[Any] = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    assert ([str(value) for value in rows] if outputs is MOMENT else rows) == expected


WRONG: list[tuple[Any, Any, type[Exception]]] = [
    (ONE, [1], LengthError),
    (ONE, [1, 2, 3], LengthError),
    (ONE, {"p": [1]}, LengthError),
    (ONE, [], LengthError),
    (ONE, 5, FormError),
    (ONE, "x", FormError),
    (ONE, None, FormError),
    (ONE, [[1, 2], [3, 4]], FormError),
    (ONE, ["1", "2"], FormError),
    (ONE, [{"p": 1}, {"q": 1}], FormError),
    (ONE, [{"p": 1}, 1], FormError),
    (ONE, {}, FormError),
    (TWO, [1, 2], FormError),
    (TWO, [[1, "a"], [2]], FormError),
    (TWO, [{"p": 1}, {"p": 2}], FormError),
    (TWO, {"p": [1, 2]}, FormError),
    (TWO, {"p": [1, 2], "label": ["a"]}, LengthError),
    (RECORD, [{"a": 1}, 5], FormError),
]


@pytest.mark.parametrize(("outputs", "predictions", "error"), WRONG, ids=lambda value: str(value)[:60])
def test_what_does_not_fit(outputs: Any, predictions: Any, error: type[Exception]) -> None:
    form = mlflow_form(from_mlflow(INPUTS, outputs), has_params=False)
    with pytest.raises(error):
        form.decode(json.dumps({"predictions": predictions}).encode(), "", 2)


@pytest.mark.parametrize("body", [b"[1, 2]", b'{"prediction": [1, 2]}', b"", b"null"])
def test_an_answer_without_predictions(body: bytes) -> None:
    with pytest.raises(FormError):
        mlflow_form(from_mlflow(INPUTS, ONE), has_params=False).decode(body, "", 2)


def test_settings_of_a_model_that_has_none() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1.0])], ["x"])
    with pytest.raises(UsageError, match="'a'"):
        mlflow_form(from_mlflow(INPUTS, ONE), has_params=False).encode(batch, {"a": 1})
