"""What descriptions by OpenAPI become: each file of ``cases/openapi`` is a document and what is expected of it.

A case has a ``document``, a ``kind``, and perhaps an ``operation``; then either ``refused`` (a code, and words of the
message) or ``signature`` and ``form``, and an exchange: ``rows`` and ``settings``, the ``request`` they make, an
``answer``, and the ``scores`` it is read as.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

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
