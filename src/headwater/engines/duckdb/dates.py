"""Dates, times and durations in DuckDB's SQL.

A date is DuckDB's; a time, a duration and a computed datetime are whole numbers of ticks. Whatever could lie outside
a kind's range is checked before it is computed: DuckDB's own ranges are others, and an overflow ends its query.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.duckdb import clocks, formats
from headwater.engines.duckdb.conversions import as_date, as_ticks, midnight
from headwater.engines.duckdb.numbers import as_double
from headwater.engines.duckdb.operators import Operator, no_failure, number_text, sentinel
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import cast, try_cast
from headwater.engines.duckdb.ticks import (
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    huge,
    minus,
    per,
    plus,
    rest,
    times,
)
from headwater.engines.sql import Sql, binary, both, call, case, is_null, negate, not_null, text, whole
from headwater.plan import conversions as rules
from headwater.plan.cells import encode_error
from headwater.plan.conversions import TICKS_PER_DAY
from headwater.plan.expressions import Call
from headwater.plan.types import DataType, Kind

_LAST_DAY = 3_652_058
"""Days from 0001-01-01 to 9999-12-31."""
_END_OF_TICKS = (_LAST_DAY + 1) * TICKS_PER_DAY
_MOST_DAYS = (2**63 - 1) // TICKS_PER_DAY
"""Days of the longest duration."""

Part = Callable[[Sql], Sql]


# -- parts of dates ------------------------------------------------------------------------------------------------


def _dated(part: Part) -> Operator:
    """A part of the day of a date or datetime."""

    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        return Computed(part(scope.once(as_date(arguments[0].value, node.arguments[0].type))))

    return Operator(build)


def _named(function: str) -> Operator:
    return _dated(lambda day: call(function, day))


def _truncated(unit: str, day: Sql) -> Sql:
    return cast(call("date_trunc", text(unit), day), "DATE")


def _weekday(day: Sql, first: int) -> Sql:
    """0 for the day of the week called ``first``, which counts from Sunday."""
    return rest(plus(call("dayofweek", day), whole(7 - first)), 7)


def _leap(day: Sql) -> Sql:
    return binary(
        exp.EQ, call("day", call("last_day", call("make_date", call("year", day), whole(2), whole(1)))), whole(29)
    )


def _day_of_week(_scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    return Computed(_weekday(as_date(arguments[0].value, node.arguments[0].type), node.option))


def _week_in(unit: str) -> Operator:
    """The week of a year or a month."""

    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        day = scope.once(as_date(arguments[0].value, node.arguments[0].type))
        beginning = scope.once(_truncated(unit, day))
        days = plus(minus(day, beginning), _weekday(beginning, node.option))
        return Computed(plus(per(days, 7), whole(1)))

    return Operator(build)


# -- the start and the end of a unit -------------------------------------------------------------------------------


def _last_of_quarter(day: Sql) -> Sql:
    return call("last_day", plus(_truncated("quarter", day), call("to_months", whole(2))))


def _last_of_year(day: Sql) -> Sql:
    return call("make_date", call("year", day), whole(12), whole(31))


_FIRST_DAYS: dict[str, Part] = {
    "Day": lambda day: day,
    "Month": lambda day: _truncated("month", day),
    "Quarter": lambda day: _truncated("quarter", day),
    "Year": lambda day: _truncated("year", day),
}
_LAST_DAYS: dict[str, Part] = {
    "Day": lambda day: day,
    "Month": lambda day: call("last_day", day),
    "Quarter": _last_of_quarter,
    "Year": _last_of_year,
}


def _bound(*, last: bool) -> Operator:
    """The first or the last day of a unit, or that day's first or last tick."""
    ends = _LAST_DAYS if last else _FIRST_DAYS

    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        unit, first = node.option
        value, of = scope.once(arguments[0].value), node.arguments[0].type
        if unit == "Hour":
            return Computed(_hour_bound(scope, value, of, last=last))
        day = scope.once(as_date(value, of))
        if unit != "Week":
            return Computed(_on(ends[unit](day), of, last=last))
        days = _weekday(day, first)
        ahead = cast(minus(whole(6 if last else 0), days), "INTEGER")
        moved = scope.once(plus(day, ahead))
        outside = case((negate(_in_calendar(moved)), sentinel(rules.result_out_of_range("Date"))))
        return no_failure(_on(moved, of, last=last), outside)

    return Operator(build)


