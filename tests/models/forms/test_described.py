"""What is written in each layout means the same to somebody else who reads it, and the answer comes back whole."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import UsageError
from headwater.models.forms.base import FormError, LengthError
from headwater.models.forms.described import Answered, DescribedForm, JsonForm, ParamPlace, Sent
from headwater.models.forms.layouts import Layout, single_row
from headwater.models.forms.mlflow import input_data_form
from headwater.models.signature import ModelParam, Parameter, Signature
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LOGICAL,
    TEXT,
    DataType,
    Field,
    list_type,
    record_type,
    to_arrow,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
moments = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))
VALUES: list[tuple[DataType, st.SearchStrategy[Any]]] = [
    (INT64, st.integers(-(2**63), 2**63 - 1)),
    (DOUBLE, st.floats()),
    (TEXT, texts),
    (LOGICAL, st.booleans()),
    (DATETIME, moments),
    (DATE, st.dates(date(1700, 1, 1))),
    (BINARY, st.binary(max_size=5)),
    (
        list_type(list_type(INT64)),
        st.lists(st.none() | st.lists(st.none() | st.integers(-9, 9), max_size=2), max_size=2),
    ),
    (
        record_type({"a": DATETIME, "b": list_type(BINARY)}),
        st.fixed_dictionaries({"a": st.none() | moments, "b": st.none() | st.lists(st.binary(max_size=2), max_size=2)}),
    ),
]
TABLES: list[Layout] = [layout for layout in get_args(Layout) if layout != "classic"]


@st.composite
def batches(
    draw: st.DrawFn, *, rows: int | None = None, width: int | None = None
) -> tuple[list[DataType], pa.RecordBatch]:
    chosen = draw(st.lists(st.sampled_from(VALUES), min_size=width or 1, max_size=width or 4))
    count = draw(st.integers(1, 4)) if rows is None else rows
    columns = [draw(st.lists(st.none() | values, min_size=count, max_size=count)) for _, values in chosen]
    arrays = [pa.array(column, to_arrow(kind)) for column, (kind, _) in zip(columns, chosen, strict=True)]
    return [kind for kind, _ in chosen], pa.RecordBatch.from_arrays(arrays, [f"c{i}" for i in range(len(chosen))])


def signature_of(kinds: list[DataType], params: tuple[ModelParam, ...] = ()) -> Signature:
    taken = tuple(Parameter(f"c{i}", kind, to_arrow(kind)) for i, kind in enumerate(kinds))
    return Signature(taken, tuple(Field(f"c{i}", kind) for i, kind in enumerate(kinds)), params)


def read_elsewhere(layout: str, found: Any, width: int) -> list[list[Any]]:
    """The rows as somebody reads them who knows nothing of how they were written."""
    names = [f"c{i}" for i in range(width)]
    match layout:
        case "records":
            return [[row[name] for name in names] for row in found]
        case "values":
            return list(found)
        case "items":
            return [[value] for value in found]
        case "lists":
            return [list(row) for row in zip(*(found[name] for name in names), strict=True)]
        case "split":
            assert found["columns"] == names and found["index"] == list(range(len(found["data"])))
            return list(found["data"])
        case "columns":
            return [[found[name][label] for name in names] for label in sorted(found[names[0]], key=int)]
        case "index":
            return [[found[label][name] for name in names] for label in sorted(found, key=int)]
        case "table":
            assert [row["index"] for row in found["data"]] == list(range(len(found["data"])))
            return [[row[name] for name in names] for row in found["data"]]
        case "row":
            return [[found[name] for name in names]]
        case _:
            return [[found]]


def write_elsewhere(layout: str, rows: list[list[Any]]) -> Any:
    """The rows as a service may answer them: labelled ones in any order."""
    names = [f"c{i}" for i in range(len(rows[0]))]
    order = list(reversed(range(len(rows))))
    match layout:
        case "records":
            return [dict(zip(names, row, strict=True)) for row in rows]
        case "values":
            return rows
        case "items":
            return [row[0] for row in rows]
        case "lists":
            return {name: [row[i] for row in rows] for i, name in enumerate(names)}
        case "split":
            data = [list(reversed(rows[i])) for i in order]
            return {"columns": list(reversed(names)), "index": order, "data": data}
        case "columns":
            return {name: {str(k): rows[k][i] for k in order} for i, name in enumerate(names)}
        case "index":
            return {str(k): dict(zip(names, rows[k], strict=True)) for k in order}
        case "table":
            return {"schema": {}, "data": [{"index": k, **dict(zip(names, rows[k], strict=True))} for k in order]}
        case "row":
            return dict(zip(names, rows[0], strict=True))
        case _:
            return rows[0][0]


@pytest.mark.parametrize("layout", TABLES)
@settings(deadline=None)
@given(data=st.data())
def test_every_layout_keeps_every_value(layout: Layout, data: st.DataObject) -> None:
    narrow = 1 if layout in {"items", "value"} else None
    kinds, batch = data.draw(batches(rows=1 if single_row(layout) else None, width=narrow))
    form = JsonForm(
        Sent(("in", "rows"), layout, {"in": {"n": 1}, "k": "v"}, non_finite=True), Answered(("out",), layout)
    )
    service = DescribedForm(form, signature_of(kinds))
    body = json.loads(service.encode(batch, {}).content)
    assert body["k"] == "v" and body["in"]["n"] == 1
    rows = read_elsewhere(layout, body["in"]["rows"], batch.num_columns)
    assert [len(row) for row in rows] == [batch.num_columns] * batch.num_rows
    answer = json.dumps({"out": write_elsewhere(layout, rows)}).encode()
    assert same(service.decode(answer, "application/json", batch.num_rows), batch)
    assert service.max_rows == (1 if single_row(layout) else None)


def same(one: pa.RecordBatch, other: pa.RecordBatch) -> bool:
    """Equal, with NaN as itself and null as itself."""
    return repr(one.to_pydict()) == repr(other.to_pydict()) and one.schema.types == other.schema.types


@pytest.mark.parametrize("layout", [layout for layout in TABLES if not single_row(layout)])
@pytest.mark.parametrize("difference", [-1, 1])
def test_another_number_of_rows(layout: Layout, difference: int) -> None:
    form = JsonForm(Sent((), layout), Answered((), layout))
    answer = json.dumps(write_elsewhere(layout, [[1], [2], [3]])).encode()
    with pytest.raises(LengthError):
        DescribedForm(form, signature_of([INT64])).decode(answer, "", 3 + difference)


WRONG: dict[Layout, list[Any]] = {
    "records": [{}, [1, 2], [{"c1": 1}, {"c0": 1}], [{"c0": 1}, None], None, "x"],
    "values": [{}, [1, 2], [[1], [1, 2]], [[], []], [[1], None]],
    "items": [{}, 5, ["x", "y"], [[1], [2]], [1.5, 2], [True, 1], [{}, {}]],
    "lists": [[], {"c1": [1, 2]}, {"c0": 1}],
    "split": [[], {}, {"columns": ["c1"], "data": [[1], [2]]}, {"data": [1, 2]}],
    "columns": [[], {"c0": [1, 2]}, {"c0": {"0": 1, "2": 2}}, {"c0": {"a": 1, "b": 2}}],
    "index": [[], {"0": {"c0": 1}, "2": {"c0": 1}}, {"0": 1, "1": 2}],
    "table": [[], {"data": 3}, {"data": [{"c1": 1}, {"c1": 2}]}],
    "classic": [[], {"Values": [["1"], ["2"]]}, {"ColumnNames": ["c0"], "Values": [["1"], ["1.5"]]}],
}


@pytest.mark.parametrize(("layout", "wrong"), [(layout, wrong) for layout in WRONG for wrong in WRONG[layout]], ids=str)
def test_another_form(layout: Layout, wrong: Any) -> None:
    service = DescribedForm(JsonForm(Sent((), layout), Answered((), layout)), signature_of([INT64]))
    with pytest.raises(FormError):
        service.decode(json.dumps(wrong).encode(), "application/json", 2)


KEYS = ["c0", "c1", "0", "1", "columns", "index", "data", "value", "Values", "ColumnNames", "predictions"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=2) | st.sampled_from(KEYS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("layout", get_args(Layout))
@settings(deadline=None)
@given(data=st.data())
def test_whatever_comes_is_read_or_refused(layout: Layout, data: st.DataObject) -> None:
    most = 1 if layout in {"items", "value"} else 2
    kinds = data.draw(st.lists(st.sampled_from([kind for kind, _ in VALUES]), min_size=1, max_size=most))
    signature = signature_of(kinds)
    body = json.dumps(data.draw(anything)).encode()
    form = JsonForm(Sent((), layout), Answered((), layout, text=data.draw(st.booleans())))
    for service in (DescribedForm(form, signature), input_data_form(signature)):
        try:
            answer = service.decode(body, "application/json", 2)
        except (FormError, LengthError) as error:
            assert error.__cause__ is None
        else:
            assert answer.num_rows == 2 and answer.schema == signature.output_schema


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1,", b"\xff", b"[" * 100_000, b'{"out": 1}', b"[1]", b"null", b'"x"']
)
def test_what_is_no_answer(body: bytes) -> None:
    form = JsonForm(Sent((), "items"), Answered(("out", "rows"), "items", text=True))
    with pytest.raises(FormError):
        DescribedForm(form, signature_of([INT64])).decode(body, "", 1)


@pytest.mark.parametrize(
    "kind", [INT64, DOUBLE, LOGICAL, DATE, DATETIME, BINARY, list_type(INT64), record_type({"a": INT64})]
)
def test_no_message_holds_a_value(kind: DataType) -> None:
    service = DescribedForm(JsonForm(Sent((), "items"), Answered((), "items")), signature_of([kind]))
    for secret in ("canary-7781", ["canary-7781"], {"a": "canary-7781"}):
        with pytest.raises(FormError) as caught:
            service.decode(json.dumps([secret]).encode(), "", 1)
        assert "canary" not in str(caught.value) and "'c0'" in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("body", ['{"result": [1, 2]}', '"{\\"result\\": [1, 2]}"', '{"result": "[1, 2]"}'])
def test_json_within_json(body: str) -> None:
    form = JsonForm(Sent((), "items"), Answered(("result",), "items", text=True))
    answer = DescribedForm(form, signature_of([INT64])).decode(body.encode(), "", 2)
    assert answer.column(0).to_pylist() == [1, 2]


def test_settings_go_to_their_places_and_leave_the_template_alone() -> None:
    template = {"GlobalParameters": {"a": 1, "b": 2}}
    places = (ParamPlace("a", ("GlobalParameters", "a")), ParamPlace("c", ("x", "c")))
    form = JsonForm(Sent(("Inputs",), "items", template, places), Answered((), "items"))
    service = DescribedForm(form, signature_of([INT64]))
    batch = pa.RecordBatch.from_arrays([pa.array([7])], ["c0"])
    body = json.loads(service.encode(batch, {"a": 10, "c": [True]}).content)
    assert body == {"GlobalParameters": {"a": 10, "b": 2}, "Inputs": [7], "x": {"c": [True]}}
    with pytest.raises(UsageError, match="'d'"):
        service.encode(batch, {"a": 1, "d": 2})
    assert json.loads(service.encode(batch, {}).content) == {"GlobalParameters": {"a": 1, "b": 2}, "Inputs": [7]}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not(number: float) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1.0, number])], ["c0"])
    strict = DescribedForm(JsonForm(Sent((), "items"), Answered((), "items")), signature_of([DOUBLE]))
    with pytest.raises(FormError):
        strict.encode(batch, {})
    python = DescribedForm(JsonForm(Sent((), "items", non_finite=True), Answered((), "items")), signature_of([DOUBLE]))
    assert repr(json.loads(python.encode(batch, {}).content)) == repr([1.0, number])


def test_numbers_of_an_answer() -> None:
    whole_or_not = DescribedForm(JsonForm(Sent((), "items"), Answered((), "items")), signature_of([DOUBLE]))
    whole = whole_or_not.decode(b"[9007199254740993, 0.5, null, NaN]", "", 4)
    assert repr(whole.column(0).to_pylist()) == repr([2.0**53, 0.5, None, math.nan])
    integers = DescribedForm(JsonForm(Sent((), "items"), Answered((), "items")), signature_of([INT64]))
    assert integers.decode(b"[9007199254740993, null, NaN]", "", 3).column(0).to_pylist() == [2**53 + 1, None, None]
    for body in (b"[true]", b"[1, true]", b'["1"]', b"[[1]]", b"[1e400, true]"):
        for service in (integers, whole_or_not):
            with pytest.raises(FormError):
                service.decode(body, "", body.count(b",") + 1)
    assert integers.decode(b"[1.0, 2, null]", "", 3).column(0).to_pylist() == [1, 2, None]
