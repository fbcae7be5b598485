"""Binary values: how long, which part, joined and cut."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.limits import check_size
from headwater.powerquery.tables.view import answer
from headwater.powerquery.values.core import Binary, List, Value, binary_bytes, missing_file, plain
from headwater.powerquery.values.operators import cannot_convert, is_whole
from headwater.powerquery.values.views import ViewedBytes


@function(
    "Binary.Buffer(binary as nullable binary) as nullable binary",
    examples=[("Binary.Buffer(#binary({1, 2}))", "#binary({1, 2})")],
)
def binary_buffer(binary: Value) -> Value:
    """The bytes held in memory: a file is read now, and not again."""
    return None if binary is None else binary_bytes(binary)


@function(
    "Binary.Length(binary as nullable binary) as nullable number",
    examples=[("Binary.Length(#binary({1, 2, 3}))", "3"), ("Binary.Length(null)", "null")],
)
def binary_length(binary: Value) -> Value:
    """How many bytes there are."""
    return None if binary is None else _length(binary)


@function(
    "Binary.ApproximateLength(binary as nullable binary) as nullable number",
    examples=[("Binary.ApproximateLength(#binary({1, 2, 3}))", "3")],
)
def binary_approximate_length(binary: Value) -> Value:
    """How many bytes there are, without reading them; exact here."""
    return None if binary is None else _length(binary)


def _length(binary: bytes | Binary) -> int:
    if isinstance(binary, ViewedBytes):
        told = plain(answer(binary.handlers, "GetLength"))
        return int(told) if is_whole(told) else len(binary)
    if isinstance(binary, bytes):
        return len(binary)
    try:
        return binary.path.stat().st_size
    except OSError as error:
        raise missing_file(str(binary.path), error) from error


@function(
    "Binary.Range(binary as binary, offset as number, optional count as nullable number) as binary",
    examples=[
        ("Binary.Range(#binary({0..9}), 7)", "#binary({7, 8, 9})"),
        ("Binary.Range(#binary({0..9}), 2, 3)", "#binary({2, 3, 4})"),
    ],
)
def binary_range(binary: Value, offset: Value, count: Value = None) -> bytes:
    """The bytes from a place on, all or so many; fewer where there are no more."""
    data, start = binary_bytes(binary), whole(offset, "offset")
    if start > len(data):
        raise MError("Expression.Error", "The 'offset' argument is out of range.", offset)
    return data[start:] if count is None else data[start : start + whole(count, "count")]


@function(
    "Binary.Split(binary as binary, pageSize as number) as list",
    examples=[("Binary.Split(#binary({1, 2, 3, 4, 5}), 2)", "{#binary({1, 2}), #binary({3, 4}), #binary({5})}")],
)
def binary_split(binary: Value, page_size: Value) -> List:
    """The bytes in pieces of one size, the last of them shorter if need be."""
    size, data = whole(page_size, "pageSize", least=1), binary_bytes(binary)
    return List(source=lambda: (data[at : at + size] for at in range(0, len(data), size)))


@function(
    "Binary.Combine(binaries as list) as binary",
    examples=[("Binary.Combine({#binary({1, 2}), #binary({3})})", "#binary({1, 2, 3})")],
)
def binary_combine(binaries: List) -> bytes:
    """The bytes of all of them, one after another; nulls do not count."""
    total = bytearray()
    for item in binaries.plain():
        if item is None:
            continue
        if not isinstance(item, bytes | Binary):
            raise cannot_convert(item, "Binary")
        total += binary_bytes(item)
        check_size(len(total), "The combined binary")
    return bytes(total)
