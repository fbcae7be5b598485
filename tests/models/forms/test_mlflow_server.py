"""The forms of MLflow against MLflow's own scoring server."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from tests.models.forms.conftest import Served

from headwater.models.forms.base import FormError, LengthError
from headwater.models.forms.mlflow import mlflow_form
from headwater.models.signature import Signature

pytestmark = pytest.mark.xdist_group("mlflow-scoring")

NAN, INF = float("nan"), float("inf")
MOMENT = datetime(2026, 1, 31, 8, 30, 0, 123456)
ROWS: dict[str, list[Any]] = {
    "boolean": [True, False, True],
    "integer": [1, -(2**31), 3],
    "long": [2**53 + 1, -(2**63), 2**63 - 1],
    "float": [1.5, None, INF],
    "double": [0.1, None, -INF],
    "string": ["漢字 “x” \\ \n", None, ""],
    "binary": [bytes(range(256)), None, b""],
    "datetime": [MOMENT, None, datetime(1700, 1, 1)],
}


def batch_of(signature: Signature, rows: dict[str, list[Any]]) -> pa.RecordBatch:
    schema = signature.wire_schema
    return pa.RecordBatch.from_arrays([pa.array(rows[f.name], f.type) for f in schema], schema=schema)


@pytest.mark.parametrize("params", [{}, {"times": 2.0, "note": "漢"}], ids=["parquet", "split"])
@pytest.mark.parametrize("rows", [[0, 1, 2], [1], [0]], ids=["all", "nulls alone", "one"])
def test_every_type_there_and_back(served: Served, params: dict[str, Any], rows: list[int]) -> None:
    signature = served.signature("echo")
    form = mlflow_form(signature, has_params=True)
    taken = {name: [column[i] for i in rows] for name, column in ROWS.items()}
    if params:
        # MLflow decodes a binary of its JSON without looking whether there is one.
        taken["binary"] = [value or b"" for value in taken["binary"]]
    batch = batch_of(signature, taken)
    sent = form.encode(batch, params)
    assert sent.headers["Content-Type"] == ("application/json" if params else "application/vnd.apache.parquet")
    answer = served.score("echo", form, batch, **params)
    times, note = params.get("times", 1.0), params.get("note", "none")
    for name, column in taken.items():
        got = answer.column(name).to_pylist()
        expected = [None if value is None else value * times for value in column] if name == "double" else column
        same = [a == b or (missing(a) and missing(b)) for a, b in zip(got, expected, strict=True)]
        assert all(same), (name, got, expected)
    assert answer.column("note").to_pylist() == [note] * len(rows)


def missing(value: Any) -> bool:
    """Null and NaN are one to pandas."""
    return value is None or value != value


def test_parquet_keeps_the_declared_types(served: Served) -> None:
    signature = served.signature("types")
    rows: dict[str, list[Any]] = {"flag": [True], "small": [1], "large": [2**53 + 1], "single": [1.5], "double": [0.1]}
    rows |= {"text": ["x"], "bytes": [b"x"], "moment": [MOMENT]}
    answer = served.score("types", mlflow_form(signature, has_params=False), batch_of(signature, rows))
    (seen,) = answer.column("seen").to_pylist()
    assert str(seen).startswith("flag:b1 small:i4 large:i8 single:f4 double:f8")


def test_a_pipeline_and_its_unnamed_output(served: Served) -> None:
    signature = served.signature("pipeline")
    batch = batch_of(signature, {"carrier": ["AA", "UA", "B6"], "distance": [100, 1000, 1500]})
    answer = served.score("pipeline", mlflow_form(signature, has_params=False), batch)
    assert answer.schema.names == ["prediction"]
    assert answer.column(0).to_pylist() == pytest.approx([1.0, 15.0, 15.0])


def test_tensors_named_and_unnamed(served: Served) -> None:
    unnamed = served.signature("tensor")
    batch = batch_of(unnamed, {"input": [[1.0, 2.0, NAN], [4.0, 5.0, INF], [1e300, 0.0, 1.0]]})
    answer = served.score("tensor", mlflow_form(unnamed, has_params=False), batch)
    assert repr(answer.column(0).to_pylist()) == repr([NAN, INF, 1e300])
    named = served.signature("tensors")
    rows: dict[str, list[Any]] = {"one": [2**53 + 1, 2], "many": [[0.0, 0.0, 0.0], [1.5, 2.5, 3.0]]}
    answer = served.score("tensors", mlflow_form(named, has_params=False), batch_of(named, rows))
    assert answer.to_pydict() == {"total": [float(2**53), 9.0], "pair": [[0.0, 0.0], [1.5, 2.5]]}


def test_a_tensor_of_one_value_a_row_needs_the_declaration(served: Served) -> None:
    signature = served.signature("table")
    inputs = served.declared("table").inputs
    batch = batch_of(signature, {"input": [1.0, NAN, 3.0]})
    answer = served.score("table", mlflow_form(signature, has_params=False, inputs=inputs), batch)
    assert repr(answer.column("prediction").to_pylist()) == repr([[1.0, 2.0], [NAN, NAN], [3.0, 6.0]])


def test_arrays_and_objects(served: Served) -> None:
    signature = served.signature("lists")
    points = [{"name": "a", "size": 1.5}, {"name": "漢", "size": None}]
    rows: dict[str, list[Any]] = {"numbers": [[1, 2], [3]], "point": points}
    answer = served.score("lists", mlflow_form(signature, has_params=False), batch_of(signature, rows))
    assert answer.to_pydict() == {"total": [3, 3], "said": ["a 1.5", "漢 None"], "point": points}


def test_maps_and_lists_of_lists(served: Served) -> None:
    signature = served.signature("maps")
    weights = [[{"key": "x", "value": 0.5}], [{"key": "y", "value": 1.0}, {"key": "漢", "value": 2.0}]]
    grid = [[[1.5], [2.5, 0.1]], [[0.0]]]
    rows: dict[str, list[Any]] = {"numbers": [[2**53 + 1], [3]], "weights": weights, "grid": grid}
    answer = served.score("maps", mlflow_form(signature, has_params=False), batch_of(signature, rows))
    assert answer.to_pydict() == {"total": [2.0**53, 6.0], "weights": weights, "grid": grid}


def test_params_that_are_the_defaults_leave_parquet_as_it_is(served: Served) -> None:
    form = mlflow_form(served.signature("echo"), has_params=True)
    batch = batch_of(served.signature("echo"), ROWS)
    assert form.encode(batch, {"times": 1.0, "note": "none"}) == form.encode(batch, {})


@pytest.mark.parametrize("shape", ["frame", "reordered", "dict", "records", "objects"])
def test_every_shape_of_answer(served: Served, shape: str) -> None:
    signature = served.signature("forms")
    answer = served.score("forms", mlflow_form(signature, has_params=False), batch_of(signature, {"form": [shape] * 2}))
    assert [value if value == value else None for value in answer.column("a").to_pylist()] == [1.5, None]
    # What pandas holds a missing text as is its own affair: a bare NaN is no text.
    assert answer.column("b").to_pylist() == ["x", None]


@pytest.mark.parametrize("shape", ["missing", "scalar"])
def test_an_answer_of_another_form(served: Served, shape: str) -> None:
    signature = served.signature("forms")
    form = mlflow_form(signature, has_params=False)
    _, body, content_type = served.ask("forms", form.encode(batch_of(signature, {"form": [shape] * 2}), {}))
    with pytest.raises(FormError):
        form.decode(body, content_type, 2)


def test_an_answer_of_another_length(served: Served) -> None:
    signature = served.signature("arithmetic")
    form = mlflow_form(signature, has_params=False)
    batch = batch_of(signature, {"x": [1.0, 2.0], "n": [1, 2], "mode": ["", "short"]})
    _, body, content_type = served.ask("arithmetic", form.encode(batch, {}))
    with pytest.raises(LengthError, match="1 rows for 2"):
        form.decode(body, content_type, 2)


def test_a_failure_is_400_and_may_show_rows(served: Served) -> None:
    signature = served.signature("arithmetic")
    batch = batch_of(signature, {"x": [12345.5], "n": [1], "mode": ["raise"]})
    status, body, _ = served.ask("arithmetic", mlflow_form(signature, has_params=False).encode(batch, {}))
    assert status == 400
    assert "12345.5" in json.dumps(json.loads(body))
