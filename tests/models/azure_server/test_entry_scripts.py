"""Every form of Azure's decorators, against the real packages: described, called, and compared with what was meant."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from tests.models.azure_server.environment import direct

from headwater.errors import SchemaError
from headwater.models.forms.base import Request
from headwater.models.forms.mlflow import input_data_form
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.schemas.openapi import from_openapi, operations
from headwater.models.schemas.service import ServiceSchema

pytestmark = pytest.mark.xdist_group("azure")

Serve = Callable[[str], AbstractContextManager[str]]
NAN, INF = float("nan"), float("inf")
UNICODE = 'Ünïcode “x” \N{SNOWMAN} 漢字 \\ " \t'
MOMENT = datetime(2026, 1, 31, 8, 30, 0, 123456)
BIG = 2**53 + 1


@dataclass(frozen=True)
class Case:
    """``rows`` by column, ``answer`` by output; ``versions`` of its description that there are."""

    form: str
    rows: dict[str, list[Any]]
    answer: dict[str, list[Any]]
    params: dict[str, Any] = field(default_factory=dict)
    versions: tuple[str, ...] = ("2", "3", "3.1")
    max_rows: int | None = None


def pandas(orient: str, *, named: bool = True, versions: tuple[str, ...] = ("2", "3", "3.1")) -> Case:
    columns: list[list[Any]] = [
        [1.5, None, NAN, -INF],
        [1, -2, BIG, 0],
        [UNICODE, None, "", "x"],
        [True, False] * 2,
        [MOMENT, None] * 2,
    ]
    names = ["distance", "stops", "carrier", "late", "moment"] if named else [f"input_{i}" for i in range(1, 6)]
    stamp = "2026-01-31 08:30:00.123456"
    said = [f"{UNICODE} {stamp} True", "none NaT False", f" {stamp} True", "x NaT False"]
    score, text = ("score", "said") if named else ("prediction_1", "prediction_2")
    form = f"sends {orient}, reads {orient}"
    rows = dict(zip(names, columns, strict=True))
    return Case(form, rows, {score: [4.0, None, None, None], text: said}, versions=versions)


CASES = {
    "numpy_plain": Case(
        "sends one list a row under 'data', reads one value a row",
        {"input_1": [1.0, 0.1, None, -INF], "input_2": [2.0, 0.2, 1.0, 1.0], "input_3": [3.0, 1e300, 1.0, 1.0]},
        {"prediction": [321.0, 0.1 + 2.0 + 1e302, NAN, -INF]},
    ),
    "numpy_table": Case(
        "sends one list a row under 'x', reads one value a row",
        {"input_1": [1, -3, 5], "input_2": [2, 4, 6]},
        {"prediction": [[0.25, 0.5], [-0.75, 1.0], [1.25, 1.5]]},
        params={"threshold": 0.25},
    ),
    "numpy_structured": Case(
        "sends one object a row under 'data', reads one object a row",
        {
            "distance": [1.5, None, INF],
            "stops": [1, 2, 3],
            "carrier": ["UA", "漢字", ""],
            "moment": [MOMENT, None, MOMENT],
            "late": [True, False, True],
            "pair": [[1.0, 2.0], [3.0, 0.5], [0.0, -1.0]],
        },
        {
            "score": [2.5, NAN, INF],
            "said": [
                "UA 2026-01-31T08:30:00.123456 True [1.0, 2.0]",
                "漢字 NaT False [3.0, 0.5]",
                " 2026-01-31T08:30:00.123456 True [0.0, -1.0]",
            ],
        },
    ),
    "numpy_columns": Case(
        "sends one list a column, reads one list a column",
        {"a": [1.5, None, NAN], "b": ["x", "", "漢字"]},
        {"twice": [3.0, NAN, NAN], "said": ["x", "", "漢字"]},
    ),
    "pandas_records": pandas("one object a row"),
    "pandas_split": pandas("pandas' split form", versions=("3", "3.1")),
    "pandas_values": pandas("one list a row", named=False, versions=("3", "3.1")),
    "pandas_columns": pandas("pandas' columns form"),
    "pandas_index": pandas("pandas' index form"),
    "pandas_table": pandas("pandas' table form"),
    "pandas_text": Case(
        "sends one object a row under 'data', reads one value a row",
        {"distance": [1.5, None, 2.0], "carrier": ["x", None, UNICODE]},
        {"prediction": [1.5, None, 2.0]},
    ),
    "bare_nan": Case(
        "sends one value a row under 'data', reads one value a row",
        {"data": [1.0, NAN, INF, -INF, None]},
        {"prediction": [1.0, NAN, INF, -INF, NAN]},
    ),
    "standard": Case(
        "sends one row a call, reads one row a call",
        {
            "distance": [1.5, NAN, 1.0],
            "stops": [1, BIG, -3],
            "carrier": [UNICODE, "", "x"],
            "late": [True, False, True],
            "moment": [MOMENT, datetime(2024, 2, 29), MOMENT],
            "photo": [b"abc", b"", bytes(range(256))],
        },
        {
            "score": [2.5, NAN, -2.0],
            "said": [f"{UNICODE} True b'abc'", " False b''", f"x True {bytes(range(256))!r}"],
            "moment": [MOMENT, datetime(2024, 2, 29), MOMENT],
            "whole": [2, 2 * BIG, -6],
        },
        max_rows=1,
    ),
    "nested": Case(
        "sends one row a call under 'claim', reads one row a call",
        {
            "amount": [1.5, 2.5],
            "person": [{"name": "漢字", "age": 3}, {"name": "", "age": -1}],
            "codes": [[1, 2], []],
            "parts": [[], [{"price": 1.0}, {"price": 2.5}]],
        },
        {"score": [7.5, 5.0], "why": [["漢字", "漢字"], []]},
        max_rows=1,
    ),
    "scalar": Case(
        "sends one row a call, reads one value a call", {"a": [1.5, -2.0]}, {"prediction": [4.5, 1.0]}, max_rows=1
    ),
    "standard_rows": Case(
        "sends one object a row under 'rows', reads one object a row",
        {"x": [1.5, NAN, INF], "name": ["a", "", UNICODE]},
        {"twice": [3.0, NAN, INF], "name": ["a", "", UNICODE]},
    ),
    "composite": Case(
        "sends one object a row under 'Inputs.input1', reads one object a row under 'Results.output1'",
        {"distance": [1.5, None, 2.0], "carrier": ["x", "", "漢字"]},
        {"score": [4.5, NAN, 6.0], "said": ["x plain", " plain", "漢字 plain"]},
        params={"factor": 3.0},
    ),
    "automated": Case(
        "sends one object a row under 'data', reads one value a row under 'result'",
        {"distance": [1.5, 2.0, None], "carrier": ["x", None, UNICODE]},
        {"prediction": [-1.5, -2.0, NAN]},
        params={"method": "predict_proba"},
    ),
    "automated_inputs": Case(
        "sends one object a row under 'Inputs.data', reads one value a row under 'Results'",
        {"distance": [1.5, 2.0, None], "carrier": ["x", None, UNICODE]},
        {"prediction": [1.5, 2.0, NAN]},
    ),
}


@pytest.mark.parametrize("script", CASES)
def test_a_form_described_and_called(serve: Serve, script: str) -> None:
    case = CASES[script]
    with serve(script) as url:
        schemas = [from_openapi(describe(url, version), kind="azureml", model=script) for version in case.versions]
        assert all(schema == schemas[0] for schema in schemas)
        if case.versions[0] != "2":
            assert fetch(f"{url}/swagger.json?version=2")[0] == 404
        schema = ServiceSchema.from_json(json.loads(json.dumps(schemas[0].to_json())))
        answer = score(url, schema, case)
    assert schema.describe().startswith(case.form.partition(",")[0]), schema.describe()
    assert schema.describe().endswith(case.form.partition(",")[2])
    assert schema.service_form().max_rows == case.max_rows
    expected = [pa.array(case.answer[f.name], f.type, from_pandas=False) for f in schema.signature.output_schema]
    assert repr(answer.to_pydict()) == repr(
        {f.name: c.to_pylist() for f, c in zip(answer.schema, expected, strict=True)}
    )


@pytest.mark.parametrize(
    ("script", "code", "hint"),
    [("undecorated", "undecorated", "@input_schema"), ("input_only", "no_outputs", "@output_schema")],
)
def test_what_a_script_lacks_is_said(serve: Serve, script: str, code: str, hint: str) -> None:
    with serve(script) as url:
        document = describe(url, "3")
    with pytest.raises(SchemaError) as caught:
        from_openapi(document, kind="azureml", model="demo.late")
    assert caught.value.code == f"model.schema.{code}"
    assert hint in caught.value.hint and "demo.late" in caught.value.message
    assert [o.reason != "" for o in operations(document, kind="azureml")] == [True]


def score(url: str, schema: ServiceSchema, case: Case) -> pa.RecordBatch:
    form = schema.service_form()
    wire = schema.signature.wire_schema
    # What is sent here is what passes the checks before: null where the signature says so.
    assert [p.name for p in schema.signature.parameters if None in case.rows[p.name] and not p.type.nullable] == []
    batch = pa.RecordBatch.from_arrays(
        [pa.array(case.rows[f.name], f.type, from_pandas=False) for f in wire], schema=wire
    )
    rows = form.max_rows or batch.num_rows
    parts = [batch.slice(start, rows) for start in range(0, batch.num_rows, rows)]
    answers = []
    for part in parts:
        status, body, content_type = post(f"{url}/score", form.encode(part, case.params))
        assert status == 200, body
        answers.append(form.decode(body, content_type, part.num_rows))
    return pa.Table.from_batches(answers).combine_chunks().to_batches()[0]


def post(url: str, request: Request) -> tuple[int, bytes, str]:
    sent = urllib.request.Request(url + request.path, request.content, dict(request.headers), method=request.method)
    return opened(sent)


def opened(request: urllib.request.Request) -> tuple[int, bytes, str]:
    try:
        with direct.open(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers["Content-Type"]


def fetch(url: str) -> tuple[int, bytes, str]:
    return opened(urllib.request.Request(url))


def describe(url: str, version: str) -> dict[str, Any]:
    status, body, _ = fetch(f"{url}/swagger.json?version={version}")
    assert status == 200, body
    document: dict[str, Any] = json.loads(body)
    return document


def test_a_managed_endpoint_of_an_mlflow_model(serve: Serve) -> None:
    inputs: list[dict[str, Any]] = [
        {"type": "double", "name": "x", "required": False},
        {"type": "string", "name": "carrier"},
    ]
    outputs = [{"type": "double", "name": "twice"}, {"type": "string", "name": "said"}]
    signature = from_mlflow(inputs, outputs)
    form = input_data_form(signature)
    batch = pa.RecordBatch.from_arrays(
        [pa.array([1.5, None, NAN, INF]), pa.array(["x", UNICODE, "", "y"])], schema=signature.wire_schema
    )
    with serve("mlflow_input") as url:
        for params, times in (({}, 1), ({"times": 3}, 3)):
            status, body, content_type = post(f"{url}/score", form.encode(batch, params))
            assert status == 200, body
            answer = form.decode(body, content_type, 4)
            expected = {"twice": [3.0 * times, NAN, NAN, INF], "said": ["x", UNICODE, "", "y"]}
            assert repr(answer.to_pydict()) == repr(expected)
