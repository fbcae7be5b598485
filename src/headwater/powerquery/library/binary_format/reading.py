"""What binary formats are made of: a reader that goes over bytes, and formats that take values from it."""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from headwater.errors import MError
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Value, binary_bytes, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_number

ByteOrder = Literal["<", ">"]

LITTLE: ByteOrder = "<"
BIG: ByteOrder = ">"


class Reader:
    """Bytes, and how far they have been read; ``end`` is where that has to stop, ``order`` that of numbers' bytes."""

    __slots__ = ("at", "data", "end", "order")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.end = len(data)
        self.order: ByteOrder = BIG

    @property
    def left(self) -> int:
        return self.end - self.at

    def take(self, count: int) -> bytes:
        """The next bytes; MError DataFormat.Error where there are fewer."""
        if count > self.left:
            raise MError(
                "DataFormat.Error",
                "The binary ends before the format does.",
                hint="Check the format, and that the binary is complete.",
            )
        start, self.at = self.at, self.at + count
        return self.data[start : self.at]


class Format(ABC):
    """A binary format: what takes a value from a reader."""

    @abstractmethod
    def read(self, reader: Reader) -> Value:
        """The next value; MError where the bytes hold none."""

    def of(self, binary: bytes | Binary) -> Value:
        """The value that bytes begin with; bytes after it do not matter."""
        return self.read(Reader(binary_bytes(binary)))

    def function(self) -> Function:
        """The format as an M function of a binary."""
        parameters = (t.FieldType("binary", t.BINARY),)
        return Function(self._call, lambda: t.FunctionType(parameters, t.ANY), minimum=1, maximum=1, origin=self)

    def _call(self, binary: Value) -> Value:
        data = plain(binary)
        if not isinstance(data, bytes | Binary):
            raise cannot_convert(data, "Binary")
        return self.of(data)


class Number(Format):
    """A number of the struct module's kind ``code``."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._size = struct.calcsize(f">{code}")

    def read(self, reader: Reader) -> Value:
        (value,) = struct.unpack(reader.order + self._code, reader.take(self._size))
        return value


class SevenBit(Format):
    """A whole number in groups of seven bits, the least first; the highest bit of a byte says that more follow."""

    def __init__(self, *, signed: bool) -> None:
        self._signed = signed

    def read(self, reader: Reader) -> Value:
        value = shift = 0
        while True:
            byte = reader.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= 70:
                raise MError("DataFormat.Error", "The binary has no whole number of 64 bits there.")
        value &= 2**64 - 1
        return value - 2**64 if self._signed and value >= 2**63 else value


class DotNetDecimal(Format):
    """.NET's decimal: 96 bits of digits and 32 of sign and scale, the low words first whatever the byte order."""

    def read(self, reader: Reader) -> Value:
        low, middle, high, flags = struct.unpack("<4I", reader.take(16))
        scale = (flags >> 16) & 0xFF
        if scale > 28 or flags & 0x7F00FFFF:
            raise MError("DataFormat.Error", "The binary has no decimal there.")
        digits = (high << 64) | (middle << 32) | low
        return Decimal(-digits if flags >> 31 else digits).scaleb(-scale)


class Nothing(Format):
    """Null, which takes no bytes."""

    def read(self, reader: Reader) -> Value:
        return None


SIMPLE: dict[str, Format] = {
    "BinaryFormat.Byte": Number("B"),
    "BinaryFormat.SignedInteger16": Number("h"),
    "BinaryFormat.SignedInteger32": Number("i"),
    "BinaryFormat.SignedInteger64": Number("q"),
    "BinaryFormat.UnsignedInteger16": Number("H"),
    "BinaryFormat.UnsignedInteger32": Number("I"),
    "BinaryFormat.UnsignedInteger64": Number("Q"),
    "BinaryFormat.Single": Number("f"),
    "BinaryFormat.Double": Number("d"),
    "BinaryFormat.Decimal": DotNetDecimal(),
    "BinaryFormat.Null": Nothing(),
    "BinaryFormat.7BitEncodedSignedInteger": SevenBit(signed=True),
    "BinaryFormat.7BitEncodedUnsignedInteger": SevenBit(signed=False),
}
"""The formats that are functions of the library themselves."""


def format_of(value: Value) -> Format | None:
    """The format that a value is, or None."""
    value = plain(value)
    origin = value.origin if isinstance(value, Function) else None
    if isinstance(origin, Declaration):
        return SIMPLE.get(origin.name)
    return origin if isinstance(origin, Format) else None


def required_format(value: Value) -> Format:
    """The format that a value is; MError Expression.Error where it is none."""
    found = format_of(value)
    if found is None:
        raise MError(
            "Expression.Error", "The value is no binary format.", value, hint="Make one with a BinaryFormat function."
        )
    return found


def count_of(value: Value) -> Callable[[Reader], int]:
    """How many: a number as it is, or one that a format reads first.

    Raises:
        MError: Expression.Error, it is neither; DataFormat.Error in reading, what was read is no count.
    """
    value = plain(value)
    form = format_of(value)
    if form is None:
        if not _is_count(value):
            raise MError("Expression.Error", "A length or count is a whole number, or a binary format.", value)
        fixed = int(value)
        return lambda _: fixed

    def read(reader: Reader) -> int:
        count = plain(form.read(reader))
        if not _is_count(count):
            raise MError("DataFormat.Error", "The binary has no length or count there.", count)
        return int(count)

    return read


def _is_count(value: Value) -> bool:
    return is_number(value) and math.isfinite(value) and value >= 0 and value == int(value)
