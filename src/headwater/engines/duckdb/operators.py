"""How an operator of a plan is declared in DuckDB's SQL, and what its functions share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import cast
from headwater.engines.sql import Sql, binary, both, call, case, is_null, not_null, text, whole
from headwater.plan import conversions as rules
from headwater.plan.cells import SEPARATOR, encode_error
from headwater.plan.expressions import Call
from headwater.plan.types import DataType, Kind

Build = Callable[[Scope, Call, tuple[Computed, ...]], Computed]

LONGEST = 2**31 - 1
"""No text is longer; counts beyond are cut to it, since DuckDB refuses what 32 bits do not hold."""


@dataclass(frozen=True, slots=True)
class Operator:
    """``nulls`` says that a null argument makes ``build``'s value null, so that an error's value is null by itself.

    ``lazy`` operators decide on their own which argument's error counts.
    """

    build: Build
    nulls: bool = True
    lazy: bool = False


def values(build: Callable[..., Sql], *, nulls: bool = True) -> Operator:
    """An operator that is a function of its arguments' values."""
    return Operator(lambda _scope, _call, arguments: Computed(build(*(a.value for a in arguments))), nulls=nulls)


def scoped(build: Callable[..., Sql]) -> Operator:
    """An operator that is a function of a scope and its arguments' values, written as often as it likes."""

    def written(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        return Computed(build(scope, *(scope.once(a.value) for a in arguments)))

    return Operator(written)


def named(function: str) -> Operator:
    """A function of DuckDB's that has the operator's meaning."""
    return values(lambda *arguments: call(function, *arguments))


def sentinel(failure: rules.Failure, detail: Sql | None = None) -> Sql:
    """The sentinel text of an error whose detail is the text ``detail``."""
    if detail is None:
        return text(encode_error(failure.reason, failure.message))
    shown = call("replace", detail, text(SEPARATOR), text(" "))
    return binary(exp.DPipe, text(encode_error(failure.reason, failure.message, "")), shown)


def missing(label: str) -> Sql:
    """The sentinel of a null where a value of a type is required."""
    return sentinel(rules.null_given(label))


def number_text(value: Sql, source: DataType) -> Sql:
    """A number as M's Text.From writes it."""
    written = cast(value, "VARCHAR")
    if source.kind is not Kind.DOUBLE:
        return written
    infinite = case((binary(exp.GT, value, whole(0)), text("Infinity")), otherwise=text("-Infinity"))
    shortest = call("regexp_replace", call("upper", written), text(r"\.0$"), text(""))
    return case(
        (call("isnan", value), text("NaN")),
        (call("isinf", value), infinite),
        (binary(exp.EQ, value, whole(0)), text("0")),
        otherwise=shortest,
    )


def whole_argument(scope: Scope, value: Sql, of: DataType, what: str, unless: tuple[Sql, ...]) -> Computed:
    """An argument that has to be a whole number from 0 on, cut to ``LONGEST``.

    Args:
        scope: where it is computed.
        value: the number; null stays.
        of: its type, int64 or double.
        what: its name in the error.
        unless: values of which a null one keeps the argument from being looked at.
    """
    value = scope.once(value)
    good = binary(exp.GTE, value, whole(0))
    if of.kind is Kind.DOUBLE:
        good = both(good, binary(exp.EQ, value, call("floor", value)), call("isfinite", value))
    number = cast(call("least", value, whole(LONGEST)), "BIGINT")
    failed = both(exp.Not(this=good), *(not_null(other) for other in unless))
    return Computed(scope.once(case((good, number))), case((failed, out_of_range(what, value, of))))


def out_of_range(what: str, value: Sql, of: DataType) -> Sql:
    """The sentinel of an argument that is out of range."""
    return sentinel(rules.argument_out_of_range(what), number_text(value, of))


def no_failure(value: Sql, *errors: Sql | None) -> Computed:
    """The value where none of the errors holds, with the first that does."""
    held = [error for error in errors if error is not None]
    if not held:
        return Computed(value)
    error = call("coalesce", *held) if len(held) > 1 else held[0]
    return Computed(case((is_null(error), value)), error)
