"""Conversions in SQL, by the grammar and with the errors of :mod:`headwater.plan.conversions`.

Each text conversion first tries DuckDB's own cast on the form nearly every cell has, and only for the rest looks at
the grammar: matching a pattern costs several times the cast.
"""

from __future__ import annotations

from typing import TypeAlias

from sqlglot import exp

from headwater.engines.duckdb.operators import number_text, sentinel
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import cast, either, try_cast
from headwater.engines.sql import Sql, binary, both, call, case, is_null, negate, not_null, text, whole
from headwater.plan import conversions as rules
from headwater.plan import written_dates as written
from headwater.plan.expressions import Call
from headwater.plan.types import DataType, Kind

Branches: TypeAlias = tuple[tuple[Sql, Sql], ...]
"""Of a CASE: conditions, and what there is where they hold."""

_BLANK_CLASS = "[" + "".join(f"\\x{ord(blank):02x}" for blank in rules.BLANKS) + "]"
# In this form DuckDB's cast means what the grammar means: no year 0, no 24:00, no digits beyond a microsecond.
_PLAIN_DATETIME = (
    "(?:[1-9][0-9]{3}|0[0-9]{2}[1-9])-[0-9]{2}-[0-9]{2}"
    r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
)


def number_from(scope: Scope, value: Sql, source: DataType) -> Computed:
    """Number.From."""
    if source.kind is Kind.DATE:
        return Computed(cast(binary(exp.Sub, value, cast(text("1899-12-30"), "DATE")), "DOUBLE"))
    if source.kind is not Kind.TEXT:
        return Computed(cast(value, "DOUBLE"))
    value = scope.once(value)
    number = _converted(scope, value, *_number_branches(scope, value))
    return Computed(number, _unless_empty(number, value, sentinel(rules.NOT_A_NUMBER, value)))


def int64_from(scope: Scope, value: Sql, source: DataType) -> Computed:
    """Int64.From."""
    match source.kind:
        case Kind.TEXT:
            return _int64_from_text(scope, value)
        case Kind.DOUBLE | Kind.DECIMAL:
            value = scope.once(value)
            # DuckDB rounds doubles half to even when it casts them, and decimals half away from zero.
            rounded = value if source.kind is Kind.DOUBLE else call("round_even", value, whole(0))
            number = scope.once(try_cast(rounded, "BIGINT"))
            failed = both(is_null(number), not_null(value))
            return Computed(number, case((failed, sentinel(rules.OUT_OF_INT64, number_text(value, source)))))
        case _:
            return Computed(cast(value, "BIGINT"))


def logical_from(scope: Scope, value: Sql, source: DataType) -> Computed:
    """Logical.From."""
    match source.kind:
        case Kind.TEXT:
            value = scope.once(value)
            # The grammar leaves nothing but the word and blanks, so its first letter tells which word it is.
            word = call("lower", _trimmed(value))
            matches = call("regexp_full_match", value, text(rules.LOGICAL_PATTERN))
            logical = _converted(scope, value, (matches, binary(exp.EQ, word, text("true"))))
            return Computed(logical, _unless_empty(logical, value, sentinel(rules.NOT_A_LOGICAL, value)))
        case Kind.LOGICAL:
            return Computed(value)
        case _:
            return Computed(binary(exp.NEQ, value, whole(0)))


def text_from(scope: Scope, value: Sql, source: DataType) -> Computed:
    """Text.From."""
    if source.kind is Kind.DOUBLE:
        return Computed(number_text(scope.once(value), source))
    return Computed(value if source.kind is Kind.TEXT else cast(value, "VARCHAR"))


_SIZES = {8: (-(2**7), 2**7 - 1), 16: (-(2**15), 2**15 - 1), 32: (-(2**31), 2**31 - 1), -8: (0, 255)}
"""The least and greatest whole number of so many bits; -8 is an unsigned byte."""


