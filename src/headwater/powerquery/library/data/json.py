"""JSON: read into lists, records and scalars, and written."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from headwater.errors import MError
from headwater.plan.conversions import INT64_MAX, INT64_MIN
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.encodings import UTF8, codec_of, decoded, encoded, marked_codec
from headwater.powerquery.library.iso import iso_text
from headwater.powerquery.library.limits import check_size
from headwater.powerquery.values.core import Binary, List, Record, Value, binary_bytes, force, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.text import number_text
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time
from headwater.powerquery.values.types import kind_of

# -- reading -------------------------------------------------------------------------------------------------------

_DEEPEST = 10_000
"""Brackets that a text may open for the standard library's reader, whose depth nothing else limits."""


@function(
    "Json.Document(jsonText as any, optional encoding as nullable number) as any",
    examples=[
        ('Json.Document("{""a"": [1, true, null]}")', "[a = {1, true, null}]"),
        ("Json.Document(#binary({0x31, 0x2E, 0x35}))", "1.5"),
    ],
)
def json_document(source: Value, encoding: Value = None) -> Value:
    """What a JSON text or binary says: objects as records, arrays as lists; of equal keys the last counts.

    Whole numbers of 64 bits stay exact, all others are doubles. The encoding is UTF-8 unless the bytes or the
    argument say otherwise.
    """
    return _value(parsed_json(source, encoding), {})


def parsed_json(source: Value, encoding: Value = None) -> Any:
    """What a JSON text or binary says, as Python has it.

    Raises:
        MError: Expression.Error, it is neither; DataFormat.Error, it is no JSON.
    """
    return _parsed(_utf8(plain(source), codec_of(encoding)))


def _utf8(source: Value, codec: str | None) -> bytes:
    if isinstance(source, str):
        return source.encode(UTF8, "surrogatepass")
    if not isinstance(source, bytes | Binary):
        raise cannot_convert(source, "Binary")
    data = binary_bytes(source)
    found = marked_codec(data) or codec or UTF8
    return data if found == UTF8 and not data.startswith(b"\xef\xbb\xbf") else decoded(data, codec).encode(UTF8)


