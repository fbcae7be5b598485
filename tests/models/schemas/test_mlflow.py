"""What MLflow's signatures become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from headwater.errors import SchemaError
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.signature import Signature
from headwater.plan.types import to_arrow

TENSOR = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}
ONE_OUTPUT = [{"type": "double", "name": "p"}]

COLUMNS = [
    # MLflow's spec, the plan's Arrow type, the wire type, whether null may be passed when it is optional
    ({"type": "boolean"}, "bool", "bool", False),
    ({"type": "integer"}, "int64", "int32", False),
    ({"type": "long"}, "int64", "int64", False),
    ({"type": "float"}, "double", "float", True),
    ({"type": "double"}, "double", "double", True),
    ({"type": "string"}, "string", "string", True),
    ({"type": "binary"}, "binary", "binary", True),
    ({"type": "datetime"}, "timestamp[us]", "timestamp[ns]", True),
    ({"type": "sparkml-vector"}, "list<item: double>", "list<item: double>", True),
    ({"type": "array", "items": {"type": "float"}}, "list<item: double>", "list<item: float>", True),
    (
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        "list<item: list<item: string>>",
        "list<item: list<item: string>>",
        True,
    ),
    (
        {"type": "object", "properties": {"b": {"type": "integer", "required": True}, "a": {"type": "string"}}},
        "struct<b: int64, a: string>",
        "struct<b: int32, a: string>",
        True,
    ),
    (
        {"type": "map", "values": {"type": "float"}},
        "list<item: struct<key: string, value: double>>",
        "list<item: struct<key: string, value: float>>",
        True,
    ),
    (TENSOR, "list<item: double>", "list<item: float>", True),
    ({"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1]}}, "int64", "uint8", False),
    (
        {"type": "tensor", "tensor-spec": {"dtype": "<U5", "shape": [-1, 2, 2]}},
        None,
        "list<item: list<item: string>>",
        True,
    ),
]


@pytest.mark.parametrize(("spec", "plan", "wire", "nullable"), COLUMNS, ids=lambda value: str(value)[:60])
def test_every_column_type(spec: dict[str, Any], plan: str | None, wire: str, nullable: bool) -> None:
    optional = from_mlflow([{**spec, "name": "c", "required": False}], ONE_OUTPUT).parameters[0]
    assert (str(to_arrow(optional.type)), str(optional.wire)) == (plan or wire, wire)
    assert optional.type.nullable == nullable
    required = from_mlflow([{**spec, "name": "c"}], ONE_OUTPUT).parameters[0]
    assert required.required and not required.type.nullable


@pytest.mark.parametrize(("spec", "plan"), [(spec, plan or wire) for spec, plan, wire, _ in COLUMNS])
def test_every_output_type(spec: dict[str, Any], plan: str) -> None:
    signature = from_mlflow([{"type": "double", "name": "x"}], [spec])
    assert signature.outputs[0].name == "prediction"
    assert to_arrow(signature.result) == signature.output_schema.field(0).type
    assert str(to_arrow(signature.result)) == plan


def test_several_outputs_are_a_record() -> None:
    outputs = [{"type": "double", "name": "probability"}, {"type": "boolean", "name": "label"}]
    signature = from_mlflow([{"type": "long", "name": "n"}], outputs)
    assert str(to_arrow(signature.result)) == "struct<probability: double, label: bool>"


def test_nameless_columns_are_numbered() -> None:
    signature = from_mlflow([{"type": "double"}, {"type": "long"}], [{"type": "double"}, {"type": "long"}])
    assert [p.name for p in signature.parameters] == ["input_1", "input_2"]
    assert [f.name for f in signature.outputs] == ["prediction_1", "prediction_2"]


def test_tensor_shapes_and_params_are_kept() -> None:
    params = [{"name": "threshold", "type": "double", "default": 0.5, "shape": None}]
    signature = from_mlflow([TENSOR], ONE_OUTPUT, params, descriptions={"input": "Three numbers."})
    assert signature.parameters[0].shape == (3,)
    assert signature.parameters[0].description == "Three numbers."
    assert signature.params[0].default == 0.5
    assert signature.describe()["params"] == {"threshold": 0.5}


@pytest.mark.parametrize(
    ("inputs", "outputs", "code", "says"),
    [
        (None, ONE_OUTPUT, "model.schema.no_inputs", "no inputs"),
        ([], ONE_OUTPUT, "model.schema.no_inputs", "no inputs"),
        (ONE_OUTPUT, None, "model.schema.no_outputs", "no outputs"),
        ([{"type": "any", "name": "x"}], ONE_OUTPUT, "model.schema.type", "'x' has the type 'any'"),
        (
            [{"type": "object", "properties": {"y": {"type": "any"}}, "name": "x"}],
            ONE_OUTPUT,
            "model.schema.type",
            "'x.y'",
        ),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [1, 3]}}],
            ONE_OUTPUT,
            "model.schema.type",
            "-1",
        ),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "complex64", "shape": [-1]}}],
            ONE_OUTPUT,
            "model.schema.type",
            "complex64",
        ),
    ],
)
def test_what_is_missing_is_said(inputs: Any, outputs: Any, code: str, says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        from_mlflow(inputs, outputs, model="demo.m")
    assert caught.value.code == code
    assert says in caught.value.message and "demo.m" in caught.value.message
    assert caught.value.hint.startswith("Log the model")


def test_signatures_that_mlflow_writes(signature_of: Callable[[str], Signature]) -> None:
    pipeline = signature_of("pipeline")
    assert [(p.name, p.type.kind.name) for p in pipeline.parameters] == [("carrier", "TEXT"), ("distance", "INT64")]
    assert pipeline.outputs[0].name == "prediction" and pipeline.result.kind.name == "DOUBLE"
    assert signature_of("tensor").wire_schema == pa.schema([("input", pa.list_(pa.float64()))])
    assert str(signature_of("nested").wire_schema.field("point").type) == "struct<name: string, size: float>"
