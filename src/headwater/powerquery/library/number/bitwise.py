"""Operations on the bits of whole numbers, as numbers of 64 bits with a sign."""

from __future__ import annotations

import operator
from collections.abc import Callable

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.operators import cannot_convert, is_number

_SIGN = 2**63


def _bits(number: Value, what: str) -> int:
    bits = whole(number, what, least=-_SIGN)
    if plain(number) >= _SIGN:  # `whole` gives the largest that Python counts by, then
        raise MError("Expression.Error", f"The '{what}' argument is out of range.", number)
    return bits


def _signed(bits: int) -> int:
    return (bits + _SIGN) % (2 * _SIGN) - _SIGN


def _declare(name: str, apply: Callable[[int, int], int], summary: str, example: tuple[str, str]) -> None:
    def implementation(left: Value, right: Value) -> Value:
        if left is None or right is None:
            return None
        return _signed(apply(_bits(left, "number1"), _bits(right, "number2")))

    implementation.__doc__ = summary
    signature = f"Number.{name}(number1 as nullable number, number2 as nullable number) as nullable number"
    folds = exactly(f"Number.{name}", 2) if name in ("BitwiseAnd", "BitwiseOr", "BitwiseXor") else None
    function(signature, examples=[example], fold=folds)(implementation)


_declare("BitwiseAnd", operator.and_, "The bits that both numbers have.", ("Number.BitwiseAnd(12, 10)", "8"))
_declare("BitwiseOr", operator.or_, "The bits that either number has.", ("Number.BitwiseOr(12, 10)", "14"))
_declare("BitwiseXor", operator.xor, "The bits that one number has.", ("Number.BitwiseXor(12, 10)", "6"))
_declare(
    "BitwiseShiftLeft",
    lambda bits, by: bits << (by & 63),
    "The first number's bits moved left by the second.",
    ("Number.BitwiseShiftLeft(3, 4)", "48"),
)
_declare(
    "BitwiseShiftRight",
    lambda bits, by: bits >> (by & 63),
    "The first number's bits moved right by the second.",
    ("Number.BitwiseShiftRight(48, 4)", "3"),
)


@function("Number.BitwiseNot(number as any) as any", examples=[("Number.BitwiseNot(0)", "-1")])
def bitwise_not(number: Value) -> Value:
    """The bits that the number does not have."""
    number = plain(number)
    if number is None:
        return None
    if not is_number(number):
        raise cannot_convert(number, "Number")
    return ~_bits(number, "number")
