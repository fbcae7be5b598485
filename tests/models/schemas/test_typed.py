"""Signatures written by hand, read and printed."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headwater.errors import SchemaError
from headwater.models.schemas.typed import signature_from_text, signature_to_text, type_from_text
from headwater.models.signature import PREDICTION, ModelParam, Parameter, Signature
from headwater.plan.types import BINARY, DATE, DATETIME, DOUBLE, INT64, LOGICAL, TEXT, DataType, Field, Kind, list_type
from headwater.plan.types import record_type as record
from headwater.powerquery.api import evaluate
from headwater.powerquery.values.types import FunctionType

LINE = (
    "(distance as Int64.Type, carrier as text, optional note as nullable text)"
    " => [probability = Double.Type, label = text]"
)


def test_a_line_is_a_signature() -> None:
    assert signature_from_text(LINE) == Signature(
        (
            Parameter("distance", replace(INT64, nullable=False), pa.int64()),
            Parameter("carrier", replace(TEXT, nullable=False), pa.string()),
            Parameter("note", TEXT, pa.string(), required=False),
        ),
        (Field("probability", DOUBLE), Field("label", TEXT)),
    )
    assert signature_to_text(signature_from_text(LINE)) == LINE


@pytest.mark.parametrize(
    "text",
    [
        "type function (x as number) as Double.Type",
        "function (x as number) as number",
        "(x as number) => number",
        "(x as number)=>number",
        "(x as number) => // what comes out\n [prediction = nullable number]",
    ],
)
def test_each_way_of_writing_is_read_alike(text: str) -> None:
    assert signature_to_text(signature_from_text(text)) == "(x as Double.Type) => Double.Type"


WIRES = [
    ("logical", LOGICAL, pa.bool_()),
    ("Byte.Type", INT64, pa.uint8()),
    ("Int8.Type", INT64, pa.int8()),
    ("Int16.Type", INT64, pa.int16()),
    ("Int32.Type", INT64, pa.int32()),
    ("Int64.Type", INT64, pa.int64()),
    ("Single.Type", DOUBLE, pa.float32()),
    ("Double.Type", DOUBLE, pa.float64()),
    ("number", DOUBLE, pa.float64()),
    ("Decimal.Type", DOUBLE, pa.float64()),
    ("Currency.Type", DOUBLE, pa.float64()),
    ("Percentage.Type", DOUBLE, pa.float64()),
    ("text", TEXT, pa.string()),
    ("Guid.Type", TEXT, pa.string()),
    ("date", DATE, pa.date32()),
    ("DateTime.Type", DATETIME, pa.timestamp("us")),
    ("binary", BINARY, pa.binary()),
    ("{Int64.Type}", list_type(INT64), pa.list_(pa.int64())),
    ("{{Single.Type}}", list_type(list_type(DOUBLE)), pa.list_(pa.list_(pa.float32()))),
    (
        "[a = text, Order Date = {Byte.Type}]",
        record({"a": TEXT, "Order Date": list_type(INT64)}),
        pa.struct([pa.field("a", pa.string()), pa.field("Order Date", pa.list_(pa.uint8()))]),
    ),
]


@pytest.mark.parametrize(("text", "plan", "wire"), WIRES, ids=[text for text, _, _ in WIRES])
def test_a_type_has_a_plan_type_and_a_wire_type(text: str, plan: DataType, wire: pa.DataType) -> None:
    assert type_from_text(text) == (replace(plan, nullable=False), wire)
    assert type_from_text(f"nullable {text}") == (plan, wire)


def test_settings_are_what_the_options_hold_under_params() -> None:
    text = (
        "(x as Double.Type, optional options as [params = [threshold = Double.Type, k = {Int32.Type}]]) => Double.Type"
    )
    signature = signature_from_text(text)
    assert [p.name for p in signature.parameters] == ["x"]
    assert signature.params == (
        ModelParam("threshold", "double", None),
        ModelParam("k", "integer", None, is_list=True),
    )
    assert signature_to_text(signature) == text
    # A record of another form is an argument like any other.
    assert not signature_from_text("(x as text, optional o as [other = [a = text]]) => text").params
    assert not signature_from_text("(x as text, o as [params = [a = text]]) => text").params


REFUSED = [
    ("(x as any) => number", "line 1, column 7"),
    ("(x as time) => number", "line 1, column 7"),
    ("(x as number) => datetimezone", "line 1, column 18"),
    ("(x as number) =>\n  [a = duration]", "line 2, column 8"),
    ("(x as list) => number", "line 1, column 7"),
    ("(x as record) => number", "line 1, column 7"),
    ("(x as table [a = text]) => number", "line 1, column 7"),
    ("(x as [a = text, ...]) => number", "line 1, column 7"),
    ("(x as []) => number", "line 1, column 7"),
    ("(x as [a]) => number", "line 1, column 8"),
    ('(x as (File.Contents("a"))) => number', "line 1, column 7"),
    ("(x as Unknown.Type) => number", "line 1, column 7"),
    ("(x as text, optional options as [params = [a = binary]]) => text", "line 1, column 44"),
    ("() => number", "line 1, column 1"),
    ("(x as text, x as text) => number", "line 1, column 13"),
    ("(optional a as text, b as text) => text", "line 1, column 22"),
    ("(x as text)", "line 1, column 12"),
    ("(x as text) => ", "line 1, column 16"),
    ("(x as text) => text text", "line 1, column 21"),
    ('(x as text) => "unclosed', "line 1, column"),
    ("type text", "line 1, column 6"),
    ("", "line 1, column 1"),
    (f"(x as {'{' * 100}text{'}' * 100}) => text", "line 1, column"),
]


@pytest.mark.parametrize(("text", "place"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_no_signature_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(SchemaError) as caught:
        signature_from_text(text)
    assert caught.value.place.startswith(place)
    assert caught.value.hint and caught.value.code.startswith("model.schema.")


def test_an_extreme_depth_does_not_end_the_process() -> None:
    for text in ("{" * 100_000, "(x as " + "{" * 50_000 + "text" + "}" * 50_000 + ") => text"):
        with pytest.raises(SchemaError):
            signature_from_text(text)


# Round trip ---------------------------------------------------------------------------------------------------------

NAMES = st.one_of(
    st.sampled_from(
        ["x", "optional", "optional x", "type", "Order Date", "", 'a "b"', "options", "params", "#(lf)", "é"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)

SCALARS = st.sampled_from(
    [
        (LOGICAL, pa.bool_()),
        *((INT64, wire) for wire in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8())),
        *((DOUBLE, wire) for wire in (pa.float32(), pa.float64())),
        (TEXT, pa.string()),
        (DATE, pa.date32()),
        (DATETIME, pa.timestamp("us")),
        (BINARY, pa.binary()),
    ]
)

Types = tuple[DataType, pa.DataType]


def as_record(members: dict[str, Types]) -> Types:
    wire = pa.struct([pa.field(name, wire) for name, (_, wire) in members.items()])
    return record({name: plan for name, (plan, _) in members.items()}), wire


TYPES: st.SearchStrategy[Types] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map(lambda types: (list_type(types[0]), pa.list_(types[1]))),
        st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(as_record),
    ),
    max_leaves=4,
)

SETTINGS = st.builds(
    lambda name, kind, is_list: ModelParam(name, kind, None, is_list),
    NAMES,
    st.sampled_from(["boolean", "long", "integer", "double", "float", "string", "datetime"]),
    st.booleans(),
)


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    required = draw(st.integers(0, len(names)))
    taken = []
    for position, name in enumerate(names):
        plan, wire = draw(TYPES)
        taken.append(Parameter(name, replace(plan, nullable=draw(st.booleans())), wire, required=position < required))
    members = draw(st.dictionaries(NAMES, TYPES, min_size=1, max_size=3))
    params = draw(st.lists(SETTINGS, max_size=2, unique_by=lambda setting: setting.name))
    return Signature(tuple(taken), tuple(Field(name, plan) for name, (plan, _) in members.items()), tuple(params))


def is_option_like(signature: Signature) -> bool:
    """Whether the last parameter looks like the options that hold the settings; see the module."""
    last = signature.parameters[-1]
    kind = last.type.kind is Kind.RECORD and [f.name for f in last.type.fields] == ["params"]
    return kind and not last.required and last.type.fields[0].type.kind is Kind.RECORD


@settings(deadline=None)
@given(signatures())
def test_what_is_printed_is_read_as_it_was(signature: Signature) -> None:
    text = signature_to_text(signature)
    if not is_option_like(signature):
        assert signature_from_text(text) == signature


@settings(deadline=None)
@given(signatures())
def test_what_is_printed_is_a_function_type_of_m(signature: Signature) -> None:
    """The language's own evaluator takes it, with as many parameters."""
    text = signature_to_text(signature)
    assume(text.count(") => ") == 1)  # the arrow, and no name that holds one
    value = evaluate("type function " + text.replace(") => ", ") as "))
    assert isinstance(value, FunctionType)
    assert len(value.parameters) == len(signature.parameters) + bool(signature.params)


def test_what_a_line_has_no_word_for_is_printed_as_the_nearest() -> None:
    signature = Signature(
        (
            Parameter("a", TEXT, pa.string(), required=False),
            Parameter("t", list_type(DOUBLE), pa.list_(pa.float32()), shape=(3,)),
            Parameter("u", replace(INT64, nullable=False), pa.uint32()),
            Parameter("m", DATETIME, pa.timestamp("ns")),
        ),
        (Field(PREDICTION, DataType(Kind.DECIMAL)),),
        (ModelParam("k", "long", 3),),
    )
    text = signature_to_text(signature)
    assert text == (
        "(a as nullable text, t as nullable {Single.Type}, u as Int64.Type, m as nullable datetime, "
        "optional options as [params = [k = Int64.Type]]) => Double.Type"
    )
    assert signature_to_text(signature_from_text(text)) == text
