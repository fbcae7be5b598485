"""Decimal arithmetic, where M asks for it by ``Precision.Decimal``."""

from __future__ import annotations

from decimal import Context, Decimal

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
