"""How calls of functions of lists become plan expressions: lists written out in a row function, or constant ones."""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from headwater.errors import NotFoldableError
from headwater.plan.conversions import INT64_MAX, INT64_MIN
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.types import DOUBLE, INT64, NUMERIC, DataType, Kind
from headwater.powerquery.library.declarations import Argument, Constant, Fold, Items, plain_arguments
from headwater.powerquery.library.fold_rules import given, is_null, unified_items
from headwater.powerquery.values.core import List
from headwater.powerquery.values.types import kind_of

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_MOST_CONSTANTS = 10_000
_KINDS = {Kind.TEXT: "text", Kind.LOGICAL: "logical", Kind.INT64: "number", Kind.DOUBLE: "number"}


def of_items(operator: str) -> Fold:
    """A number of some values; further arguments do not fold."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        if not all(is_null(argument) for argument in arguments[1:]):
            raise NotFoldableError(f"'{operator}' does not fold with further arguments.")
        return call(operator, *unified_items(operator, arguments[0]))

    return rule


def of_numbers(operator: str) -> Fold:
    """A number of some numbers; further arguments do not fold."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        listed = arguments[0]
        if not isinstance(listed, Items) or not all(is_null(argument) for argument in arguments[1:]):
            raise NotFoldableError(f"'{operator}' folds of a list of the row's values only.")
        nulls = (Literal(None, DOUBLE) if is_null(item) else item for item in listed.items)
        return call(operator, *nulls)

    return rule


def contains(arguments: tuple[Argument, ...], _session: Session) -> Expr:
    """List.Contains: a value among constants, or among values of the row."""
    operator = "List.Contains"
    if given(arguments, 2) is not None:
        raise NotFoldableError(f"'{operator}' does not fold with an equation.")
    listed, (value,) = arguments[0], plain_arguments(operator, arguments[1:2])
    if isinstance(listed, Items):
        equal = [call("=", value, item) for item in unified_items(operator, listed)]
        return reduce(lambda one, other: call("or", one, other), equal)
    if not isinstance(listed, Constant) or not isinstance(listed.value, List):
        raise NotFoldableError(f"'{operator}' folds of a list only.")
    return call(operator, value, *_constants(operator, listed.value, value.type))


def _constants(operator: str, items: List, of: DataType) -> list[Literal]:
    """The items that a value of this type can equal."""
    kind = _KINDS.get(of.kind)
    if kind is None or len(items) > _MOST_CONSTANTS:
        raise NotFoldableError(f"'{operator}' folds of a few texts, numbers or logicals only.")
    found = [_constant(item, of) for item in items.plain() if item is None or kind_of(item) == kind]
    return [literal for literal in found if literal is not None]


def _constant(item: Any, of: DataType) -> Literal | None:
    """A constant in this type; None where no value of the type equals it."""
    if item is None or of.kind not in NUMERIC:
        return Literal(item, of)
    if not math.isfinite(item):
        return Literal(float(item), DOUBLE) if of.kind is Kind.DOUBLE and not math.isnan(item) else None
    if of.kind is Kind.DOUBLE:
        return Literal(float(item), DOUBLE) if float(item) == item else None
    return Literal(int(item), INT64) if item == int(item) and INT64_MIN <= item <= INT64_MAX else None
