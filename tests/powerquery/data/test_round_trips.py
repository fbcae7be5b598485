"""What is written reads back, two ways of reading agree, and damaged input is an M error whatever it is."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.data import making

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.library.encodings import decoded, encoded
from headwater.powerquery.library.lines import lines_of
from headwater.powerquery.values.core import List, Record, Value
from headwater.powerquery.values.equality import equal

TEXTS = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from('"\\/\n\x00😀')), max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def call(name: str, *arguments: Value, **environment: Value) -> Value:
    """A library function of these values."""
    names = {f"argument{at}": value for at, value in enumerate(arguments)}
    return evaluate(f"{name}({', '.join(names)})", session=Session(environment={**names, **environment}))


def as_m(value: Any) -> Value:
    """A Python document as M values."""
    if isinstance(value, list):
        return List([as_m(item) for item in value])
    if isinstance(value, dict):
        return Record.of({name: as_m(item) for name, item in value.items()})
    return value


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_json_that_is_written_reads_back(document: Any) -> None:
    value = as_m(document)
    written = call("Json.FromValue", value)
    assert json.loads(written) == document
    assert equal(call("Json.Document", written), value)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(alphabet='[]{}",:0123456789.eE-+tnfu\\ ', max_size=24), TEXTS))
def test_json_is_read_as_by_python_or_an_m_error(text: str) -> None:
    def no_constant(name: str) -> float:
        raise ValueError(name)

    try:
        expected = json.loads(text, parse_constant=no_constant)
    except ValueError:
        with pytest.raises(MError) as caught:
            to_text(call("Json.Document", text))
        assert caught.value.reason == "DataFormat.Error"
    else:
        assert to_text(call("Json.Document", text)) == to_text(_rounded(as_m(expected)))


def _rounded(value: Value) -> Value:
    """Whole numbers beyond 64 bits as the doubles that they are to M."""
    if isinstance(value, List):
        return List([_rounded(item) for item in value])
    if isinstance(value, Record):
        return Record.of({name: _rounded(item) for name, item in value.items()})
    return float(value) if type(value) is int and not -(2**63) <= value < 2**63 else value


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), kind=st.integers(-1, 5))
def test_what_is_compressed_is_decompressed(data: bytes, kind: int) -> None:
    packed = call("Binary.Compress", data, kind)
    assert call("Binary.Decompress", packed, kind) == data
    if kind == 0:
        assert zlib.decompress(packed, 31) == data


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60), kind=st.integers(0, 5))
def test_bytes_that_nobody_compressed(data: bytes, kind: int) -> None:
    try:
        call("Binary.Decompress", data, kind)
    except MError as error:
        assert error.reason == "DataFormat.Error"


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=60), encoding=st.integers(0, 1))
def test_bytes_as_text_and_back(data: bytes, encoding: int) -> None:
    assert call("Binary.FromText", call("Binary.ToText", data, encoding), encoding) == data
    assert call("Binary.FromList", call("Binary.ToList", data)) == data
    assert call("Binary.Combine", call("Binary.Split", data, 7)) == data


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "gb18030"])
@given(
    text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=10), mark=st.booleans()
)
def test_text_in_an_encoding_and_back(codec: str, text: str, mark: bool) -> None:
    assert decoded(encoded(text, codec, mark=mark), codec) == text


_NUMBERS = {
    "Byte": "B", "SignedInteger16": "h", "UnsignedInteger16": "H", "SignedInteger32": "i", "UnsignedInteger32": "I",
    "SignedInteger64": "q", "UnsignedInteger64": "Q", "Single": "f", "Double": "d",
}  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(_NUMBERS)), order=st.integers(0, 1))
def test_numbers_in_bytes(data: st.DataObject, name: str, order: int) -> None:
    code = "<>"[order] + _NUMBERS[name]
    (number,) = struct.unpack(
        code, data.draw(st.binary(min_size=struct.calcsize(code), max_size=struct.calcsize(code)))
    )
    read = evaluate(
        f"BinaryFormat.ByteOrder(BinaryFormat.{name}, {order})(bytes)",
        session=Session(environment={"bytes": struct.pack(code, number)}),
    )
    assert read == number or (math.isnan(read) and math.isnan(number))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=5), max_size=5))
def test_lists_of_counted_bytes(items: list[bytes]) -> None:
    packed = bytes([len(items)]) + b"".join(bytes([len(item)]) + item for item in items)
    read = evaluate(
        "BinaryFormat.List(BinaryFormat.Binary(BinaryFormat.Byte), BinaryFormat.Byte)(bytes)",
        session=Session(environment={"bytes": packed}),
    )
    assert list(read) == items


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=4))
def test_a_query_that_is_built_is_found_in_its_uri(query: dict[str, str]) -> None:
    try:
        "".join((*query, *query.values())).encode()
    except UnicodeEncodeError:
        return
    built = call("Uri.BuildQueryString", Record.of(dict(query)))
    found = call("Uri.Parts", f"https://example.com/a?{built}").get("Query")
    assert dict(found.items()) == query


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ht p:/[]@#?&=%.1é\x00", max_size=20))
def test_what_is_no_uri_is_an_m_error(text: str) -> None:
    for name, arguments in (
        ("Uri.Parts", (text,)),
        ("Uri.Combine", ("http://example.com/a", text)),
        ("Uri.Combine", (text, "a")),
    ):
        try:
            to_text(call(name, *arguments))
        except MError as error:
            assert error.reason == "Expression.Error"


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(alphabet='ab"\r\n,é', max_size=30),
    quoted=st.booleans(),
    separators=st.booleans(),
    size=st.integers(1, 5),
)
def test_lines_of_a_binary_piece_by_piece(text: str, quoted: bool, separators: bool, size: int) -> None:
    from headwater.powerquery.library import lines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_PIECE", size)
        read = call("Lines.FromBinary", text.encode(), int(quoted), separators)
        assert list(read) == list(lines_of(text, quoted=quoted, separators=separators))
    assert "".join(lines_of(text, quoted=quoted, separators=True)) == text


# -- damaged input -------------------------------------------------------------------------------------------------

_XLSX = making.zipped(
    making.xlsx_parts({"S": making.row(1, making.number_cell("A1", 1), making.error_cell("B1", "#N/A"))})
)
_PDF = making.pdf(making.grid([["a", "b"], ["c", "d"]], top=300))
_MARKUP = st.text(alphabet="<>/=\"'ab &;#x!-[]?\n\x00é", max_size=40)
_READERS: dict[str, tuple[str, bytes]] = {
    "workbook": ("Excel.Workbook(data)", _XLSX),
    "PDF": ("Pdf.Tables(data)", _PDF),
}


def _mutated(data: bytes, changes: list[tuple[int, int]], length: int) -> bytes:
    changed = bytearray(data)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    return bytes(changed[: length % (len(changed) + 1)])


@pytest.mark.parametrize("kind", _READERS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    length=st.one_of(st.just(-1), st.integers(0, 10_000)),
)
def test_damaged_files(kind: str, changes: list[tuple[int, int]], length: int) -> None:
    expression, data = _READERS[kind]
    _m_error_at_most(
        lambda: evaluate(expression, session=Session(environment={"data": _mutated(data, changes, length)}))
    )


@settings(max_examples=150, deadline=None)
@given(_MARKUP)
def test_damaged_markup(text: str) -> None:
    for expression in ("Xml.Document(data)", "Xml.Tables(data)", "Web.Page(data)", 'Html.Table(data, {{"a", "a"}})'):
        _m_error_at_most(lambda: evaluate(expression, session=Session(environment={"data": text})))  # noqa: B023
        _m_error_at_most(lambda: evaluate(expression, session=Session(environment={"data": text.encode()})))  # noqa: B023


@settings(max_examples=150, deadline=None)
@given(selector=st.text(alphabet="abA.#[]()>+~:*=\"' ,-1n\\", max_size=12))
def test_selectors_that_are_none(selector: str) -> None:
    session = Session(environment={"selector": selector})
    _m_error_at_most(lambda: evaluate('Html.Table("<a class=b>x</a>", {{"a", selector}})', session=session))


def _m_error_at_most(work: Callable[[], Value]) -> None:
    try:
        to_text(work())
    except MError as error:
        assert error.reason in {"DataFormat.Error", "Expression.Error"}
