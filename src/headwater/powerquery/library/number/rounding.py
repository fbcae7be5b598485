"""Rounding to a number of decimal digits, as the number's shortest text shows them."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.number.folds import rounding
from headwater.powerquery.library.number.precision import EXACT, as_decimal, number_of_decimal
from headwater.powerquery.values.core import Value

UP, DOWN, AWAY_FROM_ZERO, TOWARD_ZERO, TO_EVEN = range(5)

enumeration(
    "RoundingMode",
    {"Up": UP, "Down": DOWN, "AwayFromZero": AWAY_FROM_ZERO, "TowardZero": TOWARD_ZERO, "ToEven": TO_EVEN},
    summary="Where a number half way between two others is rounded to.",
)

_TIES = {
    UP: (decimal.ROUND_HALF_UP, decimal.ROUND_HALF_DOWN),
    DOWN: (decimal.ROUND_HALF_DOWN, decimal.ROUND_HALF_UP),
    AWAY_FROM_ZERO: (decimal.ROUND_HALF_UP, decimal.ROUND_HALF_UP),
    TOWARD_ZERO: (decimal.ROUND_HALF_DOWN, decimal.ROUND_HALF_DOWN),
    TO_EVEN: (decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_EVEN),
}
"""Python's rounding for positive and for negative numbers."""

_MOST_DIGITS = 330
"""Beyond this many digits on either side of the point no double has any."""


def rounded_decimal(value: Decimal, digits: int, mode: Value) -> Decimal:
    """A decimal rounded to ``digits`` after the point, ties by a RoundingMode (null: to even).

    Raises:
        MError: Expression.Error, the mode is none of RoundingMode.Type.
    """
    pair = _TIES.get(TO_EVEN if mode is None else mode)
    if pair is None:
        raise MError("Expression.Error", "The value is no RoundingMode.Type.", mode)
    return _quantized(value, digits, pair[value < 0])


def _quantized(value: Decimal, digits: int, rounding: str) -> Decimal:
    if digits > _MOST_DIGITS:
        return value
    return value.quantize(Decimal(1).scaleb(-max(digits, -_MOST_DIGITS)), rounding=rounding, context=EXACT)


def round_number(value: Value, digits: Value, rounding: str) -> Value:
    """A number rounded by one of Python's decimal rounding modes; NaN and infinities stay."""
    if value is None or not math.isfinite(value):
        return value
    return number_of_decimal(_quantized(as_decimal(value), _digits(digits), rounding))


def _digits(digits: Value) -> int:
    return 0 if digits is None else whole(digits, "digits", least=-(10**9))


@function(
    "Number.Round(number as nullable number, optional digits as nullable number, optional roundingMode as nullable"
    " number) as nullable number",
    examples=[
        ("Number.Round(2.5)", "2"),
        ("Number.Round(-2.345, 2, RoundingMode.Down)", "-2.35"),
        ("Number.Round(1250, -2)", "1200"),
    ],
    fold=rounding("Number.Round"),
)
def round_to(value: Value, digits: Value = None, mode: Value = None) -> Value:
    """The number rounded to digits after the point (0); halves to the even neighbour unless a mode says otherwise."""
    if value is None or not math.isfinite(value):
        return value
    return number_of_decimal(rounded_decimal(as_decimal(value), _digits(digits), mode))


@function(
    "Number.RoundUp(number as nullable number, optional digits as nullable number) as nullable number",
    examples=[("Number.RoundUp(1.21, 1)", "1.3"), ("Number.RoundUp(-1.9)", "-1")],
    fold=rounding("Number.RoundUp", "Up"),
)
def round_up(value: Value, digits: Value = None) -> Value:
    """The number rounded to the next one above."""
    return round_number(value, digits, decimal.ROUND_CEILING)


@function(
    "Number.RoundDown(number as nullable number, optional digits as nullable number) as nullable number",
    examples=[("Number.RoundDown(1.29, 1)", "1.2"), ("Number.RoundDown(-1.1)", "-2")],
    fold=rounding("Number.RoundDown", "Down"),
)
def round_down(value: Value, digits: Value = None) -> Value:
    """The number rounded to the next one below."""
    return round_number(value, digits, decimal.ROUND_FLOOR)


@function(
    "Number.RoundTowardZero(number as nullable number, optional digits as nullable number) as nullable number",
    examples=[("Number.RoundTowardZero(-1.9)", "-1")],
    fold=rounding("Number.RoundTowardZero", "TowardZero"),
)
def round_toward_zero(value: Value, digits: Value = None) -> Value:
    """The number rounded to the next one nearer to 0."""
    return round_number(value, digits, decimal.ROUND_DOWN)


@function(
    "Number.RoundAwayFromZero(number as nullable number, optional digits as nullable number) as nullable number",
    examples=[("Number.RoundAwayFromZero(-1.1)", "-2")],
    fold=rounding("Number.RoundAwayFromZero", "AwayFromZero"),
)
def round_away_from_zero(value: Value, digits: Value = None) -> Value:
    """The number rounded to the next one farther from 0."""
    return round_number(value, digits, decimal.ROUND_UP)