def sized(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    """A whole number that has to fit so many bits."""
    value, shown = (scope.once(a.value) for a in arguments)
    low, high = _SIZES[node.option]
    fits = exp.Between(this=value, low=whole(low), high=whole(high))
    failure = sentinel(rules.out_of_bits(abs(node.option)), text_from(scope, shown, node.arguments[1].type).value)
    return Computed(case((fits, value)), case((exp.Not(this=fits), failure)))


def date_from(scope: Scope, value: Sql, source: DataType) -> Computed:
    """Date.From."""
    if source.kind is not Kind.TEXT:
        return Computed(as_date(value, source))
    value = scope.once(value)
    day = _converted(scope, value, *_date_branches(scope, value))
    return Computed(day, _unless_empty(day, value, sentinel(rules.NOT_A_DATE, value)))


def datetime_from(scope: Scope, value: Sql, source: DataType) -> Computed:
    """DateTime.From: ticks."""
    match source.kind:
        case Kind.TEXT:
            value = scope.once(value)
            ticks = _converted(scope, value, *_ticks_branches(scope, value))
            return Computed(ticks, _unless_empty(ticks, value, sentinel(rules.NOT_A_DATETIME, value)))
        case Kind.DATE:
            return Computed(midnight(value))
        case _:
            return Computed(as_ticks(value, source))


def as_date(value: Sql, source: DataType) -> Sql:
    """The date of a date or datetime."""
    if source.kind is Kind.DATE:
        return value
    if source.unit == "us":
        return cast(value, "DATE")
    days = binary(exp.IntDiv, value, whole(rules.TICKS_PER_DAY))
    return binary(exp.Add, cast(text("0001-01-01"), "DATE"), cast(days, "INTEGER"))


def as_ticks(value: Sql, source: DataType) -> Sql:
    """A datetime as ticks."""
    if source.unit == "tick":
        return value
    since_1970 = binary(exp.Mul, call("epoch_us", value), whole(rules.TICKS_PER_MICROSECOND))
    return binary(exp.Add, since_1970, whole(rules.EPOCH_TICKS))


def _converted(scope: Scope, value: Sql, *branches: tuple[Sql, Sql], otherwise: Sql | None = None) -> Sql:
    """What a text converts to, by the first branch that holds; computed once.

    The last branch but one holds for no text. That it could end the query keeps DuckDB from computing the conversion
    a second time: it would, in each filter on the result, which it moves to where there was only the text.
    """
    never = binary(exp.LT, value, text(""))
    return scope.once(case(*branches, (never, call("error", text(""))), otherwise=otherwise))


def _unless_empty(result: Sql, source: Sql, failure: Sql) -> Sql:
    """The failure where nothing came of a text, but for "" and null, of which null comes."""
    return case((both(is_null(result), binary(exp.NEQ, source, text(""))), failure))


def _trimmed(value: Sql) -> Sql:
    return call("trim", value, text(rules.BLANKS))


def _matches(value: Sql, pattern: str) -> Sql:
    return call("regexp_full_match", value, text(pattern))


def _number_branches(scope: Scope, value: Sql) -> Branches:
    attempt = scope.once(try_cast(value, "DOUBLE"))
    # DuckDB also reads digits parted by underscores, "+-5", and more spellings of infinity and NaN than the grammar
    # has. Signs and blanks that a number may begin with, but for minus, sort before it.
    plain = both(
        call("isfinite", attempt),
        binary(exp.GTE, value, text("-")),
        negate(call("contains", value, text("_"))),
    )
    bare = try_cast(call("regexp_replace", value, text(f"[%$,()]|{_BLANK_CLASS}"), text(""), text("g")), "DOUBLE")
    other = case(
        (call("contains", value, text("%")), binary(exp.Div, bare, whole(100))),
        (call("contains", value, text("(")), exp.Neg(this=bare)),
        otherwise=try_cast(call("regexp_replace", value, text("[$,]"), text(""), text("g")), "DOUBLE"),
    )
    return (plain, attempt), (_matches(value, rules.NUMBER_PATTERN), other)


def _int64_from_text(scope: Scope, value: Sql) -> Computed:
    value = scope.once(value)
    attempt = scope.once(try_cast(value, "BIGINT"))
    digits = try_cast(call("replace", value, text(","), text("")), "BIGINT")
    number = _converted(
        scope,
        value,
        (_is_plain_whole(value, attempt), attempt),
        # What DuckDB writes back unchanged is as plain, with a sign or many digits.
        (binary(exp.EQ, cast(attempt, "VARCHAR"), value), attempt),
        (_matches(value, rules.WHOLE_NUMBER_PATTERN), digits),
        otherwise=try_cast(case(*_number_branches(Inline(scope.names), value)), "BIGINT"),
    )
    failure = case(
        (_matches(value, rules.NUMBER_PATTERN), sentinel(rules.OUT_OF_INT64, value)),
        otherwise=sentinel(rules.NOT_A_NUMBER, value),
    )
    return Computed(number, _unless_empty(number, value, failure))


_LEAST_OF_LENGTH = tuple(0 if digits == 1 else 10 ** (digits - 1) for digits in range(1, 17))
"""The least whole number of 1, 2 … 16 digits."""
_EXACT = 2**53


def _is_plain_whole(value: Sql, attempt: Sql) -> Sql:
    """Whether a text is digits, seen from the number that DuckDB reads in it: it has as many digits as the text.

    DuckDB's cast reads fractions, which it rounds its own way, signs, blanks and digits parted by underscores: all
    of them longer than their number. An exponent makes it longer, and exact below 2^53. That leaves 0x and 0b.
    """
    least = call("list_extract", exp.Array(expressions=[whole(n) for n in _LEAST_OF_LENGTH]), call("strlen", value))
    return both(
        binary(exp.GTE, attempt, least),
        binary(exp.LTE, attempt, whole(_EXACT)),
        binary(exp.GTE, value, text("0")),
        either(binary(exp.LT, value, text("0A")), binary(exp.GTE, value, text("1"))),
    )


class Inline(Scope):
    """A scope that binds nothing: for a part that few rows need, where computing it for all would cost more."""

    def once(self, value: Sql) -> Sql:
        """``value`` itself, to be computed again wherever it is written."""
        return value


def _date_branches(scope: Scope, value: Sql) -> Branches:
    attempt = scope.once(try_cast(value, "DATE"))
    # DuckDB reads other separators, blanks and years of fewer or more digits too; these are longer or shorter then,
    # or out of this range.
    plain = both(
        exp.Between(this=attempt, low=cast(text("1000-01-01"), "DATE"), high=cast(text("9999-12-31"), "DATE")),
        binary(exp.Like, value, text("____-__-__")),
    )
    return (
        (plain, attempt),
        (_matches(value, rules.DATE_PATTERN), _date_of_match(value)),
        (_matches(value, written.DATE_PATTERN), _written_date(value)),
    )


def _date_of_match(value: Sql) -> Sql:
    """The date at the start of a text that matches; null where no calendar has it."""
    american = try_cast(_rearranged(value, r"^[^0-9]*([0-9]+)/([0-9]+)/([0-9]{4})(?s:.*)$", r"\3-\1-\2"), "DATE")
    iso = try_cast(call("regexp_extract", value, text("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")), "DATE")
    day = case((call("contains", value, text("/")), american), otherwise=iso)
    zero_year = call("regexp_matches", value, text("(?:/0000(?:[^0-9]|$)|^[^0-9]*0000-)"))
    return case((negate(zero_year), day))


def _written_date(value: Sql) -> Sql:
    """The date of a text that matches ``written_dates.DATE_PATTERN``; null where no calendar has it."""
    name = call("lower", call("regexp_extract", value, text(written.MONTH_PATTERN)))
    runs = call("regexp_extract_all", value, text("[0-9]+"))
    first, second, third = (call("list_extract", runs, whole(at)) for at in (1, 2, 3))
    year_first, one = binary(exp.GT, call("length", first), whole(2)), text("1")
    named = binary(exp.NEQ, name, text(""))
    beside_month = case(
        (is_null(second), _joined(first, _month_number(name), one)),
        (year_first, _joined(first, _month_number(name), second)),
        otherwise=_joined(second, _month_number(name), first),
    )
    day = case(
        (named, beside_month),
        (binary(exp.EQ, call("length", first), whole(8)), _rearranged(first, "^(....)(..)(..)$", r"\1-\2-\3")),
        (is_null(second), _joined(first, one, one)),
        (both(is_null(third), year_first), _joined(first, second, one)),
        (is_null(third), _joined(second, first, one)),
        (year_first, _joined(first, second, third)),
        otherwise=_joined(third, first, second),
    )
    return try_cast(day, "DATE")


def _month_number(name: Sql) -> Sql:
    beginnings = exp.Array(expressions=[text(month) for month in written.MONTHS])
    return cast(call("list_position", beginnings, call("substr", name, whole(1), whole(3))), "VARCHAR")


def _joined(year: Sql, month: Sql, day: Sql) -> Sql:
    """A date as DuckDB reads it; years of two digits lie between 1950 and 2049."""
    century = case((binary(exp.LT, year, text("50")), text("20")), otherwise=text("19"))
    full = case((binary(exp.EQ, call("length", year), whole(2)), call("concat", century, year)), otherwise=year)
    return call("concat", full, text("-"), month, text("-"), day)


def _rearranged(value: Sql, pattern: str, form: str) -> Sql:
    return call("regexp_replace", value, text(pattern), text(form))


def _ticks_branches(scope: Scope, value: Sql) -> Branches:
    attempt = scope.once(try_cast(value, "TIMESTAMP"))
    plain = _matches(value, _PLAIN_DATETIME)
    ticks = as_ticks(attempt, DataType(Kind.DATETIME))
    other = binary(exp.Add, midnight(_date_of_match(value)), _clock_ticks(value))
    # An ordinary form that does not cast is a day that no calendar has.
    day, clock = (call("regexp_extract", value, text(written.DATE_OF_DATETIME), whole(group)) for group in (1, 2))
    return (
        (plain, ticks),
        (_matches(value, rules.DATETIME_PATTERN), other),
        (
            _matches(value, written.DATETIME_PATTERN),
            binary(exp.Add, midnight(_written_date(day)), _clock_ticks(clock)),
        ),
        (_matches(value, written.DATE_PATTERN), midnight(_written_date(value))),
    )


def midnight(day: Sql) -> Sql:
    """The first tick of a date."""
    days = binary(exp.Sub, day, cast(text("0001-01-01"), "DATE"))
    return binary(exp.Mul, cast(days, "BIGINT"), whole(rules.TICKS_PER_DAY))


def _clock_ticks(value: Sql) -> Sql:
    """Ticks since midnight of the time after a date; 0 without one, null for an impossible one."""

    def part(pattern: str) -> Sql:
        return call("coalesce", try_cast(call("regexp_extract", value, text(pattern), whole(1)), "BIGINT"), whole(0))

    hour, minute = part(r"([0-9]+):"), part(r"[0-9]+:([0-9]{2})")
    second = part(r"[0-9]+:[0-9]{2}:([0-9]{2})")
    fraction = try_cast(
        call("rpad", call("regexp_extract", value, text(r"\.([0-9]+)"), whole(1)), whole(7), text("0")), "BIGINT"
    )
    half_day = call("regexp_matches", value, text("[mM]"))
    afternoon = call("regexp_matches", value, text("[pP][mM]"))
    on_dial = binary(exp.Add, binary(exp.Mod, hour, whole(12)), case((afternoon, whole(12)), otherwise=whole(0)))
    hours = case((half_day, on_dial), otherwise=hour)
    possible = both(
        case((half_day, exp.Between(this=hour, low=whole(1), high=whole(12))), otherwise=_at_most(hour, 23)),
        _at_most(minute, 59),
        _at_most(second, 59),
    )
    seconds = _sum(binary(exp.Mul, hours, whole(3600)), binary(exp.Mul, minute, whole(60)), second)
    return case((possible, _sum(binary(exp.Mul, seconds, whole(10_000_000)), fraction)))


def _at_most(value: Sql, limit: int) -> Sql:
    return binary(exp.LTE, value, whole(limit))


def _sum(*values: Sql) -> Sql:
    total = values[0]
    for value in values[1:]:
        total = binary(exp.Add, total, value)
    return total
