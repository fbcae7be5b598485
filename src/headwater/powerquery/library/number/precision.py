"""Decimal arithmetic, where M asks for it by ``Precision.Decimal``: that of .NET's ``decimal``.

A decimal has 96 bits of digits and at most 28 of them after the point; halves are rounded to the even neighbour. A
double becomes the decimal of its first fifteen digits. What does not fit, and a division by zero, is left to doubles.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from decimal import Context, Decimal

from headwater.errors import MError
from headwater.powerquery.library.declarations import enumeration
from headwater.powerquery.values.core import Value

DOUBLE, DECIMAL = 0, 1

enumeration("Precision", {"Double": DOUBLE, "Decimal": DECIMAL}, summary="How exactly numbers are computed.")

EXACT = Context(prec=800)
"""Digits enough for every double written out."""


def as_decimal(value: Value) -> Decimal:
    """The number as the decimal that its shortest text writes.

    >>> as_decimal(0.1) + as_decimal(0.2)
    Decimal('0.3')
    """
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def number_of_decimal(value: Decimal) -> int | float:
    """The number nearest to a decimal; whole ones as whole numbers.

    >>> number_of_decimal(Decimal("0.30")), number_of_decimal(Decimal("4.00"))
    (0.3, 4)
    """
    if value.is_finite() and abs(value) < 2**53 and value == value.to_integral_value():
        return int(value)
    return float(value)


def precision_of(value: Value) -> int:
    """The Precision of an argument; doubles where none is given.

    Raises:
        MError: Expression.Error, it is none of Precision.Type.
    """
    if value is None:
        return DOUBLE
    if value not in (DOUBLE, DECIMAL):
        raise MError("Expression.Error", "The value is no Precision.Type.", value)
    return DOUBLE if value == DOUBLE else DECIMAL


_LARGEST = Decimal(2**96 - 1)
_SMALLEST = Decimal(1).scaleb(-28)
_DECIMALS = Context(prec=29, rounding=decimal.ROUND_HALF_EVEN, traps=[])
_ROUNDING = Context(prec=60, rounding=decimal.ROUND_HALF_EVEN, traps=[])


def decimal_result(
    operation: Callable[[Decimal, Decimal], Decimal], first: Value, *others: Value
) -> int | float | None:
    """The numbers combined one after another as decimals; None where one of them, or a result, is no decimal.

    >>> decimal_result(Decimal.__add__, 0.1, 0.2, 0.3), decimal_result(quotient, 1, 0)
    (0.6, None)
    """
    numbers = _as_decimals((first, *others))
    if numbers is None:
        return None
    result = numbers[0]
    with decimal.localcontext(_DECIMALS):
        for number in numbers[1:]:
            found = _fitting(operation(result, number))
            if found is None:
                return None
            result = found
    return number_of_decimal(result)


def quotient(left: Decimal, right: Decimal) -> Decimal:
    """``left / right``."""
    return left / right


def _as_decimals(numbers: Sequence[Value]) -> list[Decimal] | None:
    fitting = [_fitting(Decimal(f"{n:.15g}") if isinstance(n, float) else Decimal(n)) for n in numbers]
    present = [number for number in fitting if number is not None]
    return present if len(present) == len(fitting) else None


def _fitting(number: Decimal) -> Decimal | None:
    """The number without what is beyond 28 digits after the point; None beyond 96 bits."""
    if not number.is_finite() or abs(number) > _LARGEST:
        return None
    exponent = number.as_tuple().exponent
    return number.quantize(_SMALLEST, context=_ROUNDING) if isinstance(exponent, int) and exponent < -28 else number
