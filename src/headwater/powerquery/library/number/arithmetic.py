"""Arithmetic beyond the operators."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.library.number.folds import in_double, logarithm_to
from headwater.powerquery.library.number.precision import DECIMAL, decimal_result, precision_of, quotient
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.operators import divide, to_double

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def real(compute: Callable[..., float], *numbers: Value) -> float:
    """``compute`` of the numbers; NaN where it is not defined, infinity where the result is too large.

    >>> real(math.log, -1.0), real(math.exp, 1000.0)
    (nan, inf)
    """
    try:
        return compute(*(float(number) for number in numbers))
    except ValueError:
        return math.nan
    except OverflowError:
        return -math.inf if compute is math.sinh and numbers[0] < 0 else math.inf


@function(
    "Number.Abs(number as nullable number) as nullable number",
    examples=[("Number.Abs(-3)", "3"), ("Number.Abs(null)", "null")],
    fold=exactly("Number.Abs", 1),
)
def absolute(number: Value) -> Value:
    """The number without its sign."""
    return None if number is None else abs(to_double(number))


@function(
    "Number.Sign(number as nullable number) as nullable number",
    examples=[("Number.Sign(-3)", "-1"), ("Number.Sign(0)", "0")],
    fold=exactly("Number.Sign", 1),
)
def sign(number: Value) -> Value:
    """1 for positive numbers, -1 for negative ones, 0 for 0."""
    if number is None or math.isnan(number):
        return number
    return (number > 0) - (number < 0)


@function(
    "Number.IntegerDivide(number1 as nullable number, number2 as nullable number, optional precision as nullable"
    " number) as nullable number",
    examples=[
        ("Number.IntegerDivide(7, 2)", "3"),
        ("Number.IntegerDivide(-7, 2)", "-3"),
        ("Number.IntegerDivide(7, 0)", "#nan"),
    ],
    fold=in_double("Number.IntegerDivide"),
)
def integer_divide(number: Value, divisor: Value, precision: Value = None) -> Value:
    """The quotient without its fraction; NaN where it is not finite."""
    if number is None or divisor is None:
        return None
    if precision_of(precision) == DECIMAL:
        found = decimal_result(_whole_quotient, number, divisor)
        if found is not None:
            return found
    quotient = divide(number, divisor)
    return to_double(math.trunc(quotient)) if math.isfinite(quotient) else math.nan


def _whole_quotient(left: Decimal, right: Decimal) -> Decimal:
    return quotient(left, right).to_integral_value(decimal.ROUND_DOWN)


@function(
    "Number.Mod(number as nullable number, divisor as nullable number, optional precision as nullable number) as"
    " nullable number",
    examples=[("Number.Mod(7, 3)", "1"), ("Number.Mod(-7, 3)", "-1"), ("Number.Mod(7, 0)", "#nan")],
    fold=in_double("Number.Mod"),
)
def modulo(number: Value, divisor: Value, precision: Value = None) -> Value:
    """What a division leaves over, with the dividend's sign."""
    if number is None or divisor is None:
        return None
    if divisor == 0 or not math.isfinite(number) or math.isnan(divisor):
        return math.nan
    if precision_of(precision) == DECIMAL:
        found = decimal_result(Decimal.__mod__, number, divisor)
        if found is not None:
            return found
    left_over = math.fmod(number, divisor)
    # adding zero makes -0 a 0
    return int(left_over) if isinstance(number, int) and isinstance(divisor, int) else left_over + 0.0


@function(
    "Number.Power(number as nullable number, power as nullable number) as nullable number",
    examples=[("Number.Power(2, 10)", "1024"), ("Number.Power(-1, 0.5)", "#nan")],
    fold=exactly("Number.Power", 2),
)
def power(number: Value, exponent: Value) -> Value:
    """The number raised to a power."""
    if number is None or exponent is None:
        return None
    if number == 0 and exponent < 0:
        return math.inf
    result = real(math.pow, number, exponent)
    odd = float(exponent).is_integer() and exponent % 2 == 1
    return -math.inf if result == math.inf and number < 0 and odd else result


@function(
    "Number.Sqrt(number as nullable number) as nullable number",
    examples=[("Number.Sqrt(16)", "4"), ("Number.Sqrt(-1)", "#nan")],
    fold=exactly("Number.Sqrt", 1),
)
def square_root(number: Value) -> Value:
    """The square root."""
    return None if number is None else real(math.sqrt, number)


