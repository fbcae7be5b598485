"""Fold rules that several library functions share."""

from __future__ import annotations

from headwater.errors import NotFoldableError
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.operators import FOLDED_CULTURES
from headwater.powerquery.library.declarations import Fold


def exactly(operator: str, count: int) -> Fold:
    """Fold to an operator, unless arguments are given that it does not take."""

    def rule(arguments: tuple[Expr, ...]) -> Expr:
        if len(arguments) != count:
            raise NotFoldableError(f"'{operator}' folds with {count} {'argument' if count == 1 else 'arguments'} only.")
        return call(operator, *arguments)

    return rule


def text_search(operator: str) -> Fold:
    """Fold a search for a text that is surely there: a null one is an error to M, and null to the operator."""
    rule = exactly(operator, 2)

    def search(arguments: tuple[Expr, ...]) -> Expr:
        wanted = arguments[-1]
        if wanted.value is None if isinstance(wanted, Literal) else wanted.type.nullable:
            raise NotFoldableError(f"'{operator}' folds only with a text that is not null.")
        return rule(arguments)

    return search


def conversion(operator: str) -> Fold:
    """Fold to a conversion operator: the value, and perhaps a constant culture; nothing further."""

    def rule(arguments: tuple[Expr, ...]) -> Expr:
        value, *further = arguments
        if len(further) > 1:
            raise NotFoldableError(f"'{operator}' does not fold with a rounding mode.")
        return call(operator, value, option=_culture(operator, further[0]) if further else "en-US")

    return rule


def _culture(operator: str, culture: Expr) -> str:
    if isinstance(culture, Literal):
        wanted = "en-US" if culture.value is None else culture.value
        if wanted in FOLDED_CULTURES:
            return str(wanted)
    raise NotFoldableError(f"'{operator}' does not fold with this culture.")
