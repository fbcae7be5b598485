"""Small builders of sqlglot nodes for PostgreSQL, beside those that hold for every dialect."""

from __future__ import annotations

import hashlib

from sqlglot import exp

from headwater.engines.sql import Sql, call

DIALECT = "postgres"

_LONGEST_NAME = 63
"""PostgreSQL cuts names off after so many bytes."""


def identifier(name: str) -> exp.Identifier:
    """A quoted name; one that PostgreSQL would cut off gets a digest of itself for its end."""
    written = name.encode()
    if len(written) > _LONGEST_NAME:
        digest = hashlib.blake2b(written, digest_size=8).hexdigest()
        name = written[: _LONGEST_NAME - 17].decode(errors="ignore") + "$" + digest
    return exp.to_identifier(name, quoted=True)


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column reference."""
    return exp.Column(this=identifier(name), table=None if table is None else identifier(table))


def cast(value: Sql, to: str) -> Sql:
    """CAST to a type in PostgreSQL's own words."""
    return exp.Cast(this=value, to=exp.DataType.build(to, dialect=DIALECT))


def double(value: Sql) -> Sql:
    """CAST to a double, of what is none yet."""
    if isinstance(value, exp.Cast) and value.to.is_type("double"):
        return value
    return cast(value, "DOUBLE PRECISION")


def ordinal(value: Sql) -> Sql:
    """A text that compares by code point, whatever its collation."""
    return exp.Paren(this=exp.Collate(this=value, expression=exp.to_identifier("C", quoted=True)))


def ordered(value: Sql, *, descending: bool = False) -> exp.Ordered:
    """One ORDER BY term; nulls are least."""
    return exp.Ordered(this=value, desc=descending, nulls_first=not descending)


def alias(value: Sql, name: str) -> Sql:
    """``value AS "name"``."""
    return exp.Alias(this=value, alias=identifier(name))


def row_number(order: list[exp.Ordered]) -> Sql:
    """The rows' numbers in an order."""
    return exp.Window(this=call("row_number"), order=exp.Order(expressions=order))


def table(name: str, as_name: str | None = None) -> exp.Table:
    """A common table expression by name."""
    found_as = None if as_name is None else exp.TableAlias(this=identifier(as_name))
    return exp.Table(this=identifier(name), alias=found_as)


def is_simple(value: Sql) -> bool:
    """Nothing is computed here, so the expression may be written as often as one likes."""
    while isinstance(value, exp.Paren | exp.Collate | exp.Cast):
        value = value.this
    return isinstance(value, exp.Column | exp.Literal | exp.Null | exp.Boolean)


def substitute(value: Sql, columns: dict[str, Sql]) -> Sql:
    """``value`` with each reference to a column by its id replaced by what ``columns`` has for it."""
    by_name = {identifier(name).name: found for name, found in columns.items()}

    def replace(node: exp.Expression) -> exp.Expression:
        return by_name[node.name].copy() if isinstance(node, exp.Column) and not node.table else node

    return value.copy().transform(replace, copy=False)