def _parsed(data: bytes) -> Any:
    import orjson

    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if data.count(b"[") + data.count(b"{") > _DEEPEST:
            raise _malformed(error.msg, error.pos) from error
    # What orjson refuses and M takes: half surrogate pairs, numbers beyond the largest double.
    try:
        return json.loads(data.decode(UTF8, "surrogatepass"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _malformed(error.msg, error.pos) from error
    except ValueError as error:  # bytes that are no UTF-8, or digits without end
        raise _malformed("what it holds cannot be read", 0) from error


def _no_constant(name: str) -> float:
    raise json.JSONDecodeError(f"'{name}' is no JSON", name, 0)


def _malformed(message: str, position: int) -> MError:
    return MError(
        "DataFormat.Error",
        f"The text is not JSON: {message[:1].lower()}{message[1:]}, at character {position + 1}.",
        Record.of({"Position": position}),
        hint="Check the text, or give its encoding.",
    )


def _value(parsed: Any, shapes: dict[tuple[str, ...], dict[str, int]]) -> Value:
    """The M value of parsed JSON. Records of the same fields share their index; lists are made as they are read."""
    if isinstance(parsed, dict):
        names = tuple(parsed)
        index = shapes.get(names)
        if index is None:
            index = shapes[names] = {name: at for at, name in enumerate(names)}
        return Record(index, [_value(member, shapes) for member in parsed.values()])
    if isinstance(parsed, list):
        return List(source=lambda: (_value(item, shapes) for item in parsed))
    if type(parsed) is int and not INT64_MIN <= parsed <= INT64_MAX:
        return float(parsed) if abs(parsed) < 10**309 else math.copysign(math.inf, parsed)
    return parsed


# -- writing -------------------------------------------------------------------------------------------------------


@function(
    "Json.FromValue(value as any, optional encoding as nullable number) as binary",
    examples=[
        (
            'Text.FromBinary(Json.FromValue([a = {1, null, "x"}, d = #duration(1, 2, 0, 0)]))',
            '"{""a"":[1,null,""x""],""d"":""P1DT2H""}"',
        ),
        (
            'Text.FromBinary(Json.FromValue(#table({"a"}, {{#datetime(2024, 2, 29, 8, 30, 0)}})))',
            '"[{""a"":""2024-02-29T08:30:00""}]"',
        ),
    ],
)
def json_from_value(value: Value, encoding: Value = None) -> bytes:
    """A value as JSON without blanks.

    Tables become arrays of objects; dates, times and durations texts as ISO 8601 has them; binaries texts in base 64;
    numbers that JSON has none for (NaN, infinities) null. Functions and types are an error.
    """
    writer = _Writer(codec_of(encoding))
    writer.write(value)
    return writer.finished()


_PIECES = 10_000
"""How many pieces of text are kept before they become bytes."""


class _Writer:
    """Writes values one after another; MError DataFormat.Error when it gets too much."""

    def __init__(self, codec: str | None) -> None:
        self._codec = codec
        self._pieces: list[str] = []
        self._written = bytearray()

    def write(self, value: Value) -> None:
        """Write a value, evaluating all of it; MError Expression.Error where JSON has nothing for it."""
        value = plain(force(value))
        scalar = _SCALARS.get(type(value))
        if scalar is not None:
            self._pieces.append(scalar(value))
            if len(self._pieces) > _PIECES:
                self._flush()
        elif isinstance(value, Table):
            self._table(value)
        elif isinstance(value, List):
            self._list(value)
        elif isinstance(value, Record):
            self._members(_heads(value.index), value.values)
        else:
            raise MError(
                "Expression.Error",
                f"A {kind_of(value)} cannot be written as JSON.",
                value,
                hint="Leave it out, or turn it into text first.",
            )

    def finished(self) -> bytes:
        """All that was written."""
        self._flush()
        return bytes(self._written)

    def _flush(self) -> None:
        self._written += encoded("".join(self._pieces), self._codec)
        self._pieces = []
        check_size(len(self._written), "The JSON")

    def _list(self, value: List) -> None:
        before = "["
        for item in value.raw():
            self._pieces.append(before)
            self.write(item)
            before = ","
        self._pieces.append("[]" if before == "[" else "]")

    def _table(self, value: Table) -> None:
        heads, before = _heads(value.names), "["
        for row in value.rows():
            self._pieces.append(before)
            self._members(heads, row)
            before = ","
        self._pieces.append("[]" if before == "[" else "]")

    def _members(self, heads: Sequence[str], values: Sequence[Value]) -> None:
        for head, value in zip(heads, values, strict=True):
            self._pieces.append(head)
            self.write(value)
        self._pieces.append("}" if heads else "{}")


def _heads(names: Iterable[str]) -> list[str]:
    """What stands before each member of an object."""
    return [f"{',' if at else '{'}{_quoted(name)}:" for at, name in enumerate(names)]


def _quoted(text: str) -> str:
    # A half of a surrogate pair can only be written as an escape.
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return encode_basestring(text)
    return encode_basestring_ascii(text)


def _number(value: float | Decimal) -> str:
    return number_text(value) if math.isfinite(value) else "null"


def _iso(value: Value) -> str:
    return f'"{iso_text(value)}"'


_SCALARS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: number_text,
    float: _number,
    Decimal: _number,
    str: _quoted,
    bytes: lambda value: f'"{base64.b64encode(value).decode()}"',
    Binary: lambda value: f'"{base64.b64encode(binary_bytes(value)).decode()}"',
    **dict.fromkeys((Date, Time, DateTime, DateTimeZone, Duration), _iso),
}
