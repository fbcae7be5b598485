"""Bytes as text writes them: in base 64 or in hexadecimal."""

from __future__ import annotations

import base64
import binascii

from headwater.errors import MError
from headwater.powerquery.values.core import Binary, Value, plain
from headwater.powerquery.values.operators import cannot_convert

BASE64, HEX = 0, 1


def encoding_of(value: Value) -> int:
    """M's BinaryEncoding number, base 64 for null; MError Expression.Error for another value."""
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
    written, name = "".join(text.split()), "in hexadecimal" if encoding_of(encoding) == HEX else "in base 64"
    try:
        return bytes.fromhex(written) if name == "in hexadecimal" else base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise MError("Expression.Error", f"The text is not {name}.", text) from None


def to_binary(value: Value, encoding: Value = None) -> Value:
    """``Binary.From``: a binary value as it is, or the bytes that a text writes.

    Raises:
        MError: Expression.Error, it is neither, or the text is not written so.
    """
    value = plain(value)
    if value is None or isinstance(value, bytes | Binary):
        return value
    if isinstance(value, str):
        return from_text(value, encoding)
    raise cannot_convert(value, "Binary")
