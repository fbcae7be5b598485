"""Signatures and service schemas survive being stored."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import SchemaError
from headwater.models.forms.described import Answered, JsonForm, ParamPlace, Sent
from headwater.models.forms.layouts import LAYOUTS
from headwater.models.schemas.service import ServiceSchema
from headwater.models.schemas.stored import signature_from_json, signature_to_json
from headwater.models.signature import ModelParam, Parameter, Signature
from headwater.plan.types import DataType, Field, Kind

names = st.text(min_size=1, max_size=5)
SIMPLE = [kind for kind in Kind if kind not in {Kind.RECORD, Kind.LIST, Kind.DECIMAL, Kind.DATETIME}]
WIRES = [
    *(pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float32(), pa.float64(), pa.string(), pa.binary(), pa.date32(), pa.decimal128(20, 3)),
    *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
]
simple = st.builds(DataType, st.sampled_from(SIMPLE), st.booleans())
scalars = (
    simple
    | st.builds(lambda p, s: DataType(Kind.DECIMAL, precision=p, scale=s), st.integers(1, 38), st.integers(0, 9))
    | st.builds(lambda unit: DataType(Kind.DATETIME, unit=unit), st.sampled_from(["us", "tick"]))
)
types = st.recursive(
    scalars,
    lambda inner: (
        st.builds(lambda item: DataType(Kind.LIST, item=item), inner)
        | st.builds(
            lambda f, n: DataType(Kind.RECORD, nullable=n, fields=tuple(f)),
            st.lists(st.builds(Field, names, inner), min_size=1, max_size=3),
            st.booleans(),
        )
    ),
    max_leaves=4,
)
wires = st.recursive(
    st.sampled_from(WIRES),
    lambda inner: (
        st.builds(pa.list_, inner)
        | st.builds(
            lambda members: pa.struct([pa.field(name, kind) for name, kind in members.items()]),
            st.dictionaries(names, inner, min_size=1, max_size=3),
        )
    ),
    max_leaves=4,
)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
parameters = st.builds(
    Parameter, names, types, wires, st.booleans(), st.text(max_size=5), st.tuples(st.integers(-1, 9))
)
params = st.builds(ModelParam, names, st.just("double"), plain | st.lists(plain, max_size=2), is_list=st.booleans())
signatures = st.builds(
    lambda p, o, s: Signature(tuple(p), tuple(o), tuple(s)),
    st.lists(parameters, min_size=1, max_size=3),
    st.lists(st.builds(Field, names, types), min_size=1, max_size=3),
    st.lists(params, max_size=2),
)
paths = st.lists(names, max_size=2).map(tuple)
forms = st.builds(
    JsonForm,
    st.builds(
        Sent,
        paths,
        st.sampled_from(sorted(LAYOUTS)),
        st.dictionaries(names, st.integers() | st.dictionaries(names, st.lists(st.integers()), max_size=2), max_size=2),
        st.lists(st.builds(ParamPlace, names, paths), max_size=2).map(tuple),
        paths,
        st.sampled_from(["", "Z"]),
        st.booleans(),
        st.text(max_size=3),
        st.sampled_from(["POST", "PUT"]),
    ),
    st.builds(Answered, paths, st.sampled_from(sorted(LAYOUTS)), st.booleans()),
)


def stored(content: Any) -> Any:
    """As PostgreSQL keeps it: JSON without NaN and infinity."""
    return json.loads(json.dumps(content, allow_nan=False))


@settings(deadline=None)
@given(signatures)
def test_a_signature_there_and_back(signature: Signature) -> None:
    assert signature_from_json(stored(signature_to_json(signature))) == signature


@settings(deadline=None)
@given(signatures, forms)
def test_a_service_schema_there_and_back(signature: Signature, form: JsonForm) -> None:
    schema = ServiceSchema(signature, form)
    assert ServiceSchema.from_json(stored(schema.to_json())) == schema


def test_a_default_that_is_no_number() -> None:
    signature = Signature(
        (Parameter("x", DataType(Kind.DOUBLE), pa.float64()),),
        (Field("p", DataType(Kind.DOUBLE)),),
        (ModelParam("limit", "double", float("nan")),),
    )
    assert repr(signature_from_json(stored(signature_to_json(signature))).params[0].default) == "nan"


@settings(deadline=None)
@given(signatures, forms, st.data())
def test_what_is_damaged_is_a_schema_error_and_nothing_else(
    signature: Signature, form: JsonForm, data: st.DataObject
) -> None:
    content = stored(ServiceSchema(signature, form).to_json())
    place = content
    while isinstance(place, dict | list) and place:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(st.sampled_from([None, 7, "x", [], {}, [None], {"a": 1}]))
            break
        place = place[key]
    try:
        ServiceSchema.from_json(content)
    except SchemaError as error:
        assert error.code == "model.schema.stored" and error.hint


@pytest.mark.parametrize("content", [{}, {"version": 2}, {"version": "1"}, None, [], {"version": 1}])
def test_what_was_stored_by_somebody_else(content: Any) -> None:
    for read in (signature_from_json, ServiceSchema.from_json):
        with pytest.raises(SchemaError) as caught:
            read(content)
        assert caught.value.code == "model.schema.stored"


def test_a_type_without_a_name_is_refused() -> None:
    signature = Signature(
        (Parameter("x", DataType(Kind.DURATION), pa.duration("s")),), (Field("p", DataType(Kind.DOUBLE)),)
    )
    with pytest.raises(SchemaError) as caught:
        signature_to_json(signature)
    assert caught.value.code == "model.schema.type"
