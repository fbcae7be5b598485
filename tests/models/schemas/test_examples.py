"""Signatures from input examples as MLflow writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from headwater.errors import SchemaError
from headwater.models.schemas.examples import (
    ExampleInfo,
    inputs_from_example,
    saved_example,
    signature_from_example,
)
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.schemas.typed import signature_to_text
from headwater.models.signature import ModelParam

TABLE = pd.DataFrame({"n": [1, 2], "x": [1.5, 2.0], "s": ["a", "b"], "ok": [True, False], "l": [[1, 2], [3]]})
FRAMES: dict[str, Any] = {
    "a data frame": TABLE,
    "an array": np.array([[1.5, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "whole numbers": np.array([[1, 2], [3, 4]]),
    "an image": np.ones((2, 3, 4, 1)),
    "named arrays": {"a": np.ones((2, 3)), "b": np.array([1, 2])},
}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Has MLflow write an example; gives the file's content, its description and what is written for serving."""
    from mlflow.models.utils import _Example

    def write(example: Any) -> tuple[bytes, ExampleInfo, bytes]:
        saved = _Example(example)
        saved.save(str(tmp_path))
        info = saved_example(yaml.safe_dump({"saved_input_example_info": saved.info}).encode())
        assert info is not None
        return (tmp_path / info.path).read_bytes(), info, (tmp_path / "serving_input_example.json").read_bytes()

    return write


@pytest.mark.parametrize("example", FRAMES.values(), ids=FRAMES)
def test_inputs_are_those_that_mlflow_infers(example: Any, written: Any) -> None:
    from mlflow.models import infer_signature

    content, info, serving = written(example)
    inferred = infer_signature(example, np.ones(2)).inputs.to_dict()
    parameters, params = inputs_from_example(content, info=info)
    expected = from_mlflow(inferred, [{"type": "double", "name": "p"}])
    assert parameters == expected.parameters
    assert params == ()
    assert inputs_from_example(serving)[0] == expected.parameters


def test_columns_without_names_are_numbered(written: Any) -> None:
    for frame, names in ((pd.DataFrame([[1.5, "a"]]), ["input_1", "input_2"]), (pd.DataFrame([[1], [2]]), ["input"])):
        content, info, serving = written(frame)
        parameters, _ = inputs_from_example(content, info=info)
        assert [p.name for p in parameters] == names and not any(p.shape for p in parameters)
        assert inputs_from_example(serving)[0] == parameters


def test_missing_values_are_null(written: Any) -> None:
    content, info, _ = written(pd.DataFrame({"x": [1.5, None], "s": [None, "a"]}))
    parameters, _ = inputs_from_example(content, info=info)
    assert [(p.name, str(p.wire), p.type.nullable) for p in parameters] == [
        ("x", "double", True),
        ("s", "string", True),
    ]


def test_an_object_is_one_row(written: Any) -> None:
    content, info, _ = written({"question": "why", "options": ["a", "b"]})
    signature = signature_from_example(content, b'{"predictions": ["because"]}', info=info)
    assert signature_to_text(signature) == "(question as text, options as {text}) => text"


def test_an_object_of_lists_is_one_row_where_mlflow_says_it_is(written: Any) -> None:
    """Named arrays look the same in the file, and are columns."""
    content, info, _ = written({"a": [1, 2], "b": [3, 4]})
    arrays, array_info, _ = written({"a": np.array([1, 2]), "b": np.array([3, 4])})
    assert content == arrays
    wires = [[str(p.wire) for p in inputs_from_example(content, info=each)[0]] for each in (info, array_info)]
    assert wires == [["list<item: int64>"] * 2, ["int64"] * 2]


@pytest.mark.parametrize("value", ["why", ["why", "how"]])
def test_a_text_is_one_parameter(value: Any, written: Any) -> None:
    content, info, _ = written(value)
    parameters, _ = inputs_from_example(content, info=info)
    assert [(p.name, str(p.wire)) for p in parameters] == [("input", "string")]


def test_settings_come_with_the_example(written: Any) -> None:
    content, info, serving = written((TABLE, {"threshold": 0.5, "stop": ["a"], "k": 3, "fast": True}))
    assert info.has_params
    expected = (
        ModelParam("threshold", "double", None),
        ModelParam("stop", "string", None, is_list=True),
        ModelParam("k", "long", None),
        ModelParam("fast", "boolean", None),
    )
    parameters, params = inputs_from_example(content, info=info)
    assert (parameters, params) == inputs_from_example(serving)
    assert [p.name for p in parameters] == list(TABLE.columns)
    assert params == expected


def test_a_sparse_matrix_is_as_wide_as_it_says() -> None:
    content = json.dumps({"data": [1.0], "indices": [0], "indptr": [0, 1], "shape": [1, 5]}).encode()
    info = ExampleInfo("input_example.json", "sparse_matrix_csr")
    parameters, _ = inputs_from_example(content, info=info)
    assert parameters[0].shape == (5,) and str(parameters[0].wire) == "list<item: double>"
    for shape in ([1, 10**12], [1], "x", [1, -1]):
        with pytest.raises(SchemaError, match="cannot be read"):
            inputs_from_example(json.dumps({"shape": shape}).encode(), info=info)


def test_outputs_come_from_a_recorded_answer(written: Any) -> None:
    content, info, serving = written(TABLE)
    answer = b'{"predictions": [{"label": "a", "p": 0.5}, {"label": "b", "p": 1}]}'
    signature = signature_from_example(content, answer, info=info, stated={"l": "{Int32.Type}"})
    assert signature_to_text(signature) == (
        "(n as Int64.Type, x as Double.Type, s as text, ok as logical, l as {Int32.Type})"
        " => [label = text, p = Double.Type]"
    )
    assert signature_from_example(serving, answer, stated={"l": "{Int32.Type}"}) == signature


def test_without_an_answer_it_says_what_is_missing(written: Any) -> None:
    content, info, _ = written(TABLE)
    with pytest.raises(SchemaError) as caught:
        signature_from_example(content, info=info, model="demo.delay")
    assert caught.value.code == "model.schema.no_outputs"
    assert "demo.delay" in caught.value.message and "infer_signature" in caught.value.hint
    with pytest.raises(SchemaError, match="The answer to 2 rows is 1 values"):
        signature_from_example(content, b"[1]", info=info)


def test_what_is_no_example_is_refused() -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        inputs_from_example(b"nope")
    with pytest.raises(SchemaError, match="recorded answer"):
        signature_from_example(b'{"x": 1}', b"nope")


WITHOUT = [b"", b"flavors: {}", b"- a", b"a: [", b"saved_input_example_info: 3", b"saved_input_example_info: {type: x}"]


@pytest.mark.parametrize("mlmodel", WITHOUT)
def test_a_model_without_example_has_none(mlmodel: bytes) -> None:
    assert saved_example(mlmodel) is None
