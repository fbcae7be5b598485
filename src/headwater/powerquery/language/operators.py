"""What the parser and the printer both know: operators with their precedence, and the names of primitive types."""

from __future__ import annotations

__all__ = ["BINARY_PRECEDENCE", "PRIMITIVE_TYPES", "UNARY_OPERATORS", "UNARY_PRECEDENCE"]

BINARY_PRECEDENCE = {
    operator: precedence
    for precedence, operators in enumerate(
        ("??", "or", "and", "is", "as", "= <>", "< <= > >=", "+ - &", "* /", "meta"), start=1
    )
    for operator in operators.split()
}
"""Binary operators, all of which group to the left; a higher number binds tighter.

``??`` is not in the specification's grammar; it binds weakest, as Power Query has it.
"""

UNARY_PRECEDENCE = max(BINARY_PRECEDENCE.values()) + 1
UNARY_OPERATORS = frozenset(("+", "-", "not"))

PRIMITIVE_TYPES = frozenset(
    [
        "action",
        "any",
        "anynonnull",
        "binary",
        "date",
        "datetime",
        "datetimezone",
        "duration",
        "function",
        "list",
        "logical",
        "none",
        "null",
        "number",
        "record",
        "table",
        "text",
        "time",
        "type",
    ]
)
