"""Signatures with every kind of parameter, rows, and a scorer in this process."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
from tests.models.test_functions import Halving

from headwater.app.functions.results import ResultTable
from headwater.app.functions.rows import Rows
from headwater.app.functions.scoring import scored
from headwater.models.checks import check
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.service import OpenFunction
from headwater.models.signature import Signature

EVERY = from_mlflow(
    [
        {"name": "flag", "type": "boolean"},
        {"name": "small", "type": "integer"},
        {"name": "large", "type": "long"},
        {"name": "single", "type": "float"},
        {"name": "double", "type": "double"},
        {"name": "text", "type": "string"},
        {"name": "bytes", "type": "binary"},
        {"name": "moment", "type": "datetime"},
        {"name": "numbers", "type": "array", "items": {"type": "integer"}},
        {
            "name": "point",
            "type": "object",
            "properties": {"name": {"type": "string"}, "size": {"type": "double", "required": False}},
        },
        {"name": "maybe", "type": "double", "required": False},
    ],
    [{"name": "p", "type": "double"}],
)

GOOD = {
    "flag": True,
    "small": 2**31 - 1,
    "large": -(2**63),
    "single": 0.5,
    "double": 1e300,
    "text": "a\x00é",
    "bytes": base64.b64encode(b"\x00\xff").decode(),
    "moment": "2026-01-31T12:00:00.5",
    "numbers": [1, 2.0],
    "point": {"name": "a"},
}


def errors_of(signature: Signature, batch: pa.RecordBatch) -> list[str | None]:
    """The error of each row, as the function itself sees it."""
    names = [parameter.name for parameter in signature.parameters]
    checked = check(signature, "demo.m", batch, names)
    if checked.errors is None:
        return [None] * batch.num_rows
    return [None if text is None else text.split("\x1f")[1] for text in checked.errors.to_pylist()]


OpenCall: TypeAlias = Callable[..., OpenFunction]
"""Opens a function that runs in this process."""

HALVES = from_mlflow(
    [{"name": "x", "type": "double", "required": False}, {"name": "t", "type": "string"}],
    [{"name": "half", "type": "double"}, {"name": "t", "type": "string"}],
)


class Answering(Halving):
    """Two outputs: half of x, and t."""

    def score(self, batch: pa.RecordBatch, params: Any = None) -> Any:
        done = super().score(batch, params or {})
        pair = pa.StructArray.from_arrays([done.values, batch.column(1)], names=["half", "t"])
        return type(done)(pair, done.errors)


def table_of(opened: OpenFunction, rows: Rows, on_error: str = "error") -> pa.Table:
    table = ResultTable.of(rows.given, opened.function)
    return pa.Table.from_batches([table.batch(part) for part in scored(opened, rows, on_error)], table.schema)


ROWS: list[dict[str, Any]] = [
    {"id": 1, "x": 3.0, "t": "a"},
    {"id": 2, "x": None, "t": "bad"},
    {"id": 3, "x": 5.0, "t": "b"},
]
EXPECTED: list[dict[str, Any]] = [
    {"id": 1, "x": 3.0, "t": "a", "half": 1.5, "t_2": "a", "error": None},
    {"id": 2, "x": None, "t": "bad", "half": None, "t_2": None, "error": "bad"},
    {"id": 3, "x": 5.0, "t": "b", "half": 2.5, "t_2": "b", "error": None},
]
