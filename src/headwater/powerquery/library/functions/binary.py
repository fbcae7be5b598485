"""The function behind ``#binary``."""

from __future__ import annotations

import base64
import binascii

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Binary, List, Value, plain
from headwater.powerquery.values.operators import cannot_convert


@function(
    "#binary(value as any) as any",
    examples=[('#binary({1, 2, 255}) = #binary("AQL/")', "true"), ("#binary(null)", "null")],
)
def binary(value: Value) -> Value:
    """Bytes from a list of numbers or from text in base 64."""
    value = plain(value)
    if value is None or isinstance(value, bytes | Binary):
        return value
    if isinstance(value, str):
        return _from_base64(value)
    if isinstance(value, List):
        return bytes([_byte(item) for item in value.plain()])
    raise cannot_convert(value, "Binary")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise MError("Expression.Error", "The text is not in base 64.", text) from None


def _byte(value: Value) -> int:
    number = whole(value, "value")
    if number > 255:
        raise MError("Expression.Error", "A byte is a number from 0 to 255.", value)
    return number
