"""Rows that a model cannot take become errors; all others are converted exactly."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import UsageError
from headwater.models.checks import check
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.signature import Signature
from headwater.plan.cells import decode_error, encode_error

OUTPUTS = [{"type": "double", "name": "p"}]
ROW_TENSOR = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}
MATRIX_TENSOR = {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2, -1]}}
NULL, WHOLE, RANGE, SHAPE, FORM = "no null", "whole numbers", "that large", "another length", "cannot hold this value"


def signature(*specs: dict[str, Any]) -> Signature:
    return from_mlflow([{"name": f"p{i}", **spec} for i, spec in enumerate(specs)], OUTPUTS)


CASES: list[tuple[str, dict[str, Any], pa.Array[Any], list[Any]]] = [
    # what is sent (or the complaint, as text in a set) for each value of the argument
    ("required", {"type": "double"}, pa.array([1.0, None, math.nan]), [1.0, {NULL}, math.nan]),
    ("optional", {"type": "double", "required": False}, pa.array([1.0, None]), [1.0, None]),
    ("optional text", {"type": "string", "required": False}, pa.array(["", None]), ["", None]),
    ("null has no integer", {"type": "long", "required": False}, pa.array([1, None]), [1, {NULL}]),
    ("null has no boolean", {"type": "boolean", "required": False}, pa.array([True, None]), [True, {NULL}]),
    ("nothing but null", {"type": "string"}, pa.nulls(1), [{NULL}]),
    (
        "int32",
        {"type": "integer"},
        pa.array([2**31 - 1, 2**31, -(2**31), -(2**31) - 1]),
        [2**31 - 1, {RANGE}, -(2**31), {RANGE}],
    ),
    (
        "fractions",
        {"type": "integer"},
        pa.array([1.0, 1.5, -0.0, math.nan, math.inf]),
        [1, {WHOLE}, 0, {WHOLE}, {RANGE}],
    ),
    ("doubles as integer", {"type": "integer"}, pa.array([2.0**31 - 1, 2.0**31]), [2**31 - 1, {RANGE}]),
    ("doubles as long", {"type": "long"}, pa.array([2.0**63, 2.0**62, -(2.0**63)]), [{RANGE}, 2**62, -(2**63)]),
    ("decimals as long", {"type": "long"}, pa.array([Decimal("7.00"), Decimal("7.50"), None]), [7, {WHOLE}, {NULL}]),
    ("decimals as integer", {"type": "integer"}, pa.array([Decimal("9999999999"), Decimal("5")]), [{RANGE}, 5]),
    ("integers as double", {"type": "double"}, pa.array([1, 2**53 + 1]), [1.0, float(2**53 + 1)]),
    ("decimals as double", {"type": "double"}, pa.array([Decimal("1.25")]), [1.25]),
    ("single precision", {"type": "float"}, pa.array([0.5, 1e39, math.inf]), [0.5, {RANGE}, math.inf]),
    ("dates", {"type": "datetime"}, pa.array([date(2013, 1, 1)]), [datetime(2013, 1, 1)]),
    (
        "moments",
        {"type": "datetime"},
        pa.array([datetime(2013, 1, 1, 5), datetime(1, 1, 1), datetime(2400, 1, 1)]),
        [datetime(2013, 1, 1, 5), {RANGE}, {RANGE}],
    ),
    ("other strings", {"type": "string"}, pa.array(["a"], pa.large_string()), ["a"]),
    ("dictionaries", {"type": "string"}, pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    (
        "tensor rows",
        ROW_TENSOR,
        pa.array([[1.0, 2.0], [1.0], [1.0, None], None]),
        [[1.0, 2.0], {SHAPE}, {SHAPE}, {NULL}],
    ),
    (
        "tensor matrices",
        MATRIX_TENSOR,
        pa.array([[[1.0], [2.0, 3.0]], [[1.0]], [[1.0], [None]], [[1.0], None]]),
        [[[1.0], [2.0, 3.0]], {SHAPE}, {SHAPE}, {SHAPE}],
    ),
    (
        "nested numbers",
        {"type": "array", "items": {"type": "integer"}},
        pa.array([[1], [2**40], []]),
        [[1], {FORM}, []],
    ),
    (
        "unsigned",
        {"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1]}},
        pa.array([255, 256, -1]),
        [255, {RANGE}, {RANGE}],
    ),
]


@pytest.mark.parametrize(("spec", "argument", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_each_check(spec: dict[str, Any], argument: pa.Array[Any], expected: list[Any]) -> None:
    declared = signature(spec)
    checked = check(declared, "demo.m", pa.record_batch({"a": argument}), ["a"])
    assert checked.batch.schema == declared.wire_schema
    errors = checked.errors.to_pylist() if checked.errors is not None else [None] * len(argument)
    for value, error, wanted in zip(checked.batch.column(0).to_pylist(), errors, expected, strict=True):
        if isinstance(wanted, set):
            reason, message, detail = decode_error(error)
            assert (reason, detail) == ("Expression.Error", None)
            assert wanted.pop() in message and "'p0' of demo.m" in message
        else:
            assert error is None
            assert repr(value) == repr(wanted) or value == wanted


def address(column: Any) -> int:
    return int(column.buffers()[2].address)


def test_good_columns_are_passed_as_they_are() -> None:
    column: Any = pa.array(["a", "b"])
    checked = check(signature({"type": "string"}), "demo.m", pa.record_batch({"a": column}), ["a"])
    assert checked.errors is None
    assert address(checked.batch.column(0)) == address(column)


def test_an_argument_that_is_an_error_stays_that_error_and_the_first_one_wins() -> None:
    late, early = encode_error("DataFormat.Error", "late"), encode_error("DataFormat.Error", "early", "x")
    columns: dict[str, Any] = {
        "a": pa.array([1.5, 1.0, 1.0, None]),
        "a__err": pa.array([None, early, None, early]),
        "b": pa.array([None, None, 1.0, None], pa.float64()),
        "b__err": pa.array([late, late, None, None]),
    }
    batch = pa.record_batch(columns)
    checked = check(signature({"type": "integer"}, {"type": "double"}), "demo.m", batch, ["a", "b"])
    assert checked.errors is not None
    errors = checked.errors.to_pylist()
    assert errors[1:] == [early, None, early]
    assert WHOLE in errors[0]


@pytest.mark.parametrize(
    ("spec", "argument"),
    [
        ({"type": "long"}, pa.array(["1"])),
        ({"type": "string"}, pa.array([1])),
        ({"type": "boolean"}, pa.array([1])),
        ({"type": "datetime"}, pa.array([1.0])),
        ({"type": "array", "items": {"type": "long"}}, pa.array([1])),
    ],
)
def test_another_kind_of_column_is_refused(spec: dict[str, Any], argument: pa.Array[Any]) -> None:
    with pytest.raises(UsageError, match="another kind"):
        check(signature(spec), "demo.m", pa.record_batch({"a": argument}), ["a"])


@settings(deadline=None)
@given(st.lists(st.floats() | st.integers(-(2**63), 2**63 - 1).map(float), max_size=10))
def test_a_double_becomes_an_integer_only_where_they_are_equal(numbers: list[float]) -> None:
    checked = check(
        signature({"type": "long"}), "demo.m", pa.record_batch({"a": pa.array(numbers, pa.float64())}), ["a"]
    )
    good = [True] * len(numbers) if checked.errors is None else checked.errors.is_null().to_pylist()
    fits = [math.isfinite(n) and n == math.floor(n) and -(2**63) <= n < 2**63 for n in numbers]
    assert good == fits
    sent = checked.batch.column(0).to_pylist()
    assert [v for v, ok in zip(sent, fits, strict=True) if ok] == [
        int(n) for n, ok in zip(numbers, fits, strict=True) if ok
    ]
