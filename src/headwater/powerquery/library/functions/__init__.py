"""Functions about functions: calling, comparing, splitting, combining and replacing; errors, expressions, tracing."""

from headwater.powerquery.library.functions import (
    binary,
    combiners,
    comparers,
    diagnostics,
    errors,
    expressions,
    invoking,
    replacers,
    splitters,
    vectors,
)

__all__ = [
    "binary",
    "combiners",
    "comparers",
    "diagnostics",
    "errors",
    "expressions",
    "invoking",
    "replacers",
    "splitters",
    "vectors",
]
