"""Operators on numbers: double arithmetic, null of null."""

from __future__ import annotations

from typing import Any

from headwater.plan.operators.rules import PLAIN_NUMBERS, Operator, Result, numbers, numeric
from headwater.plan.types import DOUBLE, INT64, LOGICAL, DataType

MOST_DIGITS = 15
"""Rounding to more digits after the point than this stays with the evaluator."""

_REAL = ("Sqrt", "Exp", "Ln", "Log2", "Log10", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh")


def _rounding(types: tuple[DataType, ...], option: Any) -> Result:
    digits, mode = option if isinstance(option, tuple) and len(option) == 2 else (None, None)
    known = digits in range(MOST_DIGITS + 1) and mode in ROUNDINGS
    return (DOUBLE, False) if known and len(types) == 1 and types[0].kind in PLAIN_NUMBERS else None


def _bits(types: tuple[DataType, ...], _option: Any) -> Result:
    return (INT64, True) if len(types) == 2 and all(t.kind in PLAIN_NUMBERS for t in types) else None


ROUNDINGS = frozenset(
    {"HalfUp", "HalfDown", "HalfAwayFromZero", "HalfTowardZero", "HalfToEven", "Up", "Down", "AwayFromZero",
     "TowardZero"}
)  # fmt: skip
"""Where to round to: the nearest, ties as the name says, or always in one direction."""

OPERATORS = (
    Operator("Number.Abs", "absolute value", numeric(1, DOUBLE)),
    Operator("Number.Sign", "1, 0 or -1; NaN of NaN", numbers(1)),
    Operator(
        "Number.Round", "rounded as the shortest text shows it: `option` is (digits, one of ROUNDINGS)", _rounding
    ),
    Operator("Number.IntegerDivide", "the quotient without its fraction; NaN where it is not finite", numbers(2)),
    Operator("Number.Mod", "what a division leaves over, with the dividend's sign", numbers(2)),
    Operator("Number.Power", "to a power; NaN where that is not defined", numbers(2)),
    Operator("Number.Atan2", "the angle of the point (x, y), given as y and x", numbers(2)),
    *(Operator(f"Number.{name}", f"{name.lower()}; NaN where it is not defined", numbers(1)) for name in _REAL),
    Operator("Number.IsNaN", "whether it is NaN", numbers(1, LOGICAL), ("Number",)),
    Operator("Number.IsEven", "whether 2 divides it", numbers(1, LOGICAL), ("Number",)),
    Operator("Number.IsOdd", "whether dividing by 2 leaves 1", numbers(1, LOGICAL), ("Number",)),
    *(Operator(f"Number.Bitwise{name}", "on numbers of 64 bits", _bits) for name in ("And", "Or", "Xor")),
)