@function(
    "Number.Exp(number as nullable number) as nullable number",
    examples=[("Number.Exp(0)", "1"), ("Number.Exp(1000)", "#infinity")],
    fold=exactly("Number.Exp", 1),
)
def exponential(number: Value) -> Value:
    """e raised to the number."""
    return None if number is None else real(math.exp, number)


def _logarithm(number: Value, compute: Callable[..., float]) -> float:
    return -math.inf if number == 0 else real(compute, number)


@function(
    "Number.Ln(number as nullable number) as nullable number",
    examples=[("Number.Ln(1)", "0"), ("Number.Ln(0)", "-#infinity"), ("Number.Ln(-1)", "#nan")],
    fold=exactly("Number.Ln", 1),
)
def natural_logarithm(number: Value) -> Value:
    """The natural logarithm."""
    return None if number is None else _logarithm(number, math.log)


@function(
    "Number.Log(number as nullable number, optional base as nullable number) as nullable number",
    examples=[("Number.Log(8, 2)", "3"), ("Number.Log(1)", "0")],
    fold=logarithm_to,
)
def logarithm(number: Value, base: Value = None) -> Value:
    """The logarithm to a base, by default e."""
    if number is None:
        return None
    exact = {None: math.log, 2: math.log2, 10: math.log10}.get(base)
    if exact is not None:
        return _logarithm(number, exact)
    return divide(_logarithm(number, math.log), _logarithm(base, math.log)) if base > 0 and base != 1 else math.nan


@function(
    "Number.Log10(number as nullable number) as nullable number",
    examples=[("Number.Log10(1000)", "3")],
    fold=exactly("Number.Log10", 1),
)
def logarithm_10(number: Value) -> Value:
    """The logarithm to the base 10."""
    return None if number is None else _logarithm(number, math.log10)


@function(
    "Number.Factorial(number as nullable number) as nullable number",
    examples=[("Number.Factorial(5)", "120"), ("Number.Factorial(171)", "#infinity")],
)
def factorial(number: Value) -> Value:
    """The product of the whole numbers from 1 to the number."""
    if number is None:
        return None
    size = whole(number, "number")
    return to_double(math.factorial(size)) if size <= 170 else math.inf


def _ways(compute: Callable[[int, int], int], size: Value, chosen: Value, what: str) -> Value:
    if size is None or chosen is None:
        return None
    count = compute(whole(size, "setSize"), whole(chosen, what))
    return to_double(count) if count.bit_length() <= 1023 else math.inf


@function(
    "Number.Combinations(setSize as nullable number, combinationSize as nullable number) as nullable number",
    examples=[("Number.Combinations(5, 3)", "10")],
)
def combinations(size: Value, chosen: Value) -> Value:
    """In how many ways so many things can be chosen from a set, whatever their order."""
    return _ways(math.comb, size, chosen, "combinationSize")


@function(
    "Number.Permutations(setSize as nullable number, permutationSize as nullable number) as nullable number",
    examples=[("Number.Permutations(5, 3)", "60")],
)
def permutations(size: Value, chosen: Value) -> Value:
    """In how many ways so many things can be chosen from a set, one after another."""
    return _ways(math.perm, size, chosen, "permutationSize")


@function(
    "Number.IsEven(number as number) as logical",
    examples=[("Number.IsEven(4)", "true")],
    fold=exactly("Number.IsEven", 1),
)
def is_even(number: Value) -> bool:
    """Whether 2 divides the number."""
    return math.isfinite(number) and number % 2 == 0


@function(
    "Number.IsOdd(number as number) as logical", examples=[("Number.IsOdd(3)", "true")], fold=exactly("Number.IsOdd", 1)
)
def is_odd(number: Value) -> bool:
    """Whether dividing the number by 2 leaves 1."""
    return math.isfinite(number) and number % 2 == 1


@function(
    "Number.IsNaN(number as number) as logical",
    examples=[("Number.IsNaN(0 / 0)", "true"), ("Number.IsNaN(1 / 0)", "false")],
    fold=exactly("Number.IsNaN", 1),
)
def is_nan(number: Value) -> bool:
    """Whether the number is NaN."""
    return math.isnan(number)


@function("Number.Random() as number", examples=[("Number.Random() < 1", "true")], session=True)
def random_number(session: Session) -> float:
    """A random number from 0 up to 1."""
    return session.random.random()


@function(
    "Number.RandomBetween(bottom as number, top as number) as number",
    examples=[("Number.RandomBetween(5, 5)", "5")],
    session=True,
)
def random_between(session: Session, bottom: Value, top: Value) -> float:
    """A random number between two numbers."""
    return session.random.uniform(float(bottom), float(top))
