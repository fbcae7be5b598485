"""Comparisons with M's meaning, where DuckDB's differs: null equals null, NaN equals nothing and is less than nothing,
and a whole number is compared with a double by value (DuckDB turns it into a double first, and 2^53 + 1 into 2^53).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sqlglot import exp

from headwater.engines.duckdb.scope import Scope
from headwater.engines.duckdb.sql import cast, coalesce, same
from headwater.engines.sql import Sql, binary, both, call, case, is_null, negate, not_null, text
from headwater.plan.conversions import INT64_MAX, INT64_MIN
from headwater.plan.expressions import Expr, Literal
from headwater.plan.types import DOUBLE, INT64, DataType, Kind

_SQL_ORDER: dict[str, type[exp.Binary]] = {"<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_BEYOND_INT64 = "1e19"


def exact_literal(argument: Expr, other: Expr) -> Expr:
    """A number in the other side's type where it has the same value there, so that the comparison needs no care."""
    if not isinstance(argument, Literal) or argument.value is None:
        return argument
    value = argument.value
    match argument.type.kind, other.type.kind:
        case Kind.DOUBLE, Kind.INT64 if math.isfinite(value) and value == int(value) and _fits(int(value)):
            return Literal(int(value), INT64)
        case Kind.INT64, Kind.DOUBLE if int(float(value)) == value:
            return Literal(float(value), DOUBLE)
        case _:
            return argument


def _fits(value: int) -> bool:
    return INT64_MIN <= value <= INT64_MAX


class Side(NamedTuple):
    """One side of a comparison."""

    value: Sql
    type: DataType


def equal(scope: Scope, one: Side, other: Side) -> Sql:
    """``=``: true or false, never null."""
    (left, left_type), (right, right_type) = one, other
    kinds = left_type.kind, right_type.kind
    if kinds == (Kind.DOUBLE, Kind.INT64):
        return equal(scope, other, one)
    if kinds == (Kind.INT64, Kind.DOUBLE):
        left, right = scope.once(left), scope.once(right)
        whole = both(binary(exp.EQ, right, call("floor", right)), binary(exp.EQ, left, _integer("floor", right)))
        return case((is_null(right), is_null(left)), otherwise=coalesce(whole, exp.false()))
    left, right = _comparable(left, left_type, right_type), _comparable(right, right_type, left_type)
    if Kind.DOUBLE not in kinds:
        return same(left, right)
    left = scope.once(left)
    return both(same(left, right), coalesce(negate(call("isnan", cast(left, "DOUBLE"))), exp.true()))


def compare(scope: Scope, operator: str, one: Side, other: Side) -> Sql:
    """``<``, ``<=``, ``>`` or ``>=``: null when either side is."""
    (left, left_type), (right, right_type) = one, other
    kinds = left_type.kind, right_type.kind
    if kinds == (Kind.DOUBLE, Kind.INT64):
        return compare(scope, _MIRRORED[operator], other, one)
    if kinds == (Kind.INT64, Kind.DOUBLE):
        return _whole_against_double(scope, operator, left, right)
    left, right = _comparable(left, left_type, right_type), _comparable(right, right_type, left_type)
    # DuckDB holds NaN for greater than everything: only on the greater side can it make a comparison true.
    great, great_type, small = (right, right_type, left) if operator[0] == "<" else (left, left_type, right)
    if great_type.kind is not Kind.DOUBLE or _is_finite(great):
        return binary(_SQL_ORDER[operator], left, right)
    great, small = scope.once(great), scope.once(small)
    left, right = (small, great) if operator[0] == "<" else (great, small)
    number = negate(call("isnan", great))
    guard = number if _is_finite(small) else binary(exp.Or, is_null(small), number)
    return both(binary(_SQL_ORDER[operator], left, right), guard)


def sort_value(value: Sql, data_type: DataType) -> Sql:
    """What a value of this type is sorted, grouped and joined by."""
    return _comparable(value, data_type, data_type)


def join_keys(scope: Scope, value: Sql, own: DataType, other: DataType) -> tuple[Sql, ...]:
    """What to join by in place of a key, so that IS NOT DISTINCT FROM compares by value and still hashes.

    Where one side is int64 and the other double, both are turned into int64 and a flag: false for a double that no
    int64 equals.
    """
    kinds = {own.kind, other.kind}
    if kinds != {Kind.INT64, Kind.DOUBLE}:
        return (_comparable(value, own, other),)
    if own.kind is Kind.INT64:
        return value, exp.true()
    value = scope.once(value)
    whole = scope.once(_integer("floor", value))
    fits = both(
        binary(exp.EQ, value, call("floor", value)),
        exp.Between(this=whole, low=_huge(INT64_MIN), high=_huge(INT64_MAX)),
    )
    return cast(case((fits, whole)), "BIGINT"), coalesce(fits, exp.true())


def _whole_against_double(scope: Scope, operator: str, left: Sql, right: Sql) -> Sql:
    left, right = scope.once(left), scope.once(right)
    # i < d where i < ceil(d), i <= d where i <= floor(d): the bound is a whole number, and nothing is rounded.
    bound = _integer("ceil" if operator in ("<", ">=") else "floor", right)
    unordered = case((not_null(left), exp.false()))
    return case((call("isnan", right), unordered), otherwise=binary(_SQL_ORDER[operator], left, bound))


def _integer(rounding: str, value: Sql) -> Sql:
    """A double as a whole number of 128 bits; what no int64 reaches is cut to a bound beyond them all."""
    rounded = call(rounding, value)
    low, high = (cast(text(sign + _BEYOND_INT64), "DOUBLE") for sign in ("-", ""))
    # NaN counts as greater than the upper bound; a null stays one.
    cut = case((binary(exp.GT, value, high), high), (binary(exp.LT, value, low), low), otherwise=rounded)
    return cast(cut, "HUGEINT")


def _huge(value: int) -> Sql:
    return cast(text(str(value)), "HUGEINT")


def _comparable(value: Sql, own: DataType, other: DataType) -> Sql:
    if own.kind is Kind.DATETIMEZONE:
        return call("struct_extract", value, text("instant"))
    # A decimal of more than 19 decimals has no room for every int64 before its point.
    wide = any(side.kind is Kind.DECIMAL and side.scale > 19 for side in (own, other))
    return cast(value, "DOUBLE") if wide and {own.kind, other.kind} == {Kind.DECIMAL, Kind.INT64} else value


def _is_finite(value: Sql) -> bool:
    """A literal other than NaN and null."""
    literal = value.this if isinstance(value, exp.Cast) else value
    return isinstance(literal, exp.Literal) and literal.name != "nan"
