"""The functions on lists."""

from headwater.powerquery.library.list import (
    changing,
    extremes,
    membership,
    numerics,
    selection,
    series,
    statistics,
    transformation,
)

__all__ = [
    "changing",
    "extremes",
    "membership",
    "numerics",
    "selection",
    "series",
    "statistics",
    "transformation",
]
