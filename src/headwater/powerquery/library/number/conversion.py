"""From values to numbers of every size, and from numbers to text."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.library.convert import to_int64, to_number, to_text
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import conversion
from headwater.powerquery.library.number.formats import format_number
from headwater.powerquery.library.number.precision import as_decimal, number_of_decimal
from headwater.powerquery.library.number.rounding import TO_EVEN, rounded_decimal
from headwater.powerquery.values.core import Value, plain

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Number.From(value as any, optional culture as nullable text) as nullable number",
    examples=[
        ('Number.From("1,234.5")', "1234.5"),
        ('Number.From("12%")', "0.12"),
        ("Number.From(true)", "1"),
        ("Number.From(#date(1900, 1, 1))", "2"),
    ],
    fold=conversion("Number.From"),
    session=True,
)
def number_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A number from a value: text, a logical, or a date or time as days."""
    culture_of(culture, session)
    return to_number(value)


@function(
    "Number.FromText(text as nullable text, optional culture as nullable text) as nullable number",
    examples=[('Number.FromText("-2.5e3")', "-2500"), ("Number.FromText(null)", "null")],
    session=True,
)
def number_from_text(session: Session, text: str | None, culture: str | None = None) -> Value:
    """The number that a text writes."""
    culture_of(culture, session)
    return to_number(text)


@function(
    "Number.ToText(number as nullable number, optional format as nullable text, optional culture as nullable text) as"
    " nullable text",
    examples=[
        ("Number.ToText(0.5)", '"0.5"'),
        ('Number.ToText(1234.5, "N1")', '"1,234.5"'),
        ('Number.ToText(7, "000")', '"007"'),
        ('Number.ToText(255, "X")', '"FF"'),
    ],
    session=True,
)
def number_to_text(session: Session, number: Value, picture: str | None = None, culture: str | None = None) -> Value:
    """The number as text, by a format such as N2 or #,##0.00, or else in its shortest form."""
    known = culture_of(culture, session)
    if number is None:
        return None
    return format_number(number, picture, known) if picture else to_text(number)


def _declare_double(name: str, summary: str) -> None:
    def implementation(session: Session, value: Value, culture: str | None = None) -> Value:
        culture_of(culture, session)
        return to_number(value)

    implementation.__doc__ = summary
    signature = f"{name}.From(value as any, optional culture as nullable text) as nullable number"
    function(signature, examples=[(f'{name}.From("4.5")', "4.5")], session=True)(implementation)


_declare_double("Double", "A number of double precision from a value.")
_declare_double("Decimal", "A decimal number from a value.")
_declare_double("Percentage", "A percentage from a value.")


@function(
    "Single.From(value as any, optional culture as nullable text) as nullable number",
    examples=[('Single.From("0.1")', "0.1"), ("Single.From(16777217)", "16777216")],
    session=True,
)
def single_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A number of single precision from a value."""
    culture_of(culture, session)
    number = to_number(value)
    if number is None or not math.isfinite(number):
        return number
    try:
        single = struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    # the shortest decimal that reads back to the same single: what a person takes the number for
    shortest = next(text for text in (f"{single:.{digits}g}" for digits in range(1, 10)) if _is_single(text, single))
    return number_of_decimal(as_decimal(float(shortest)))


def _is_single(text: str, single: float) -> bool:
    read: float = struct.unpack("<f", struct.pack("<f", float(text)))[0]
    return read == single


_CURRENCY_DIGITS = 4
_CURRENCY_LIMIT = as_decimal(922337203685477)


@function(
    "Currency.From(value as any, optional culture as nullable text, optional roundingMode as nullable number) as"
    " nullable number",
    examples=[
        ('Currency.From("1.23455")', "1.2346"),
        ("Currency.From(1.00005, null, RoundingMode.Up)", "1.0001"),
    ],
    session=True,
)
def currency_from(session: Session, value: Value, culture: str | None = None, mode: Value = None) -> Value:
    """A number with four digits after the point from a value; halves go to the even neighbour, or by a mode."""
    culture_of(culture, session)
    number = to_number(value)
    if number is None:
        return None
    if not math.isfinite(number) or abs(number) > _CURRENCY_LIMIT:
        raise MError("Expression.Error", "The number is out of range of a Currency value.", number)
    return number_of_decimal(rounded_decimal(as_decimal(number), _CURRENCY_DIGITS, mode))


def _whole_from(value: Value, low: int, high: int, bits: int, mode: Value) -> Value:
    value = plain(value)
    rounded = to_int64(value) if mode is None or mode == TO_EVEN else _rounded(value, mode)
    if rounded is None:
        return None
    if not low <= rounded <= high:
        raise MError("Expression.Error", f"The number is out of range of a {bits} bit integer value.", value)
    return rounded


def _rounded(value: Value, mode: Value) -> Value:
    number = to_number(value)
    if number is None:
        return None
    if not math.isfinite(number):
        raise c.OUT_OF_INT64.error(number)
    return int(rounded_decimal(as_decimal(number), 0, mode))


def _declare_whole(name: str, low: int, high: int, bits: int) -> None:
    def implementation(session: Session, value: Value, culture: str | None = None, mode: Value = None) -> Value:
        culture_of(culture, session)
        return _whole_from(value, low, high, bits, mode)

    implementation.__doc__ = (
        f"A whole number of {bits} bits from a value; halves go to the even neighbour unless a mode is given."
    )
    function(
        f"{name}.From(value as any, optional culture as nullable text, optional roundingMode as nullable number) as"
        " nullable number",
        examples=[
            (f'{name}.From("4.5")', "4"),
            (f"{name}.From(4.5, null, RoundingMode.AwayFromZero)", "5"),
            (f"(try {name}.From({high + 1}))[HasError]", "true"),
        ],
        fold=conversion("Int64.From") if name == "Int64" else None,
        session=True,
    )(implementation)


_declare_whole("Byte", 0, 255, 8)
for _name, _bits in (("Int8", 8), ("Int16", 16), ("Int32", 32), ("Int64", 64)):
    _declare_whole(_name, -(2 ** (_bits - 1)), 2 ** (_bits - 1) - 1, _bits)
