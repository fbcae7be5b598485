"""Numbers made to fit a size: single precision, currency, whole numbers of so many bits."""

from __future__ import annotations

import math
import struct

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.library.convert import to_int64, to_number
from headwater.powerquery.library.cultures import Culture
from headwater.powerquery.library.number.precision import as_decimal, number_of_decimal
from headwater.powerquery.library.number.rounding import TO_EVEN, rounded_decimal
from headwater.powerquery.values.core import Value, plain

WHOLE_BITS = {"Byte.Type": 0, "Int8.Type": 8, "Int16.Type": 16, "Int32.Type": 32}
"""How many bits the whole numbers of a type have, their sign counted; 0 is a byte, which has no sign."""


def bounds(bits: int) -> tuple[int, int]:
    """The least and the greatest whole number of so many bits; 0 is a byte.

    >>> bounds(8), bounds(0)
    ((-128, 127), (0, 255))
    """
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if bits else (0, 255)


def to_whole(value: Value, culture: Culture, bits: int, mode: Value = None) -> Value:
    """A whole number of so many bits; halves go to the even neighbour unless a RoundingMode is given.

    Raises:
        MError: DataFormat.Error or Expression.Error, it is no number, or out of range.
    """
    value = plain(value)
    even = mode is None or mode == TO_EVEN
    rounded = to_int64(value, culture) if even else _rounded(value, culture, mode)
    if rounded is None:
        return None
    low, high = bounds(bits)
    if not low <= rounded <= high:
        raise MError("Expression.Error", f"The number is out of range of a {bits or 8} bit integer value.", value)
    return rounded


def _rounded(value: Value, culture: Culture, mode: Value) -> Value:
    # a whole number keeps its worth; any other value goes through a double
    number = value if type(value) is int else to_number(value, culture)
    if number is None:
        return None
    if not math.isfinite(number):
        raise c.OUT_OF_INT64.error(number)
    return int(rounded_decimal(as_decimal(number), 0, mode))


_CURRENCY_DIGITS = 4
_CURRENCY_LIMIT = as_decimal(922337203685477)


def to_currency(value: Value, culture: Culture, mode: Value = None) -> Value:
    """A number with four digits after the point; halves go to the even neighbour, or by a RoundingMode.

    Raises:
        MError: DataFormat.Error or Expression.Error, it is no number, or out of range.
    """
    number = to_number(value, culture)
    if number is None:
        return None
    if not math.isfinite(number) or abs(number) > _CURRENCY_LIMIT:
        raise MError("Expression.Error", "The number is out of range of a Currency value.", number)
    return number_of_decimal(rounded_decimal(as_decimal(number), _CURRENCY_DIGITS, mode))


def to_single(value: Value, culture: Culture) -> Value:
    """A number of single precision, widened to a double again: 0.1 becomes 0.10000000149011612."""
    number = to_number(value, culture)
    if number is None or not math.isfinite(number):
        return number
    try:
        single: float = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return number_of_decimal(as_decimal(single))