def _in_calendar(day: Sql) -> Sql:
    low, high = (cast(text(shown), "DATE") for shown in ("0001-01-01", "9999-12-31"))
    return exp.Paren(this=exp.Between(this=day, low=low, high=high))


def _on(day: Sql, of: DataType, *, last: bool) -> Sql:
    """A day as a value of its type: for a datetime the day's first or last tick."""
    if of.kind is Kind.DATE:
        return day if isinstance(day, exp.Column) else cast(day, "DATE")
    ticks = midnight(cast(day, "DATE"))
    return plus(ticks, whole(TICKS_PER_DAY - 1)) if last else ticks


def _hour_bound(scope: Scope, value: Sql, of: DataType, *, last: bool) -> Sql:
    ticks = scope.once(rest(value, TICKS_PER_DAY) if of.kind is Kind.TIME else as_ticks(value, of))
    start = minus(ticks, rest(ticks, TICKS_PER_HOUR))
    return plus(start, whole(TICKS_PER_HOUR - 1)) if last else start


# -- a time before or after ----------------------------------------------------------------------------------------


def _add_days(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value, of = scope.once(arguments[0].value), node.arguments[0].type
    count = times(as_double(arguments[1].value), node.option)
    count = scope.once(count)
    fits = exp.Between(this=count, low=whole(-_MOST_DAYS), high=whole(_MOST_DAYS))
    too_long = case((both(exp.Not(this=fits), not_null(value)), sentinel(rules.result_out_of_range("Duration"))))
    # Nothing lies further away than this, and so much cannot overflow.
    bounded = call("least", call("greatest", count, whole(-1 - _LAST_DAY)), whole(1 + _LAST_DAY))
    days = cast(case((call("isfinite", count), bounded)), "BIGINT")
    return _moved(scope, value, of, times(days, TICKS_PER_DAY), too_long)


def _moved(scope: Scope, value: Sql, of: DataType, ticks: Sql, *errors: Sql) -> Computed:
    """A date or datetime so many ticks later; they are few enough not to overflow."""
    start = midnight(value) if of.kind is Kind.DATE else as_ticks(value, of)
    moved = scope.once(plus(start, ticks))
    within = exp.Between(this=moved, low=whole(0), high=whole(_END_OF_TICKS - 1))
    outside = case((exp.Not(this=within), sentinel(rules.result_out_of_range("DateTime"))))
    result = as_date(moved, _TICKS) if of.kind is Kind.DATE else moved
    return no_failure(case((within, result)), *errors, outside)


_TICKS = DataType(Kind.DATETIME, unit="tick")
_MOST_MONTHS = 10**6


def _add_months(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value, of = scope.once(arguments[0].value), node.arguments[0].type
    count, count_of = scope.once(arguments[1].value), node.arguments[1].type
    few: Sql = exp.Between(this=count, low=whole(1 - _MOST_MONTHS), high=whole(_MOST_MONTHS - 1))
    if count_of.kind is Kind.DOUBLE:
        few = both(binary(exp.GT, count, whole(-_MOST_MONTHS)), binary(exp.LT, count, whole(_MOST_MONTHS)))
    cut = call("trunc", count) if count_of.kind is Kind.DOUBLE else count
    months = times(cast(case((few, cut)), "BIGINT"), node.option)
    day = scope.once(as_date(value, of))
    total = scope.once(plus(plus(times(call("year", day), 12), call("month", day)), minus(months, whole(1))))
    within = exp.Between(this=total, low=whole(12), high=whole(12 * 9999 + 11))
    first = call("make_date", per(total, 12), plus(rest(total, 12), whole(1)), whole(1))
    first = scope.once(case((within, first)))
    moved = call("least", plus(first, cast(minus(call("day", day), whole(1)), "INTEGER")), call("last_day", first))
    return no_failure(
        _same_clock(scope, value, of, moved),
        case((exp.Not(this=exp.Paren(this=few)), _not_a_number(count, count_of))),
        case((exp.Not(this=within), sentinel(rules.NO_SUCH_DATE))),
    )


def _same_clock(scope: Scope, value: Sql, of: DataType, day: Sql) -> Sql:
    """A value of the same kind on another day, at its own time of day."""
    if of.kind is Kind.DATE:
        return cast(day, "DATE")
    return plus(midnight(cast(day, "DATE")), rest(as_ticks(value, of), TICKS_PER_DAY))


def _not_a_number(value: Sql, of: DataType) -> Sql:
    """M's refusal of a number, which shows it as M writes numbers."""
    shown = number_text(value, of)
    for name in ("NaN", "Infinity"):
        shown = call("replace", shown, text(name), text(f"#{name.lower()}"))
    before, after = encode_error(rules.EXPRESSION_ERROR, rules.null_given("Number").message).split("null")
    return binary(exp.DPipe, binary(exp.DPipe, text(before), shown), text(after))


# -- from parts ----------------------------------------------------------------------------------------------------


_FAR = 10**6


def _part(scope: Scope, value: Sql, of: DataType) -> Sql:
    """A part of a date: null unless it is whole and not far out of range."""
    value = scope.once(value)
    near = both(binary(exp.GT, value, whole(-_FAR)), binary(exp.LT, value, whole(_FAR)))
    if of.kind is Kind.DOUBLE:
        near = both(near, binary(exp.EQ, value, call("floor", value)))
    return scope.once(case((near, cast(value, "INTEGER"))))


def _parts(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> list[Sql]:
    return [_part(scope, a.value, e.type) for a, e in zip(arguments, node.arguments, strict=True)]


def _day_of(scope: Scope, parts: list[Sql]) -> Sql:
    """The day of year, month and day; null where there is no such."""
    # M's years end at 9999, DuckDB's go on.
    in_range = exp.Paren(this=exp.Between(this=parts[0], low=whole(1), high=whole(9999)))
    return scope.once(case((in_range, call("try", call("make_date", *parts)))))


def _given(arguments: tuple[Computed, ...]) -> Sql:
    return both(*(not_null(a.value) for a in arguments))


def _date_of_parts(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    day = _day_of(scope, _parts(scope, node, arguments))
    return Computed(day, case((both(is_null(day), _given(arguments)), sentinel(rules.NO_SUCH_DATE))))


def _datetime_of_parts(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    parts = _parts(scope, node, arguments)
    hour, minute, second = parts[3:]
    day = _day_of(scope, parts[:3])
    clock = plus(plus(times(hour, 3600), times(minute, 60)), second)
    ticks = scope.once(plus(midnight(day), times(cast(clock, "BIGINT"), TICKS_PER_SECOND)))
    given = _given(arguments)
    no_parts = both(given, negate(both(*(not_null(part) for part in parts))))
    no_second = both(given, _outside(second, 59))
    midnight_after = both(binary(exp.EQ, hour, whole(24)), binary(exp.GT, clock, whole(86_400)))
    no_time = exp.Or(this=exp.Or(this=_outside(hour, 24), expression=_outside(minute, 59)), expression=midnight_after)
    shown = number_text(scope.once(arguments[5].value), node.arguments[5].type)
    return no_failure(
        ticks,
        case((no_parts, sentinel(rules.value_out_of_range("DateTime")))),
        case((no_second, sentinel(rules.value_out_of_range("DateTime"), shown))),
        case((both(given, is_null(day)), sentinel(rules.NO_SUCH_DATE))),
        case((exp.Paren(this=no_time), sentinel(rules.value_out_of_range("Time")))),
        case((binary(exp.GTE, ticks, whole(_END_OF_TICKS)), sentinel(rules.result_out_of_range("DateTime")))),
    )


def _outside(value: Sql, most: int) -> Sql:
    return negate(exp.Between(this=value, low=whole(0), high=whole(most)))


_UNIT_TICKS = (TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND)
_MOST_OF_A_PART = 10**12


def _duration_of_parts(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    errors: list[Sql | None] = []
    given = _given(arguments)
    total = cast(whole(0), "HUGEINT")
    for argument, expression, ticks in zip(arguments, node.arguments, _UNIT_TICKS, strict=True):
        value = scope.once(argument.value)
        few = both(binary(exp.GT, value, whole(-_MOST_OF_A_PART)), binary(exp.LT, value, whole(_MOST_OF_A_PART)))
        failure = sentinel(rules.value_out_of_range("Duration"), number_text(value, expression.type))
        errors.append(case((both(given, exp.Not(this=few)), failure)))
        total = plus(total, times(huge(cast(case((few, value)), "BIGINT")), ticks))
    return _as_duration(scope, total, *errors)


def _as_duration(scope: Scope, ticks: Sql, *errors: Sql | None) -> Computed:
    """Ticks of 128 bits as a duration."""
    ticks = scope.once(ticks)
    found = scope.once(try_cast(ticks, "BIGINT"))
    too_long = case((both(is_null(found), not_null(ticks)), sentinel(rules.result_out_of_range("Duration"))))
    return no_failure(found, *errors, too_long)


# -- arithmetic ----------------------------------------------------------------------------------------------------


def arithmetic(operator: str, scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    """``+`` and ``-`` of dates, times and durations; ``&`` of a date and a time."""
    (left, left_type), (right, right_type) = ((a.value, e.type) for a, e in zip(arguments, node.arguments, strict=True))
    if left_type.kind is Kind.DURATION and right_type.kind is not Kind.DURATION:
        left, left_type, right, right_type = right, right_type, left, left_type
    combine = exp.Sub if operator == "-" else exp.Add
    if left_type.kind is right_type.kind:
        if left_type.kind is Kind.DURATION:
            return _as_duration(scope, binary(combine, huge(left), huge(right)))
        return Computed(minus(_ticks(left, left_type), _ticks(right, right_type)))
    if left_type.kind is Kind.TIME:
        # Both rests are less than a day; M's days have no negative time.
        moved = binary(combine, rest(left, TICKS_PER_DAY), rest(right, TICKS_PER_DAY))
        return Computed(rest(plus(moved, whole(TICKS_PER_DAY)), TICKS_PER_DAY))
    return _shifted(scope, node, binary(combine, huge(_ticks(left, left_type)), huge(right)))


def _shifted(scope: Scope, node: Call, ticks: Sql) -> Computed:
    """Ticks of 128 bits as a date or datetime."""
    ticks = scope.once(ticks)
    within = exp.Between(this=ticks, low=whole(0), high=whole(_END_OF_TICKS - 1))
    outside = case((exp.Not(this=within), sentinel(rules.result_out_of_range("DateTime"))))
    moved = cast(case((within, ticks)), "BIGINT")
    return no_failure(as_date(moved, _TICKS) if node.type.kind is Kind.DATE else moved, outside)


def _ticks(value: Sql, of: DataType) -> Sql:
    if of.kind is Kind.DATE:
        return midnight(value)
    return as_ticks(value, of) if of.kind is Kind.DATETIME else value


OPERATORS: dict[str, Operator] = {
    **clocks.OPERATORS,
    "#date": Operator(_date_of_parts),
    "#datetime": Operator(_datetime_of_parts),
    "#duration": Operator(_duration_of_parts),
    "Date.Year": _named("year"),
    "Date.Month": _named("month"),
    "Date.Day": _named("day"),
    "Date.QuarterOfYear": _named("quarter"),
    "Date.DayOfYear": _named("dayofyear"),
    "Date.DaysInMonth": _dated(lambda day: call("day", call("last_day", day))),
    "Date.IsLeapYear": _dated(_leap),
    "Date.DayOfWeek": Operator(_day_of_week),
    "Date.WeekOfYear": _week_in("year"),
    "Date.WeekOfMonth": _week_in("month"),
    "Date.StartOf": _bound(last=False),
    "Date.EndOf": _bound(last=True),
    "Date.AddDays": Operator(_add_days),
    "Date.AddMonths": Operator(_add_months),
    "Date.ToText": Operator(formats.to_text),
}
