"""Signatures from pasted JSON, and the types of JSON values."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import SchemaError
from headwater.models.schemas.inferred import typed_values
from headwater.models.schemas.samples import signature_from_sample
from headwater.models.schemas.typed import signature_to_text


def line(sent: Any, answered: Any, **stated: str) -> str:
    """The signature as a line."""
    return signature_to_text(signature_from_sample(json.dumps(sent), json.dumps(answered), stated))


TYPES: list[tuple[list[Any], str, bool]] = [
    ([1, 2], "int64", False),
    ([1, 2.5], "double", False),
    ([2.5, 1], "double", False),
    ([1.0], "double", False),
    ([float("nan")], "double", False),
    ([True], "bool", False),
    (["2024-01-01"], "string", False),
    ([1, None], "int64", True),
    ([None, None, "a"], "string", True),
    ([[1], [2.5, None], []], "list<item: double>", False),
    ([[], [["a"]]], "list<item: list<item: string>>", False),
    ([{"a": 1}, {"a": 2.5, "b": "x"}], "struct<a: double, b: string>", False),
    ([{"a": None}, {"a": [1]}, None], "struct<a: list<item: int64>>", True),
    ([-(2**63), 2**63 - 1], "int64", False),
]


@pytest.mark.parametrize(("values", "wire", "nullable"), TYPES, ids=[str(values) for values, *_ in TYPES])
def test_values_of_a_column_have_one_type(values: list[Any], wire: str, nullable: bool) -> None:
    typed = typed_values(values, "x")
    assert (str(typed.wire), typed.plan.nullable) == (wire, nullable)


UNTYPED: list[tuple[list[Any], str, str]] = [
    ([1, "a"], "model.schema.mixed", "'x' holds int64 in one place and text in another."),
    ([1, True], "model.schema.mixed", "'x' holds int64 in one place and logical in another."),
    ([[1], 1], "model.schema.mixed", "'x' holds list in one place and int64 in another."),
    ([{"a": {"b": 1}}, {"a": {"b": "q"}}], "model.schema.mixed", "'x.a.b' holds int64"),
    ([[1, "a"]], "model.schema.mixed", "'x' holds int64"),
    ([None], "model.schema.untold", "'x' has no value"),
    ([[]], "model.schema.untold", "'x' has no value"),
    ([{"a": None}], "model.schema.untold", "'x.a' has no value"),
    ([{}], "model.schema.untold", "'x' is an object without members"),
    ([2**63], "model.schema.type", "'x' holds a whole number beyond 64 bits."),
]


@pytest.mark.parametrize(("values", "code", "message"), UNTYPED, ids=[str(values) for values, *_ in UNTYPED])
def test_what_has_no_one_type_is_named(values: list[Any], code: str, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        typed_values(values, "x")
    assert caught.value.code == code and caught.value.message.startswith(message)


def test_deep_nesting_is_refused() -> None:
    value: Any = 1
    for _ in range(500):
        value = [value]
    with pytest.raises(SchemaError):
        typed_values([value], "x")


#: As large as double precision tells whole numbers apart, since among other numbers that is what they become.
WHOLE = st.integers(-(2**53), 2**53)

JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.lists(JSON, min_size=1, max_size=4))
def test_the_type_holds_every_value_it_was_told_by(values: list[Any]) -> None:
    """Arrow, asked to hold the values in that type, can; and the order of the values decides nothing."""
    try:
        typed = typed_values(values, "x")
    except SchemaError:
        with pytest.raises(SchemaError):
            typed_values(values[::-1], "x")
        return
    column = pa.array(values, typed.wire)
    assert len(column) == len(values)
    assert typed.plan.nullable == (None in values)
    again = typed_values(values[::-1], "x")
    assert again.plan.kind is typed.plan.kind and again.plan.nullable == typed.plan.nullable


FORMS: list[tuple[Any, Any, str]] = [
    ({"x": 1, "s": "a"}, 0.5, "(x as Int64.Type, s as text) => Double.Type"),
    ({"x": 1}, [0.5], "(x as Int64.Type) => Double.Type"),
    ({"x": 1}, [0.5, 0.25], "(x as Int64.Type) => {Double.Type}"),
    ({"x": 1}, {"p": 0.5, "l": "a"}, "(x as Int64.Type) => [p = Double.Type, l = text]"),
    ({"x": [1, 2]}, 0.5, "(x as {Int64.Type}) => Double.Type"),
    ([{"x": 1}, {"x": 2.5}], [0, 1], "(x as Double.Type) => Int64.Type"),
    ([{"x": 1}, {"y": "a"}], [0, 1], "(optional x as nullable Int64.Type, optional y as nullable text) => Int64.Type"),
    ([{"x": 1}, {"x": None}], [0, None], "(x as nullable Int64.Type) => Int64.Type"),
    ([{"x": 1}], [{"p": 1.5, "q": [1]}], "(x as Int64.Type) => [p = Double.Type, q = {Int64.Type}]"),
    ([{"x": 1}] * 2, {"p": [1, 2], "q": [[1], [2]]}, "(x as Int64.Type) => [p = Int64.Type, q = {Int64.Type}]"),
    ({"columns": ["a", "b"], "data": [[1, "x"]]}, [1], "(a as Int64.Type, b as text) => Int64.Type"),
    (
        {"dataframe_split": {"columns": ["a"], "index": [0], "data": [[True]]}, "params": {"k": 3, "w": [0.5]}},
        {"predictions": [1]},
        "(a as logical, optional options as [params = [k = Int64.Type, w = {Double.Type}]]) => Int64.Type",
    ),
    ({"dataframe_records": [{"a": 1}]}, {"predictions": [1]}, "(a as Int64.Type) => Int64.Type"),
    ({"input_data": {"columns": ["a"], "data": [[1.5]]}}, [1], "(a as Double.Type) => Int64.Type"),
    ({"data": [{"a": 1}]}, ["x"], "(a as Int64.Type) => text"),
    ({"data": [[1, 2]], "method": "predict"}, ["x"], "(input as {Int64.Type}) => text"),
    ({"data": ["a", "b"]}, "x", "(data as {text}) => text"),
    ({"inputs": {"a": [[1], [2]], "b": [1.5, 2]}}, [0, 1], "(a as {Int64.Type}, b as Double.Type) => Int64.Type"),
    ({"inputs": {"a": 1, "b": [1]}}, [0], "(a as Int64.Type, b as {Int64.Type}) => Int64.Type"),
    ({"instances": [[1, 2.5], [3, 4]]}, {"predictions": [[0.5], [1]]}, "(input as {Double.Type}) => {Double.Type}"),
    ([[[1], [2]], [[3], [4]]], [0, 1], "(input as {{Int64.Type}}) => Int64.Type"),
    ([1, 2], [0, 1], "(input as Int64.Type) => Int64.Type"),
]


@pytest.mark.parametrize(("sent", "answered", "expected"), FORMS, ids=[json.dumps(form[0])[:60] for form in FORMS])
def test_each_form_of_a_sample_is_read(sent: Any, answered: Any, expected: str) -> None:
    assert line(sent, answered) == expected


def test_tensors_keep_the_lengths_that_all_rows_share() -> None:
    square = signature_from_sample("[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]]", "[0, 1]")
    ragged = signature_from_sample("[[1, 2, 3], [4, 5]]", "[0, 1]")
    named = signature_from_sample('{"x": [1, 2, 3]}', "1")
    assert [s.parameters[0].shape for s in (square, ragged, named)] == [(2, 3), (-1,), ()]


def test_a_stated_type_wins() -> None:
    text = line([{"when": "2024-01-01", "n": None}], [{"at": "2024-01-01"}], when="date", n="nullable Int32.Type")
    assert text == "(when as date, n as nullable Int32.Type) => [at = text]"
    assert line([{"n": 1}], [{"at": "2024-01-01"}], at="datetime") == "(n as Int64.Type) => [at = datetime]"
    with pytest.raises(SchemaError, match="'wen', which is not in the sample"):
        line([{"when": "2024-01-01"}], [1], wen="date")
    with pytest.raises(SchemaError, match="no type"):
        line([{"when": "2024-01-01"}], [1], when="daytime")


UNUSABLE: list[tuple[str, str, str]] = [
    ("[1", "[1]", "what was sent is no JSON"),
    ('[{"x": 1}]', "nope", "the answer is no JSON"),
    ("[" * 100_000, "[1]", "what was sent is no JSON"),
    ("[]", "[]", "no row that was sent"),
    ("{}", "1", "no row that was sent"),
    ("[{}]", "[1]", "no row that was sent"),
    ("3", "3", "no row that was sent"),
    ('[{"x": 1}, {"x": 2}]', "[1]", "The answer to 2 rows is 1 values."),
    ('[{"x": 1}]', "7", "The answer to 1 rows is something that is no list."),
    ('[{"x": 1}, 3]', "[1, 2]", "'input' holds record in one place and int64 in another."),
    ('[{"x": 1}, {"x": 2}]', '[{"p": 1}, 3]', "'prediction' holds record in one place"),
    ('{"columns": ["a", "b"], "data": [[1]]}', "[1]", "one cell for each column"),
    ('{"columns": ["a", "a"], "data": [[1, 2]]}', "[1]", "one cell for each column"),
    ('{"inputs": [[1]], "params": {"k": {"a": 1}}}', "[1]", "The setting 'k'"),
]


@pytest.mark.parametrize(("sent", "answered", "message"), UNUSABLE, ids=[f"{s[:30]} {a[:20]}" for s, a, _ in UNUSABLE])
def test_what_is_no_sample_is_refused(sent: str, answered: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        signature_from_sample(sent, answered)


def test_no_value_of_the_sample_is_in_a_message() -> None:
    for sent, answered in (('[{"x": "secret-a"}, {"x": 71234}]', "[1, 2]"), ('"secret-a 71234', "[1]")):
        with pytest.raises(SchemaError) as caught:
            signature_from_sample(sent, answered)
        assert not any(word in str(caught.value.to_dict()) for word in ("secret-a", "71234"))
