"""Arithmetic and comparison of values in a precision."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.number.precision import DECIMAL, decimal_result, precision_of, quotient
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.equality import compare, equal
from headwater.powerquery.values.operators import add, divide, is_number, multiply, subtract


def _declare(
    name: str,
    operator: Callable[[Value, Value], Value],
    in_decimals: Callable[[Decimal, Decimal], Decimal],
    summary: str,
    examples: list[tuple[str, str]],
) -> None:
    def implementation(left: Value, right: Value, precision: Value = None) -> Value:
        left, right = plain(left), plain(right)
        if precision_of(precision) == DECIMAL and is_number(left) and is_number(right):
            found = decimal_result(in_decimals, left, right)
            if found is not None:
                return found
        return operator(left, right)

    implementation.__doc__ = summary
    function(
        f"Value.{name}(value1 as any, value2 as any, optional precision as nullable number) as any", examples=examples
    )(implementation)


_declare(
    "Add",
    add,
    Decimal.__add__,
    "The sum of two values, in the precision of doubles or of decimals.",
    [
        ("Value.Add(0.1, 0.2, Precision.Decimal)", "0.3"),
        ("Value.Add(#date(2024, 2, 28), #duration(1, 0, 0, 0))", "#date(2024, 2, 29)"),
    ],
)
_declare(
    "Subtract",
    subtract,
    Decimal.__sub__,
    "The difference of two values, in the precision of doubles or of decimals.",
    [("Value.Subtract(0.3, 0.1, Precision.Decimal) = 0.2", "true")],
)
_declare(
    "Multiply",
    multiply,
    Decimal.__mul__,
    "The product of two values, in the precision of doubles or of decimals.",
    [("Value.Multiply(0.1, 3, Precision.Decimal) = 0.3", "true")],
)
_declare(
    "Divide",
    divide,
    quotient,
    "The quotient of two values, in the precision of doubles or of decimals.",
    [("Value.Divide(0.3, 0.1, Precision.Decimal)", "3"), ("Value.Divide(1, 0)", "#infinity")],
)


def _equal_in(first: Value, second: Value, precision: Value) -> bool:
    one, other = plain(first), plain(second)
    if precision_of(precision) == DECIMAL and is_number(one) and is_number(other):
        same = decimal_result(lambda a, b: Decimal(a == b), one, other)
        if same is not None:
            return bool(same)
    return equal(first, second)


@function(
    "Value.Equals(value1 as any, value2 as any, optional precision as nullable number) as logical",
    examples=[
        ("Value.Equals({1, 2}, {1, 2})", "true"),
        ("Value.Equals(0.1 + 0.2, 0.3, Precision.Decimal)", "true"),
    ],
)
def value_equals(first: Value, second: Value, precision: Value = None) -> bool:
    """Whether two values are equal; as decimals, numbers that agree in fifteen digits are."""
    return _equal_in(first, second, precision)


@function(
    "Value.NullableEquals(value1 as any, value2 as any, optional precision as nullable number) as nullable logical",
    examples=[("Value.NullableEquals(1, null)", "null")],
)
def value_nullable_equals(first: Value, second: Value, precision: Value = None) -> bool | None:
    """Whether two values are equal; null when either is null."""
    return None if plain(first) is None or plain(second) is None else _equal_in(first, second, precision)


@function(
    "Value.Compare(value1 as any, value2 as any, optional precision as nullable number) as number",
    examples=[("Value.Compare(1, 2)", "-1"), ("Value.Compare(0.1 + 0.2, 0.3, Precision.Decimal)", "0")],
)
def value_compare(first: Value, second: Value, precision: Value = None) -> int:
    """-1, 0 or 1 as the first value is less than, equal to or greater than the second."""
    return 0 if _equal_in(first, second, precision) else compare(first, second)
