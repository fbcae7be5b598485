"""Functions on logicals."""

from __future__ import annotations

from headwater.plan.types import Kind
from headwater.powerquery.library.convert import to_logical, to_text
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import conversion, from_text, of_kinds
from headwater.powerquery.values.core import Value


@function(
    "Logical.From(value as any) as nullable logical",
    examples=[
        ('Logical.From("True")', "true"),
        ("Logical.From(0)", "false"),
        ("Logical.From(null)", "null"),
        ('(try Logical.From("yes"))[Error][Reason]', '"Expression.Error"'),
    ],
    fold=conversion("Logical.From"),
)
def logical_from(value: Value) -> Value:
    """A logical from a value: the texts true and false, or a number, of which only 0 is false."""
    return to_logical(value)


@function(
    "Logical.FromText(text as nullable text) as nullable logical",
    examples=[('Logical.FromText("false")', "false")],
    fold=from_text("Logical.From"),
)
def logical_from_text(text: str | None) -> Value:
    """The logical that a text names."""
    return to_logical(text)


@function(
    "Logical.ToText(logicalValue as nullable logical) as nullable text",
    examples=[("Logical.ToText(1 < 2)", '"true"')],
    fold=of_kinds("Text.From", Kind.LOGICAL, option=""),
)
def logical_to_text(value: bool | None) -> Value:
    """The name of a logical."""
    return to_text(value)
