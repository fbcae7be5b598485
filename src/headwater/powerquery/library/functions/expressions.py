"""M text made and evaluated by M."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.text import canonical_text
from headwater.powerquery.values.types import kind_of

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Expression.Constant(value as any) as text",
    examples=[
        ('Expression.Constant("a")', '"""a"""'),
        ("Expression.Constant(#date(2024, 2, 29))", '"#date(2024, 2, 29)"'),
    ],
)
def constant_text(value: Value) -> str:
    """The M text of a scalar value."""
    value = plain(value)
    if isinstance(value, List | Record | Table | Function):
        raise MError("Expression.Error", f"A value of type {kind_of(value).capitalize()} has no constant.", value)
    return canonical_text(value)


@function(
    "Expression.Identifier(name as text) as text",
    examples=[('Expression.Identifier("abc")', '"abc"'), ('Expression.Identifier("a b")', '"#""a b"""')],
)
def identifier(name: str) -> str:
    """The M text of a name, quoted where it has to be."""
    from headwater.powerquery.language import quote_identifier

    return quote_identifier(name)


@function(
    "Expression.Evaluate(document as text, optional environment as nullable record) as any",
    examples=[
        ('Expression.Evaluate("1 + 2 * 3")', "7"),
        ('Expression.Evaluate("x * 2", [x = 21])', "42"),
        ('Expression.Evaluate("List.Sum({1, 2})", #shared)', "3"),
        ('(try Expression.Evaluate("List.Sum({1, 2})"))[HasError]', "true"),
    ],
    session=True,
)
def evaluate(session: Session, document: str, environment: Record | None = None) -> Value:
    """The value of an expression, which sees the names of the environment and no others."""
    from headwater.powerquery.evaluator.program import evaluate_expression

    return evaluate_expression(document, _names(environment), session)


def _names(environment: Record | None) -> Callable[[str], Value]:
    from headwater.powerquery.evaluator.compiler import undefined_name

    def lookup(name: str) -> Value:
        if environment is None or name not in environment:
            raise undefined_name(name)
        return force(environment.get(name))

    return lookup
