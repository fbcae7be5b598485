"""A test for membership that both databases answer from an index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import BinaryExpression

__all__ = ["among"]


class _Among(BinaryExpression[bool]):
    inherit_cache = True


def among(value: ColumnElement[Any], few: Select[Any]) -> ColumnElement[bool]:
    """Whether ``value`` is one of the few that a query gives: ``value IN (SELECT …)``.

    PostgreSQL cannot tell how many rows come out of the groups that somebody is in, takes them for many, and reads all
    of the table that holds ``value``. So there the query runs first, as an array, and its values are looked up.

    >>> from sqlalchemy import column, select
    >>> from sqlalchemy.dialects import postgresql, sqlite
    >>> test = among(column("x"), select(column("y")))
    >>> print(test.compile(dialect=sqlite.dialect()))
    x IN (SELECT y)
    >>> print(test.compile(dialect=postgresql.dialect()))
    x = ANY (ARRAY(SELECT y))
    """
    return _Among(value, few.scalar_subquery(), operators.in_op, type_=Boolean())


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.left, **options)} = ANY (ARRAY{compiler.process(element.right, **options)})"
