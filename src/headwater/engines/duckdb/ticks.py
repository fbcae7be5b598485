"""Arithmetic on ticks of 100 ns in DuckDB's SQL."""

from __future__ import annotations

from sqlglot import exp

from headwater.engines.duckdb.sql import cast
from headwater.engines.sql import Sql, binary, whole
from headwater.plan.conversions import TICKS_PER_DAY

TICKS_PER_HOUR = TICKS_PER_DAY // 24
TICKS_PER_MINUTE = TICKS_PER_HOUR // 60
TICKS_PER_SECOND = TICKS_PER_MINUTE // 60


def times(value: Sql, count: int) -> Sql:
    """A whole number times a constant."""
    return binary(exp.Mul, value, whole(count))


def plus(left: Sql, right: Sql) -> Sql:
    """A sum."""
    return binary(exp.Add, left, right)


def minus(left: Sql, right: Sql) -> Sql:
    """A difference."""
    return binary(exp.Sub, left, right)


def per(value: Sql, count: int) -> Sql:
    """A whole number divided by a constant, cut toward zero."""
    return binary(exp.IntDiv, value, whole(count))


def rest(value: Sql, count: int) -> Sql:
    """What such a division leaves over, with the sign of the number."""
    return binary(exp.Mod, value, whole(count))


def huge(value: Sql) -> Sql:
    """A whole number in 128 bits, which a sum or product of two others cannot overflow."""
    return cast(value, "HUGEINT")
