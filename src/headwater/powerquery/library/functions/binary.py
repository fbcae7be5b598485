"""The function behind ``#binary``."""

from __future__ import annotations

from headwater.powerquery.library.binary.conversion import byte_of
from headwater.powerquery.library.bytes_as_text import from_text
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
        return from_text(value)
    if isinstance(value, List):
        return bytes([byte_of(item) for item in value.plain()])
    raise cannot_convert(value, "Binary")
