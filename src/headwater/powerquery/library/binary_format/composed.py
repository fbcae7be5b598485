"""Formats made of others: bytes and text, lists, records, choices, limits."""

from __future__ import annotations

from collections.abc import Callable

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of
from headwater.powerquery.library.binary_format.reading import (
    BIG,
    LITTLE,
    Format,
    Reader,
    count_of,
    format_of,
    required_format,
)
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.encodings import codec_of, decoded
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import is_number

enumeration("ByteOrder", {"LittleEndian": 0, "BigEndian": 1}, summary="Which byte of a number comes first.")
_ORDERS = {0: LITTLE, 1: BIG}


class Read(Format):
    """A format that a Python function is."""

    def __init__(self, read: Callable[[Reader], Value]) -> None:
        self._read = read

    def read(self, reader: Reader) -> Value:
        return self._read(reader)


@function(
    "BinaryFormat.Binary(optional length as any) as function",
    examples=[("BinaryFormat.Binary(2)(#binary({1, 2, 3}))", "#binary({1, 2})")],
)
def binary(length: Value = None) -> Function:
    """A format: so many bytes, or as many as a format that is read first says; without a length, all that are left."""
    if plain(length) is None:
        return Read(lambda reader: reader.take(reader.left)).function()
    count = count_of(length)
    return Read(lambda reader: reader.take(count(reader))).function()


@function(
    "BinaryFormat.Text(length as any, optional encoding as nullable number) as function",
    examples=[('BinaryFormat.Text(2)(#binary({65, 66, 67}))', '"AB"')],
)  # fmt: skip
def text(length: Value, encoding: Value = None) -> Function:
    """A format: text of so many bytes, or as many as a format that is read first says."""
    count, codec = count_of(length), codec_of(encoding)
    return Read(lambda reader: decoded(reader.take(count(reader)), codec)).function()


@function(
    "BinaryFormat.ByteOrder(binaryFormat as function, byteOrder as number) as function",
    examples=[("BinaryFormat.ByteOrder(BinaryFormat.UnsignedInteger16, ByteOrder.LittleEndian)(#binary({1, 0}))", "1")],
)
def byte_order(inner: Function, order: Value) -> Function:
    """A format with the bytes of its numbers in this order; otherwise the most significant comes first."""
    form, wanted = required_format(inner), _ORDERS.get(order)
    if wanted is None:
        raise MError("Expression.Error", "The byte order is none of ByteOrder.Type.", order)

    def read(reader: Reader) -> Value:
        before, reader.order = reader.order, wanted
        try:
            return form.read(reader)
        finally:
            reader.order = before

    return Read(read).function()


@function(
    "BinaryFormat.Length(binaryFormat as function, length as any) as function",
    examples=[("BinaryFormat.Length(BinaryFormat.List(BinaryFormat.Byte), 2)(#binary({1, 2, 3}))", "{1, 2}")],
)
def length_limited(inner: Function, length: Value) -> Function:
    """A format that has no more than so many bytes; reading goes on after them, however many it took."""
    form, count = required_format(inner), count_of(length)

    def read(reader: Reader) -> Value:
        size = count(reader)
        outer, reader.end = reader.end, min(reader.end, reader.at + size)
        try:
            value = form.read(reader)
            reader.at = reader.end
        finally:
            reader.end = outer
        return value

    return Read(read).function()


@function(
    "BinaryFormat.Transform(binaryFormat as function, function as function) as function",
    examples=[("BinaryFormat.Transform(BinaryFormat.Byte, each _ * 2)(#binary({4}))", "8")],
)
def transformed(inner: Function, change: Function) -> Function:
    """A format whose values go through a function."""
    form = required_format(inner)
    return Read(lambda reader: force(change.invoke((form.read(reader),)))).function()


@function(
    "BinaryFormat.List(binaryFormat as function, optional countOrCondition as any) as function",
    examples=[
        ("BinaryFormat.List(BinaryFormat.Byte)(#binary({1, 2, 3}))", "{1, 2, 3}"),
        ("BinaryFormat.List(BinaryFormat.Byte, BinaryFormat.Byte)(#binary({2, 5, 6, 7}))", "{5, 6}"),
        ("BinaryFormat.List(BinaryFormat.Byte, each _ <> 0)(#binary({5, 0, 7}))", "{5, 0}"),
    ],
)
def list_format(inner: Function, count_or_condition: Value = None) -> Function:
    """A format: a list of values.

    There are as many as the count says, which is a number or a format that is read first; or the function says after
    each of them whether another follows; or they go on to the end of the bytes.
    """
    form, limit = required_format(inner), plain(count_or_condition)
    if limit is None:
        return Read(lambda reader: _to_the_end(form, reader)).function()
    if is_number(limit) or format_of(limit) is not None:
        count = count_of(limit)
        return Read(lambda reader: List([form.read(reader) for _ in range(count(reader))])).function()
    condition = function_of(limit)
    return Read(lambda reader: _while(form, condition, reader)).function()


def _to_the_end(form: Format, reader: Reader) -> List:
    items: list[Value] = []
    while reader.left:
        before = reader.at
        items.append(form.read(reader))
        if reader.at == before:
            raise MError("DataFormat.Error", "A list of values that take no bytes has no end.")
    return List(items)


def _while(form: Format, condition: Function, reader: Reader) -> List:
    items = [form.read(reader)]
    while plain(force(condition.invoke((items[-1],)))) is True:
        items.append(form.read(reader))
    return List(items)


@function(
    "BinaryFormat.Record(record as record) as function",
    examples=[
        (
            'BinaryFormat.Record([a = BinaryFormat.Byte, kind = "x", b = BinaryFormat.UnsignedInteger16])'
            "(#binary({1, 0, 2}))",
            '[a = 1, kind = "x", b = 2]',
        )
    ],
)
def record_format(record: Record) -> Function:
    """A format: a record whose fields are read one after another; a field that is no format is taken as it is."""

    def read(reader: Reader) -> Value:
        values = [value if form is None else form.read(reader) for value, form in fields]
        return Record(record.index, values)

    fields = [(value, format_of(value)) for _, value in record.items()]
    return Read(read).function()


@function(
    "BinaryFormat.Choice(binaryFormat as function, chooseFunction as function, optional type as nullable type,"
    " optional combineFunction as nullable function) as function",
    examples=[
        ("BinaryFormat.Choice(BinaryFormat.Byte, (n) => BinaryFormat.Text(n))(#binary({2, 65, 66}))", '"AB"'),
        (
            "BinaryFormat.Choice(BinaryFormat.Byte, (n) => BinaryFormat.Binary(n), type binary, (n, b) => {n, b})"
            "(#binary({1, 9}))",
            "{1, #binary({9})}",
        ),
    ],
)
def choice(
    inner: Function, choose: Function, of: t.Type | None = None, combine: Function | None = None
) -> Function:  # fmt: skip
    """A format that is chosen by a value: the first format reads it, and the function gives the one for what follows.

    The last function makes one value of both; else only what followed counts. With a type, what followed has to be of
    it.
    """
    form = required_format(inner)

    def read(reader: Reader) -> Value:
        key = form.read(reader)
        value = required_format(force(choose.invoke((key,)))).read(reader)
        if of is not None and not t.conforms(value, of):
            raise MError("DataFormat.Error", f"The value that was read is not of {t.type_text(of)}.", value)
        return value if combine is None else force(combine.invoke((key, value)))

    return Read(read).function()
