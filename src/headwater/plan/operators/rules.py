"""What typing rules are made of, and the declaration of an operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headwater.plan.types import DOUBLE, NUMERIC, DataType, Kind

FOLDED_CULTURES = frozenset({"", "en-US"})

Result = tuple[DataType, bool] | None
"""The result's type and whether the operator itself can raise; None: no rule for these arguments."""

Rule = Callable[[tuple[DataType, ...], Any], Result]

PLAIN_NUMBERS = frozenset({Kind.INT64, Kind.DOUBLE})
"""The numbers that newer operators take: an engine may round a decimal where it makes a double of it."""

MOMENTS = frozenset({Kind.DATE, Kind.DATETIME})
"""What has a day."""

CLOCKS = frozenset({Kind.TIME, Kind.DATETIME})
"""What has a time of day."""

ONE_WORTH = frozenset({Kind.RECORD, Kind.LIST, Kind.BINARY})
"""Kinds that operators only hand on."""


@dataclass(frozen=True, slots=True)
class Operator:
    """``summary`` is one line for the docs; ``result`` types a call.

    ``required`` names, for each argument that must not be null, what M calls its type; "" for one that may be null.
    A null there is an error, which counts after the errors of all arguments and before any of the operator's own.
    """

    name: str
    summary: str
    result: Rule
    required: tuple[str, ...] = ()


def numeric(count: int, result: DataType) -> Rule:
    """So many numbers of any kind."""

    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, False) if len(types) == count and all(t.kind in NUMERIC for t in types) else None

    return rule


def numbers(count: int, result: DataType = DOUBLE) -> Rule:
    """So many whole numbers or doubles."""

    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, False) if len(types) == count and all(t.kind in PLAIN_NUMBERS for t in types) else None

    return rule


def of_kinds(kinds: tuple[Kind, ...], result: DataType, *, raises: bool = False) -> Rule:
    """Arguments of exactly these kinds."""

    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, raises) if tuple(t.kind for t in types) == kinds else None

    return rule


def one_of(kinds: frozenset[Kind], result: DataType) -> Rule:
    """One argument of any of the kinds."""

    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, False) if len(types) == 1 and types[0].kind in kinds else None

    return rule


def comparable(left: DataType, right: DataType) -> bool:
    """Whether two values of these types can be compared by an engine."""
    if left.kind in ONE_WORTH or right.kind in ONE_WORTH:
        return False
    return (left.kind in NUMERIC and right.kind in NUMERIC) or left.same_kind(right)


def unified(left: DataType, right: DataType) -> DataType | None:
    """The type of what is one or the other; None where there is none."""
    if left.same_kind(right):
        return left.as_nullable()
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return DOUBLE
    return None
