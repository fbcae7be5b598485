"""Parts of times and of durations in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.duckdb.conversions import as_ticks
from headwater.engines.duckdb.numbers import as_double
from headwater.engines.duckdb.operators import Operator, values
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.ticks import TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND, per, rest
from headwater.engines.sql import Sql, binary, case, whole
from headwater.plan.conversions import TICKS_PER_DAY
from headwater.plan.expressions import Call
from headwater.plan.types import Kind

Part = Callable[[Sql], Sql]


def _clock(part: Part) -> Operator:
    """A part of the ticks since midnight of a time or datetime."""

    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        value, of = arguments[0].value, node.arguments[0].type
        ticks = value if of.kind is Kind.TIME else as_ticks(value, of)
        return Computed(part(rest(ticks, TICKS_PER_DAY)))

    return Operator(build)


def _time_from(_scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value, of = arguments[0].value, node.arguments[0].type
    return Computed(value if of.kind is Kind.TIME else rest(as_ticks(value, of), TICKS_PER_DAY))


def _seconds(ticks: Sql) -> Sql:
    return binary(exp.Div, as_double(rest(ticks, TICKS_PER_MINUTE)), as_double(whole(TICKS_PER_SECOND)))


def _total(ticks: int) -> Operator:
    """A duration in units of so many ticks; where it is a whole number of them, exactly that."""

    def build(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        value = scope.once(arguments[0].value)
        is_whole = binary(exp.EQ, rest(value, ticks), whole(0))
        parts = binary(exp.Div, as_double(value), as_double(whole(ticks)))
        return Computed(case((is_whole, as_double(per(value, ticks))), otherwise=parts))

    return Operator(build)


OPERATORS: dict[str, Operator] = {
    "Time.From": Operator(_time_from),
    "Time.Hour": _clock(lambda ticks: per(ticks, TICKS_PER_HOUR)),
    "Time.Minute": _clock(lambda ticks: per(rest(ticks, TICKS_PER_HOUR), TICKS_PER_MINUTE)),
    "Time.Second": _clock(_seconds),
    "Duration.Days": values(lambda ticks: per(ticks, TICKS_PER_DAY)),
    "Duration.Hours": values(lambda ticks: per(rest(ticks, TICKS_PER_DAY), TICKS_PER_HOUR)),
    "Duration.Minutes": values(lambda ticks: per(rest(ticks, TICKS_PER_HOUR), TICKS_PER_MINUTE)),
    "Duration.Seconds": values(_seconds),
    "Duration.TotalDays": _total(TICKS_PER_DAY),
    "Duration.TotalHours": _total(TICKS_PER_HOUR),
    "Duration.TotalMinutes": _total(TICKS_PER_MINUTE),
    "Duration.TotalSeconds": _total(TICKS_PER_SECOND),
}
