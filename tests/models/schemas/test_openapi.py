"""What descriptions by OpenAPI become: each file of ``cases/openapi`` is a document and what is expected of it.

A case has a ``document``, a ``kind``, and perhaps an ``operation``; then either ``refused`` (a code, and words of the
message) or ``signature`` and ``form``, and an exchange: ``rows`` and ``settings``, the ``request`` they make, an
``answer``, and the ``scores`` it is read as.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import SchemaError
from headwater.models.schemas.openapi import from_openapi, operations
from headwater.models.schemas.service import ServiceSchema
from headwater.models.signature import Signature
from headwater.plan.types import to_arrow

FOLDER = Path(__file__).parent / "cases" / "openapi"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
CALLABLE = {name: case for name, case in CASES.items() if "refused" not in case}


def read(case: dict[str, Any]) -> ServiceSchema:
    path, method = case.get("operation", ["", ""])
    return from_openapi(case["document"], kind=case["kind"], operation=(path, method), model="demo.m")


def lines(signature: Signature) -> list[str]:
    """The signature as people would write it down, a line a value."""
    taken = [
        f"{p.name}: {p.wire}{'?' if p.type.nullable else ''}{f' {list(p.shape)}' if p.shape else ''}"
        f"{f' ({p.description})' if p.description else ''}"
        for p in signature.parameters
    ]
    settings = [f"[{p.name}: {p.type}{' list' if p.is_list else ''} = {p.default!r}]" for p in signature.params]
    return [*taken, *settings, *(f"-> {f.name}: {to_arrow(f.type)}" for f in signature.outputs)]


@pytest.mark.parametrize("name", CALLABLE)
def test_signature_and_form(name: str) -> None:
    case = CALLABLE[name]
    schema = read(case)
    assert lines(schema.signature) == case["signature"]
    assert schema.describe() == case["form"]
    assert ServiceSchema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize("name", CALLABLE)
def test_an_exchange(name: str) -> None:
    case = CALLABLE[name]
    schema = read(case)
    form, wire = schema.service_form(), schema.signature.wire_schema
    columns = [pa.array(column).cast(f.type) for column, f in zip(zip(*case["rows"], strict=True), wire, strict=True)]
    batch = pa.RecordBatch.from_arrays(columns, schema=wire)
    request = form.encode(batch, case.get("settings", {}))
    assert json.loads(request.content) == case["request"]
    assert (request.method, request.path) == (case.get("method", "POST"), case.get("path", ""))
    assert form.max_rows == (1 if len(case["rows"]) == 1 else None)
    answer = form.decode(json.dumps(case["answer"]).encode(), "application/json", len(case["rows"]))
    assert answer.schema == schema.signature.output_schema
    expected = [pa.array(c).cast(f.type) for c, f in zip(zip(*case["scores"], strict=True), answer.schema, strict=True)]
    assert answer.to_pydict() == {f.name: c.to_pylist() for f, c in zip(answer.schema, expected, strict=True)}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "refused" in case])
def test_what_is_refused(name: str) -> None:
    case = CASES[name]
    code, words = case["refused"]
    with pytest.raises(SchemaError) as caught:
        read(case)
    assert caught.value.code == f"model.schema.{code}"
    assert words in caught.value.message and "demo.m" in caught.value.message
    assert caught.value.place == "demo.m" and caught.value.hint


@pytest.mark.parametrize("name", CASES)
def test_operations_are_listed_with_reasons(name: str) -> None:
    case = CASES[name]
    if code := case.get("listed_refused"):
        with pytest.raises(SchemaError, match=code):
            operations(case["document"], kind=case["kind"])
        return
    found = operations(case["document"], kind=case["kind"])
    if "operations" in case:
        assert [[o.method, o.path, o.id, o.summary, bool(o.reason)] for o in found] == case["operations"]
    if name in CALLABLE:
        path, method = case.get("operation", [found[0].path, found[0].method])
        assert [o.reason for o in found if (o.path, o.method) == (path, method)] == [""]


def test_a_document_that_is_none() -> None:
    documents: list[dict[str, Any]] = [{}, {"paths": []}, {"paths": {"/x": None}}, {"paths": {"/x": {"post": None}}}]
    for document in documents:
        assert operations(document) == []
        with pytest.raises(SchemaError) as caught:
            from_openapi(document, kind="openapi")
        assert caught.value.code == "model.schema.no_operation"


@pytest.mark.parametrize("form", ["properties", "allOf", "anyOf"])
def test_references_that_stand_for_endlessly_many_are_refused(form: str) -> None:
    def twice(reference: dict[str, str]) -> dict[str, Any]:
        if form == "properties":
            return {"type": "object", "properties": {"a": reference, "b": reference}}
        return {form: [reference, reference]}

    doubling = {f"L{i}": twice({"$ref": f"#/definitions/L{i + 1}"}) for i in range(40)}
    document = {
        "swagger": "2.0",
        "definitions": {**doubling, "L40": {"type": "number"}},
        "paths": {"/score": {"post": {"parameters": [{"in": "body", "schema": {"$ref": "#/definitions/L0"}}]}}},
    }
    with pytest.raises(SchemaError) as caught:
        from_openapi(document, kind="openapi")
    assert caught.value.code == "model.schema.size"
    assert [o.reason != "" for o in operations(document)] == [True]


JUNK: list[Any] = [
    None,
    7,
    -1.5,
    float("nan"),
    True,
    "",
    "x",
    "object",
    "array",
    "#",
    "#/",
    "#/paths",
    [],
    {},
    [None],
    [[]],
    {"a": {}},
]
JUNK += [
    {"$ref": "#/definitions/ServiceInput"},
    {"$ref": 5},
    {"type": "object"},
    {"type": ["array", 5]},
    {"enum": [[]]},
]


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_damaged_document_is_refused_and_nothing_else(data: st.DataObject) -> None:
    case = json.loads(json.dumps(CASES[data.draw(st.sampled_from(sorted(CASES)))]))
    for _ in range(data.draw(st.integers(1, 3))):
        damage(case["document"], data)
    try:
        schema = read(case)
    except SchemaError as error:
        assert error.code.startswith("model.schema.") and error.hint
    else:
        stored = json.loads(json.dumps(schema.to_json(), allow_nan=False))
        assert ServiceSchema.from_json(stored) == schema
    try:
        operations(case["document"], kind=case["kind"])
    except SchemaError as error:
        assert error.hint


ODD_SCHEMAS: list[dict[str, Any]] = [
    {"anyOf": 5},
    {"oneOf": [{}]},
    {"allOf": {}},
    {"allOf": [5]},
    {"required": 5, "allOf": [{"required": ["a"]}]},
    {"properties": [], "allOf": [{"properties": {"a": {}}}]},
    {"type": "object", "properties": 5},
    {"type": "array", "items": [{}]},
    {"type": {}, "format": []},
    {"enum": [[]]},
]


@pytest.mark.parametrize("schema", ODD_SCHEMAS, ids=str)
def test_odd_schemas(schema: dict[str, Any]) -> None:
    odd = {"in": {}, "name": [], "required": True, "schema": 5}
    post = {"parameters": [{"in": "body", "schema": schema}, odd], "responses": {"200": {"schema": schema}}}
    document = {"swagger": "2.0", "paths": {"/score": {"post": post}}}
    with pytest.raises(SchemaError):
        from_openapi(document, kind="openapi")
    assert [o.reason != "" for o in operations(document)] == [True]


def damage(place: Any, data: st.DataObject) -> None:
    """Put junk somewhere into a document, or take something out."""
    while isinstance(place, dict | list) and place:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(place, dict) and data.draw(st.integers(0, 11)) == 0:
            place.update(deepcopy(data.draw(st.sampled_from(ODD_SCHEMAS))))
            return
        if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
            if data.draw(st.booleans()):
                place[key] = deepcopy(data.draw(st.sampled_from(JUNK)))
            else:
                del place[key]
            return
        place = place[key]
