"""Trigonometric and hyperbolic functions; angles in radians. NaN where a function is not defined."""

from __future__ import annotations

import math
from collections.abc import Callable

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.library.number.arithmetic import real
from headwater.powerquery.values.core import Value


def _declare(name: str, compute: Callable[[float], float], summary: str, examples: list[tuple[str, str]]) -> None:
    def implementation(number: Value) -> Value:
        return None if number is None else real(compute, number)

    implementation.__doc__ = summary
    folds = exactly(f"Number.{name}", 1)
    function(f"Number.{name}(number as nullable number) as nullable number", examples=examples, fold=folds)(
        implementation
    )


_declare("Sin", math.sin, "The sine of an angle.", [("Number.Sin(0)", "0")])
_declare("Cos", math.cos, "The cosine of an angle.", [("Number.Cos(0)", "1")])
_declare("Tan", math.tan, "The tangent of an angle.", [("Number.Tan(0)", "0")])
_declare("Asin", math.asin, "The angle that has this sine.", [("Number.Asin(0)", "0"), ("Number.Asin(2)", "#nan")])
_declare("Acos", math.acos, "The angle that has this cosine.", [("Number.Acos(1)", "0")])
_declare("Atan", math.atan, "The angle that has this tangent.", [("Number.Atan(0)", "0")])
_declare("Sinh", math.sinh, "The hyperbolic sine.", [("Number.Sinh(0)", "0"), ("Number.Sinh(-1000)", "-#infinity")])
_declare("Cosh", math.cosh, "The hyperbolic cosine.", [("Number.Cosh(0)", "1"), ("Number.Cosh(-1000)", "#infinity")])
_declare("Tanh", math.tanh, "The hyperbolic tangent.", [("Number.Tanh(0)", "0")])


@function(
    "Number.Atan2(y as nullable number, x as nullable number) as nullable number",
    examples=[("Number.Atan2(0, 1)", "0"), ("Number.Atan2(0, -1) = Number.PI", "true")],
    fold=exactly("Number.Atan2", 2),
)
def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), seen from the origin."""
    return None if y is None or x is None else math.atan2(y, x)
