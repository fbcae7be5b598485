"""Small builders of sqlglot nodes, all for DuckDB, beside those that hold for every dialect."""

from __future__ import annotations

from sqlglot import exp

from headwater.engines.sql import Sql, binary, call, text

DIALECT = "duckdb"


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column reference."""
    return exp.column(name, table=table, quoted=True)


def cast(value: Sql, to: str) -> Sql:
    """CAST, which may only be used where it cannot fail."""
    return exp.Cast(this=value, to=exp.DataType.build(to, dialect=DIALECT))


def try_cast(value: Sql, to: str) -> Sql:
    """TRY_CAST: null where the value does not convert."""
    return exp.TryCast(this=value, to=exp.DataType.build(to, dialect=DIALECT))


def either(left: Sql, right: Sql) -> Sql:
    """OR."""
    return binary(exp.Or, left, right)


def coalesce(*values: Sql) -> Sql:
    """The first that is not null."""
    return values[0] if len(values) == 1 else call("coalesce", *values)


def same(left: Sql, right: Sql) -> Sql:
    """IS NOT DISTINCT FROM: null equals null; hash joins run on it."""
    return binary(exp.NullSafeEQ, left, right)


def over(function: Sql, order: list[exp.Ordered] | None = None) -> Sql:
    """A window function over all rows, in ``order`` or as they come."""
    return exp.Window(this=function, order=exp.Order(expressions=order) if order else None)


def ordered(value: Sql, *, descending: bool = False, nulls_first: bool = True) -> exp.Ordered:
    """One ORDER BY term."""
    return exp.Ordered(this=value, desc=descending, nulls_first=nulls_first)


def alias(value: Sql, name: str) -> Sql:
    """``value AS "name"``."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def table(name: str, as_name: str | None = None) -> exp.Table:
    """A table or common table expression by name."""
    found_as = None if as_name is None else exp.TableAlias(this=exp.to_identifier(as_name, quoted=True))
    return exp.Table(this=exp.to_identifier(name, quoted=True), alias=found_as)


def packed(values: list[Sql]) -> Sql:
    """The values as one record, its members called by their positions."""
    names = (exp.to_identifier(str(at), quoted=True) for at in range(len(values)))
    members = [exp.PropertyEQ(this=name, expression=value) for name, value in zip(names, values, strict=True)]
    return exp.Struct(expressions=members)


def member(record: Sql, at: int) -> Sql:
    """What stands at a position of a record that :func:`packed` made."""
    return call("struct_extract", record, text(str(at)))


def is_simple(value: Sql) -> bool:
    """Nothing is computed here, so the expression may be written as often as one likes."""
    return isinstance(value, exp.Column | exp.Literal | exp.Null | exp.Boolean) or (
        isinstance(value, exp.Cast) and not isinstance(value, exp.TryCast) and isinstance(value.this, exp.Literal)
    )


def substitute(value: Sql, columns: dict[str, Sql]) -> Sql:
    """``value`` with each column reference replaced by what ``columns`` has for it."""

    def replace(node: exp.Expression) -> exp.Expression:
        return columns[node.name].copy() if isinstance(node, exp.Column) and not node.table else node

    return value.copy().transform(replace, copy=False)
