"""Formats of one value: numbers, nothing."""

from __future__ import annotations

from headwater.powerquery.library.binary_format.reading import SIMPLE
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Value


@function(
    "BinaryFormat.Byte(binary as binary) as any",
    examples=[("BinaryFormat.Byte(#binary({7, 8}))", "7")],
)
def byte(binary: Value) -> Value:
    """A format: one byte, as a number from 0 to 255."""
    return SIMPLE["BinaryFormat.Byte"].of(binary)


@function(
    "BinaryFormat.SignedInteger16(binary as binary) as any",
    examples=[("BinaryFormat.SignedInteger16(#binary({0xFF, 0xFE}))", "-2")],
)
def signed_integer_16(binary: Value) -> Value:
    """A format: a signed whole number of 16 bits."""
    return SIMPLE["BinaryFormat.SignedInteger16"].of(binary)


@function(
    "BinaryFormat.SignedInteger32(binary as binary) as any",
    examples=[("BinaryFormat.SignedInteger32(#binary({0, 0, 1, 0}))", "256")],
)
def signed_integer_32(binary: Value) -> Value:
    """A format: a signed whole number of 32 bits."""
    return SIMPLE["BinaryFormat.SignedInteger32"].of(binary)


@function(
    "BinaryFormat.SignedInteger64(binary as binary) as any",
    examples=[("BinaryFormat.SignedInteger64(#binary({0, 0, 0, 0, 0, 0, 1, 0}))", "256")],
)
def signed_integer_64(binary: Value) -> Value:
    """A format: a signed whole number of 64 bits."""
    return SIMPLE["BinaryFormat.SignedInteger64"].of(binary)


@function(
    "BinaryFormat.UnsignedInteger16(binary as binary) as any",
    examples=[("BinaryFormat.UnsignedInteger16(#binary({0xFF, 0xFE}))", "65534")],
)
def unsigned_integer_16(binary: Value) -> Value:
    """A format: an unsigned whole number of 16 bits."""
    return SIMPLE["BinaryFormat.UnsignedInteger16"].of(binary)


@function(
    "BinaryFormat.UnsignedInteger32(binary as binary) as any",
    examples=[("BinaryFormat.UnsignedInteger32(#binary({0x80, 0, 0, 0}))", "2147483648")],
)
def unsigned_integer_32(binary: Value) -> Value:
    """A format: an unsigned whole number of 32 bits."""
    return SIMPLE["BinaryFormat.UnsignedInteger32"].of(binary)


@function(
    "BinaryFormat.UnsignedInteger64(binary as binary) as any",
    examples=[("BinaryFormat.UnsignedInteger64(#binary({0, 0, 0, 0, 0, 0, 1, 1}))", "257")],
)
def unsigned_integer_64(binary: Value) -> Value:
    """A format: an unsigned whole number of 64 bits."""
    return SIMPLE["BinaryFormat.UnsignedInteger64"].of(binary)


@function(
    "BinaryFormat.Single(binary as binary) as any",
    examples=[("BinaryFormat.Single(#binary({0x3F, 0xC0, 0, 0}))", "1.5")],
)
def single(binary: Value) -> Value:
    """A format: a floating-point number of 32 bits."""
    return SIMPLE["BinaryFormat.Single"].of(binary)


@function(
    "BinaryFormat.Double(binary as binary) as any",
    examples=[("BinaryFormat.Double(#binary({0x3F, 0xF8, 0, 0, 0, 0, 0, 0}))", "1.5")],
)
def double(binary: Value) -> Value:
    """A format: a floating-point number of 64 bits."""
    return SIMPLE["BinaryFormat.Double"].of(binary)


@function(
    "BinaryFormat.Decimal(binary as binary) as any",
    examples=[("BinaryFormat.Decimal(#binary({15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}))", "1.5")],
)
def decimal(binary: Value) -> Value:
    """A format: a decimal number in the 16 bytes that .NET writes."""
    return SIMPLE["BinaryFormat.Decimal"].of(binary)


@function(
    "BinaryFormat.Null(binary as binary) as any",
    examples=[("BinaryFormat.Null(#binary({1}))", "null")],
)
def null(binary: Value) -> Value:
    """A format: null, for which no byte is read."""
    return SIMPLE["BinaryFormat.Null"].of(binary)


@function(
    "BinaryFormat.7BitEncodedSignedInteger(binary as binary) as any",
    examples=[
        (
            'Record.Field(#shared, "BinaryFormat.7BitEncodedSignedInteger")'
            "(#binary({254, 255, 255, 255, 255, 255, 255, 255, 255, 1}))",
            "-2",
        )
    ],
)
def seven_bit_encoded_signed_integer(binary: Value) -> Value:
    """A format: a signed whole number of 64 bits, written in groups of seven."""
    return SIMPLE["BinaryFormat.7BitEncodedSignedInteger"].of(binary)


@function(
    "BinaryFormat.7BitEncodedUnsignedInteger(binary as binary) as any",
    examples=[('Record.Field(#shared, "BinaryFormat.7BitEncodedUnsignedInteger")(#binary({0xAC, 2}))', "300")],
)
def seven_bit_encoded_unsigned_integer(binary: Value) -> Value:
    """A format: an unsigned whole number of 64 bits, written in groups of seven."""
    return SIMPLE["BinaryFormat.7BitEncodedUnsignedInteger"].of(binary)
