"""Binary values from and to text, lists and numbers."""

from __future__ import annotations

import base64
import binascii

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.values.core import Binary, List, Value, binary_bytes, plain
from headwater.powerquery.values.operators import cannot_convert

BASE64, HEX = 0, 1

enumeration("BinaryEncoding", {"Base64": BASE64, "Hex": HEX}, summary="How bytes are written as text.")


def _encoding(value: Value) -> int:
    value = plain(value)
    if value is None:
        return BASE64
    if value in (BASE64, HEX):
        return int(value)
    raise MError(
        "Expression.Error", "The encoding is none of BinaryEncoding.Type: it has BinaryEncoding.Base64 and .Hex.", value
    )


def from_text(text: str, encoding: Value = None) -> bytes:
    """The bytes that a text in base 64 or hexadecimal writes; blanks do not count.

    Raises:
        MError: Expression.Error, the text is not written so.
    """
    written, name = "".join(text.split()), "in hexadecimal" if _encoding(encoding) == HEX else "in base 64"
    try:
        return bytes.fromhex(written) if name == "in hexadecimal" else base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise MError("Expression.Error", f"The text is not {name}.", text) from None


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
    return data.hex() if _encoding(encoding) == HEX else base64.b64encode(data).decode("ascii")


@function(
    "Binary.From(value as any, optional encoding as nullable number) as nullable binary",
    examples=[('Binary.From("AQL/")', "#binary({1, 2, 255})"), ("Binary.From(null)", "null")],
)
def binary_from(value: Value, encoding: Value = None) -> Value:
    """A binary value as it is, or the one that a text writes as ``Binary.FromText`` reads it."""
    value = plain(value)
    if value is None or isinstance(value, bytes | Binary):
        return value
    if isinstance(value, str):
        return from_text(value, encoding)
    raise cannot_convert(value, "Binary")


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
