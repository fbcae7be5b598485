"""Constants."""

from __future__ import annotations

import math

from headwater.powerquery.library.declarations import constant

constant("Number.E", math.e, summary="The base of natural logarithms.")
constant("Number.PI", math.pi, summary="The ratio of a circle's circumference to its diameter.")
constant("Number.Epsilon", 5e-324, summary="The smallest number above 0.")
constant("Number.NaN", math.nan, summary="Not a number: what 0 / 0 gives.")
constant("Number.PositiveInfinity", math.inf, summary="What 1 / 0 gives.")
constant("Number.NegativeInfinity", -math.inf, summary="What -1 / 0 gives.")
constant("#nan", math.nan, summary="Not a number: what 0 / 0 gives.")
constant("#infinity", math.inf, summary="What 1 / 0 gives.")
