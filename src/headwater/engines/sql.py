"""Small builders of sqlglot nodes that hold for every dialect.

Operators are built inside parentheses: sqlglot adds none. Functions are ``Anonymous`` nodes on purpose: sqlglot then
writes them as they are, and neither renames nor drops arguments from one of its releases to the next.
"""

from __future__ import annotations

from typing import TypeAlias

from sqlglot import exp

Sql: TypeAlias = exp.Expression


def text(value: str) -> Sql:
    """A text literal."""
    return exp.Literal.string(value)


def whole(value: int) -> Sql:
    """A whole number, without a cast."""
    return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Neg(this=exp.Literal.number(-value)))


def call(name: str, *arguments: Sql) -> Sql:
    """A function call."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def case(*branches: tuple[Sql, Sql], otherwise: Sql | None = None) -> Sql:
    """CASE WHEN … THEN … ELSE … END; without ``otherwise``, null."""
    return exp.Case(ifs=[exp.If(this=when, true=then) for when, then in branches], default=otherwise)


def binary(kind: type[exp.Binary], left: Sql, right: Sql) -> Sql:
    """``left`` operator ``right``, in parentheses."""
    return exp.Paren(this=kind(this=left, expression=right))


def both(*conditions: Sql) -> Sql:
    """All of the conditions, each in parentheses of its own, or none where it needs none."""
    result = conditions[0]
    for condition in conditions[1:]:
        result = exp.And(this=result, expression=condition)
    return exp.Paren(this=result) if len(conditions) > 1 else result


def negate(condition: Sql) -> Sql:
    """NOT."""
    return exp.Paren(this=exp.Not(this=condition))


def is_null(value: Sql) -> Sql:
    """IS NULL."""
    return binary(exp.Is, value, exp.null())


def not_null(value: Sql) -> Sql:
    """IS NOT NULL."""
    return negate(is_null(value))
