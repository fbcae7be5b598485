"""Binary values from and to text, lists and numbers."""

from __future__ import annotations

import base64

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.bytes_as_text import BASE64, HEX, encoding_of, from_text, to_binary
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.values.core import List, Value, binary_bytes

enumeration("BinaryEncoding", {"Base64": BASE64, "Hex": HEX}, summary="How bytes are written as text.")


@function(
    "Binary.FromText(text as nullable text, optional encoding as nullable number) as nullable binary",
    examples=[
        ('Binary.FromText("AQL/")', "#binary({1, 2, 255})"),
        ('Binary.FromText("01 02 ff", BinaryEncoding.Hex)', "#binary({1, 2, 255})"),
    ],
)
def binary_from_text(text: str | None, encoding: Value = None) -> Value:
    """The bytes that a text in base 64, or in hexadecimal if asked for, writes."""
    return None if text is None else from_text(text, encoding)


@function(
    "Binary.ToText(binary as nullable binary, optional encoding as nullable number) as nullable text",
    examples=[
        ("Binary.ToText(#binary({1, 2, 255}))", '"AQL/"'),
        ("Binary.ToText(#binary({1, 2, 255}), BinaryEncoding.Hex)", '"0102ff"'),
    ],
)
def binary_to_text(binary: Value, encoding: Value = None) -> Value:
    """Bytes written in base 64, or in hexadecimal if asked for."""
    if binary is None:
        return None
    data = binary_bytes(binary)
    return data.hex() if encoding_of(encoding) == HEX else base64.b64encode(data).decode("ascii")


@function(
    "Binary.From(value as any, optional encoding as nullable number) as nullable binary",
    examples=[('Binary.From("AQL/")', "#binary({1, 2, 255})"), ("Binary.From(null)", "null")],
)
def binary_from(value: Value, encoding: Value = None) -> Value:
    """A binary value as it is, or the one that a text writes as ``Binary.FromText`` reads it."""
    return to_binary(value, encoding)


@function(
    "Binary.FromList(list as list) as binary",
    examples=[("Binary.FromList({1, 2, 255})", '#binary("AQL/")'), ("Binary.FromList({})", "#binary({})")],
)
def binary_from_list(items: List) -> bytes:
    """The bytes that a list of numbers from 0 to 255 gives."""
    return bytes(byte_of(item) for item in items.plain())


def byte_of(value: Value) -> int:
    """A number from 0 to 255; MError Expression.Error for any other."""
    number = whole(value, "list")
    if number > 255:
        raise MError("Expression.Error", "A byte is a number from 0 to 255.", value)
    return number


@function(
    "Binary.ToList(binary as binary) as list",
    examples=[("Binary.ToList(#binary({1, 2, 255}))", "{1, 2, 255}")],
)
def binary_to_list(binary: Value) -> List:
    """The bytes as a list of numbers."""
    return List(binary_bytes(binary))
