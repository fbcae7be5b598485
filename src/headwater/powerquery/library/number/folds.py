"""How calls of functions of numbers become plan expressions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwater.errors import NotFoldableError
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.operators.rules import PLAIN_NUMBERS
from headwater.plan.types import DOUBLE
from headwater.powerquery.library.declarations import Argument, Fold, plain_arguments
from headwater.powerquery.library.fold_rules import choice, constant, conversion, given, of_kinds

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_TIES = {
    None: "HalfToEven", 0: "HalfUp", 1: "HalfDown", 2: "HalfAwayFromZero", 3: "HalfTowardZero", 4: "HalfToEven",
}  # fmt: skip
"""RoundingMode.Type, by number."""


def rounding(name: str, mode: str = "") -> Fold:
    """Number.Round and its kin: constant digits, and a mode, of the function's own or a constant one."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        digits = constant(name, given(arguments, 1))
        chosen = mode or choice(name, given(arguments, 2), _TIES)
        return call("Number.Round", *plain_arguments(name, arguments[:1]), option=(digits or 0, chosen))

    return rule


def in_double(operator: str) -> Fold:
    """An operation on two numbers, in doubles."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        choice(operator, given(arguments, 2), {None: "double", 0: "double"})
        return call(operator, *plain_arguments(operator, arguments[:2]))

    return rule


def logarithm_to(arguments: tuple[Argument, ...], _session: Session) -> Expr:
    """Number.Log to a constant base."""
    name = "Number.Log"
    (number,) = plain_arguments(name, arguments[:1])
    base = constant(name, given(arguments, 1))
    operator = {None: "Number.Ln", 2: "Number.Log2", 10: "Number.Log10"}.get(base)
    if operator is not None:
        return call(operator, number)
    if isinstance(base, bool) or not isinstance(base, int | float) or not 0 < base < math.inf or base == 1:
        raise NotFoldableError(f"'{name}' does not fold with this base.")
    return call("/", call("Number.Ln", number), Literal(math.log(base), DOUBLE))


def sized(bits: int) -> Fold:
    """A whole number of so many bits (-8: an unsigned byte)."""
    whole = conversion("Int64.From")

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        number = whole(arguments, session)
        return call("Int.Sized", number, *plain_arguments("Int.Sized", arguments[:1]), option=bits)

    return rule


def to_text(arguments: tuple[Argument, ...], session: Session) -> Expr:
    """Number.ToText without a format."""
    if given(arguments, 1) is not None:
        raise NotFoldableError("'Number.ToText' does not fold with a format.")
    culture = given(arguments, 2)
    kept = arguments[:1] if culture is None else (arguments[0], culture)
    rule = conversion("Text.From")
    of_kinds("Text.From", *PLAIN_NUMBERS, option="")(arguments[:1], session)
    return rule(kept, session)
