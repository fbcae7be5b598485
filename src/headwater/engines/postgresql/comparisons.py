"""Comparisons with M's meaning, where PostgreSQL's differs: null equals null, NaN equals nothing and is less than
nothing, text is compared by code point, and a whole number is compared with a double by value.

``kept`` says that the result only decides whether a row is kept, where null counts as false: an index then helps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlglot import exp

from headwater.engines.postgresql.sql import cast, double, is_simple, ordinal
from headwater.engines.postgresql.types import instant, literal
from headwater.engines.sql import Sql, binary, both, call, case, is_null, not_null, text, whole
from headwater.errors import NotFoldableError
from headwater.plan.conversions import INT64_MAX, INT64_MIN
from headwater.plan.expressions import Expr, Literal
from headwater.plan.types import DOUBLE, INT64, DataType, Kind

_ORDERINGS: dict[str, type[exp.Binary]] = {"<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}

JOINED_BY = {
    Kind.LOGICAL: exp.false(),
    Kind.INT64: whole(0),
    Kind.DECIMAL: whole(0),
    Kind.TEXT: text(""),
    Kind.DATE: cast(text("2000-01-01"), "DATE"),
    Kind.DATETIME: cast(text("2000-01-01 00:00:00"), "TIMESTAMP"),
    Kind.DATETIMEZONE: cast(text("2000-01-01 00:00:00+00"), "TIMESTAMPTZ"),
    Kind.TIME: cast(text("00:00:00"), "TIME"),
}
"""The kinds that a join's key may be of, each with what a null is replaced by while it is compared."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: what the plan has, and its value in SQL (a constant's is made here)."""

    plan: Expr
    value: Sql | None

    @property
    def type(self) -> DataType:
        return self.plan.type

    @property
    def constant(self) -> bool:
        return isinstance(self.plan, Literal) and self.plan.value is not None


def equal(one: Side, other: Side, *, kept: bool) -> Sql:
    """``=``: true or false, never null unless ``kept``."""
    one, other = _exact_sides(one, other)
    left, right = _alike(one, other)
    if isinstance(one.plan, Literal) and one.plan.value is None:
        return is_null(right)
    if isinstance(other.plan, Literal) and other.plan.value is None:
        return is_null(left)
    if Kind.DOUBLE in (one.type.kind, other.type.kind):
        left, right = double(left), double(right)
        numbers = binary(exp.EQ, left, right) if _finite(one) or _finite(other) else both(
            binary(exp.EQ, left, right), binary(exp.NEQ, left.copy(), double(text("NaN")))
        )  # fmt: skip
        if kept and (one.constant or other.constant):
            return numbers
        nulls = both(is_null(left.copy()), is_null(right.copy()))
        return exp.Paren(this=exp.Or(this=nulls, expression=call("coalesce", numbers, exp.false())))
    if kept and (one.constant or other.constant):
        return binary(exp.EQ, left, right)
    return binary(exp.NullSafeEQ, left, right)


def compare(operator: str, one: Side, other: Side, *, kept: bool) -> Sql:
    """``<``, ``<=``, ``>`` or ``>=``: null when either side is."""
    one, other = _exact_sides(one, other)
    left, right = _alike(one, other)
    if one.type.kind is Kind.TEXT:
        left = ordinal(left)
    result = binary(_ORDERINGS[operator], left, right)
    # PostgreSQL holds NaN for greater than everything: only on the greater side can it make a comparison true.
    great, great_value, small_value = (other, right, left) if operator[0] == "<" else (one, left, right)
    if Kind.DOUBLE not in (one.type.kind, other.type.kind) or great.type.kind is not Kind.DOUBLE or _finite(great):
        return result
    if kept:
        return both(result, binary(exp.NEQ, great_value.copy(), double(text("NaN"))))
    unordered = case((not_null(small_value.copy()), exp.false()))
    return case((binary(exp.EQ, great_value.copy(), double(text("NaN"))), unordered), otherwise=result)


def joined(left: Sql, right: Sql, kinds: tuple[Kind, Kind], *, nulls: bool) -> Sql:
    """The condition that two keys are equal, in a form that PostgreSQL hashes. ``nulls``: both can be null.

    Raises:
        NotFoldableError: keys of these kinds do not fold.
    """
    if kinds[0] not in JOINED_BY or (kinds[0] is not kinds[1] and set(kinds) != {Kind.INT64, Kind.DECIMAL}):
        raise NotFoldableError(f"A join by keys of type {kinds[0].value} and {kinds[1].value} does not fold.")
    if kinds[0] is Kind.TEXT:
        left = ordinal(left)
    if not nulls:
        return binary(exp.EQ, left, right)
    stand_in = JOINED_BY[kinds[0]]
    values = (call("coalesce", side, stand_in.copy()) for side in (left, right))
    return both(binary(exp.EQ, *values), binary(exp.EQ, is_null(left.copy()), is_null(right.copy())))


def _alike(one: Side, other: Side) -> tuple[Sql, Sql]:
    """Both values, in types that PostgreSQL compares by value."""
    kinds = one.type.kind, other.type.kind
    if kinds[0] is kinds[1]:
        return _same_kind(one, other)
    if set(kinds) == {Kind.INT64, Kind.DECIMAL}:
        return _value(one), _value(other)
    if set(kinds) == {Kind.DECIMAL, Kind.DOUBLE}:
        return double(_value(one)), double(_value(other))
    raise NotFoldableError(f"PostgreSQL does not compare {kinds[0].value} with {kinds[1].value}.")


def _same_kind(one: Side, other: Side) -> tuple[Sql, Sql]:
    if one.type.kind is Kind.DATETIMEZONE:
        left, right = (instant(s.plan) if isinstance(s.plan, Literal) else _value(s) for s in (one, other))
        return left, right
    left, right = _value(one), _value(other)
    if one.type.kind is Kind.TEXT and not (_bare(one) and _bare(other) and (one.constant or other.constant)):
        # Two collations that differ cannot be compared unless one is named.
        return ordinal(left), right
    return left, right


def _bare(side: Side) -> bool:
    return side.constant or (side.value is not None and is_simple(side.value))


def _exact_sides(one: Side, other: Side) -> tuple[Side, Side]:
    """The sides with a constant in the other one's type: PostgreSQL rounds whole numbers to doubles to compare them.

    Raises:
        NotFoldableError: the constant has no such value there, or neither is a constant.
    """
    if {one.type.kind, other.type.kind} != {Kind.INT64, Kind.DOUBLE}:
        return one, other
    if isinstance(one.plan, Literal):
        return Side(_in_kind(one.plan, other.type.kind), None), other
    if isinstance(other.plan, Literal):
        return one, Side(_in_kind(other.plan, one.type.kind), None)
    raise NotFoldableError("PostgreSQL would round whole numbers to compare them with doubles.")


def _in_kind(constant: Literal, kind: Kind) -> Literal:
    if constant.value is None:
        return Literal(None, DOUBLE if kind is Kind.DOUBLE else INT64)
    exact = _exact(constant.value, kind)
    if exact is None:
        raise NotFoldableError("PostgreSQL would round a number to compare it with this one.")
    return exact


def _exact(value: float, kind: Kind) -> Literal | None:
    if kind is Kind.DOUBLE:
        return Literal(float(value), DOUBLE) if int(float(value)) == value else None
    whole_number = math.isfinite(value) and value == int(value) and INT64_MIN <= int(value) <= INT64_MAX
    return Literal(int(value), INT64) if whole_number else None


def _value(side: Side) -> Sql:
    if side.value is not None:
        return side.value
    assert isinstance(side.plan, Literal), "only a constant comes without a value"
    if side.type.kind is Kind.TEXT and side.plan.value is not None:
        found = literal(side.plan).find(exp.Cast)
        assert found is not None, "a text is a cast in a collation"
        plain: Sql = found.this
        return plain
    return literal(side.plan)


def _finite(side: Side) -> bool:
    """A constant other than NaN: no comparison with it is NaN's."""
    return isinstance(side.plan, Literal) and side.plan.value is not None and not math.isnan(side.plan.value)
