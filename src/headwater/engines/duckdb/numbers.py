"""Numbers in DuckDB's SQL, bit for bit what the evaluator computes: both call the platform's mathematical functions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from headwater.engines.duckdb.operators import Operator, no_failure, out_of_range, values
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import cast, either
from headwater.engines.sql import Sql, binary, both, call, case, negate, not_null, text, whole
from headwater.plan.expressions import Call
from headwater.plan.types import DataType, Kind

_TWO_53 = 2.0**53
_NAN = "nan"


def double(value: float | str) -> Sql:
    """A constant double."""
    return cast(text(str(value)), "DOUBLE")


def as_double(value: Sql) -> Sql:
    """A number as a double."""
    return cast(value, "DOUBLE")


def _real(function: str) -> Operator:
    return values(lambda value: call(function, as_double(value)))


def _defined(function: str, low: float, high: float) -> Operator:
    """A function that is NaN outside of a range; DuckDB may fail there."""

    def build(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        value = scope.once(as_double(arguments[0].value))
        within = exp.Between(this=value, low=double(low), high=double(high))
        return Computed(case((within, call(function, value)), (not_null(value), double(_NAN))))

    return Operator(build)


def _periodic(function: str) -> Operator:
    """A function that is NaN of what is not finite."""

    def build(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        value = scope.once(as_double(arguments[0].value))
        return Computed(case((call("isfinite", value), call(function, value)), (not_null(value), double(_NAN))))

    return Operator(build)


def _logarithm(function: str) -> Operator:
    def build(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        value = scope.once(as_double(arguments[0].value))
        positive = binary(exp.GT, value, whole(0))
        zero = binary(exp.EQ, value, whole(0))
        beyond = (not_null(value), double(_NAN))
        return Computed(case((positive, call(function, value)), (zero, double("-inf")), beyond))

    return Operator(build)


def _sign(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = scope.once(as_double(arguments[0].value))
    return Computed(case((call("isnan", value), value), otherwise=as_double(call("sign", value))))


def _power(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    number, power = (scope.once(as_double(a.value)) for a in arguments)
    # Of -0 C's function gives a negative infinity.
    zero_below = both(binary(exp.EQ, number, whole(0)), binary(exp.LT, power, whole(0)))
    return Computed(case((zero_below, double("inf")), otherwise=call("pow", number, power)))


def _integer_divide(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    left, right = (as_double(a.value) for a in arguments)
    quotient = scope.once(binary(exp.Div, left, right))
    # Adding zero makes -0 a 0.
    cut = binary(exp.Add, call("trunc", quotient), double(0.0))
    return Computed(case((call("isfinite", quotient), cut), (not_null(quotient), double(_NAN))))


def _modulo(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    number, divisor = (scope.once(as_double(a.value)) for a in arguments)
    defined = both(binary(exp.NEQ, divisor, whole(0)), call("isfinite", number), negate(call("isnan", divisor)))
    # Adding zero makes -0 a 0.
    left_over = binary(exp.Add, binary(exp.Mod, number, divisor), double(0.0))
    known = both(not_null(number), not_null(divisor))
    return Computed(case((defined, left_over), (known, double(_NAN))))


def _parity(left: int) -> Operator:
    """Whether dividing by 2 leaves so much."""

    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        value = scope.once(arguments[0].value)
        rest = call("abs", binary(exp.Mod, value, cast(whole(2), "BIGINT")))
        if node.arguments[0].type.kind is Kind.INT64:
            return Computed(binary(exp.EQ, rest, whole(left)))
        rest = call("abs", binary(exp.Mod, value, double(2.0)))
        found = case((call("isfinite", value), binary(exp.EQ, rest, whole(left))), (not_null(value), exp.false()))
        return Computed(found)

    return Operator(build)


# -- bits ----------------------------------------------------------------------------------------------------------


def _bits(apply: type[exp.Binary] | str) -> Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        given = [scope.once(a.value) for a in arguments]
        read = [
            _bits_of(scope, value, argument.type, f"number{at}", given)
            for at, (value, argument) in enumerate(zip(given, node.arguments, strict=True), start=1)
        ]
        left, right = (one.value for one in read)
        result = call(apply, left, right) if isinstance(apply, str) else binary(apply, left, right)
        return no_failure(result, *(one.error for one in read))

    return Operator(build)


def _bits_of(scope: Scope, value: Sql, of: DataType, what: str, given: list[Sql]) -> Computed:
    if of.kind is Kind.INT64:
        return Computed(value)
    fits = both(
        binary(exp.EQ, value, call("floor", value)),
        binary(exp.GTE, value, double(-(2.0**63))),
        binary(exp.LT, value, double(2.0**63)),
    )
    failed = both(exp.Not(this=fits), *(not_null(one) for one in given))
    return Computed(scope.once(case((fits, cast(value, "BIGINT")))), case((failed, out_of_range(what, value, of))))


# -- rounding ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a number lies: at or above ``lower`` units of the last digit, and how it lies to the middle of the two
    neighbours: ``side`` -1 below, 0 on it, 1 above. ``exact`` where it is ``lower`` itself.
    """

    lower: Sql
    side: Sql
    exact: Sql
    odd: Sql


def _round(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    """The decimal that a double's shortest text writes, rounded.

    Decimals of up to fifteen digits are told apart by the doubles nearest to them. So the doubles of the neighbours,
    and of the middle between them, are compared with the number; where it has more digits, its text is.
    """
    digits, mode = node.option
    value = scope.once(as_double(arguments[0].value))
    scale = double(10.0**digits)
    scaled = scope.once(binary(exp.Mul, value, scale))
    place = _near_place(scope, value, scaled, scale)
    taken = binary(exp.Add, place.lower, _step(place, mode, value))
    result = case((place.exact, value), otherwise=binary(exp.Div, taken, scale))
    if digits:
        few = binary(exp.LT, call("abs", scaled), double(1e14))
        result = case((few, result), otherwise=_round_text(scope, value, few, digits, mode))
    # Adding zero makes -0 a 0.
    finite = binary(exp.Add, result, double(0.0))
    return Computed(case((call("isfinite", value), finite), otherwise=value))


def _near_place(scope: Scope, value: Sql, scaled: Sql, scale: Sql) -> _Place:
    guess = scope.once(call("floor", scaled))
    next_one = binary(exp.Add, guess, whole(1))
    lower = scope.once(
        case(
            (binary(exp.LTE, binary(exp.Div, next_one, scale), value), next_one),
            (binary(exp.GT, binary(exp.Div, guess, scale), value), binary(exp.Sub, guess, whole(1))),
            otherwise=guess,
        )
    )
    twice = binary(exp.Add, binary(exp.Mul, lower, double(2.0)), whole(1))
    middle = binary(exp.Div, twice, binary(exp.Mul, scale, double(2.0)))
    return _Place(
        lower,
        scope.once(_compared(value, middle)),
        binary(exp.EQ, binary(exp.Div, lower, scale), value),
        binary(exp.NEQ, binary(exp.Mod, lower, double(2.0)), whole(0)),
    )


def _compared(left: Sql, right: Sql) -> Sql:
    return case((binary(exp.LT, left, right), whole(-1)), (binary(exp.GT, left, right), whole(1)), otherwise=whole(0))


def _step(place: _Place, mode: str, value: Sql) -> Sql:
    """1 where the upper neighbour is taken, 0 where the lower one is."""
    positive, negative = binary(exp.GT, value, whole(0)), binary(exp.LT, value, whole(0))
    above, tie = binary(exp.GT, place.side, whole(0)), binary(exp.EQ, place.side, whole(0))
    upper = {
        "Up": exp.true(),
        "Down": exp.false(),
        "AwayFromZero": positive,
        "TowardZero": negative,
        "HalfUp": either(above, tie),
        "HalfDown": above,
        "HalfAwayFromZero": either(above, both(tie, positive)),
        "HalfTowardZero": either(above, both(tie, negative)),
        "HalfToEven": either(above, both(tie, place.odd)),
    }[mode]
    return case((upper, whole(1)), otherwise=whole(0))


_TEXT_DIGITS = 20
"""Digits after the point that the text of a number has room for; none that gets here has more."""


def _round_text(scope: Scope, value: Sql, few: Sql, digits: int, mode: str) -> Sql:
    """A number of many digits, rounded by its text."""
    whole_number = binary(exp.GTE, call("abs", value), double(_TWO_53))
    looked_at = both(negate(few), negate(whole_number), call("isfinite", value))
    decimal = cast(cast(value, "VARCHAR"), f"DECIMAL(38, {_TEXT_DIGITS})")
    shown = call("replace", cast(decimal, "VARCHAR"), text("."), text(""))
    all_digits = scope.once(case((looked_at, cast(shown, "HUGEINT"))))
    unit = cast(text(str(10 ** (_TEXT_DIGITS - digits))), "HUGEINT")
    cut, rest = binary(exp.IntDiv, all_digits, unit), binary(exp.Mod, all_digits, unit)
    below = binary(exp.LT, rest, whole(0))
    lower = scope.once(case((below, binary(exp.Sub, cut, whole(1))), otherwise=cut))
    beyond = scope.once(case((below, binary(exp.Add, rest, unit)), otherwise=rest))
    place = _Place(
        lower,
        _compared(binary(exp.Mul, beyond, whole(2)), unit),
        binary(exp.EQ, beyond, whole(0)),
        binary(exp.NEQ, binary(exp.Mod, lower, whole(2)), whole(0)),
    )
    taken = cast(binary(exp.Add, lower, _step(place, mode, value)), "VARCHAR")
    rounded = cast(binary(exp.DPipe, taken, text(f"e-{digits}")), "DOUBLE")
    return case((looked_at, case((place.exact, value), otherwise=rounded)), otherwise=value)


# -- some values ---------------------------------------------------------------------------------------------------


def _least(operator: type[exp.Binary]) -> Operator:
    """The least or greatest of some values; of equals the first."""

    def build(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        found = scope.once(arguments[0].value)
        for argument in arguments[1:]:
            other = scope.once(argument.value)
            wins = binary(operator, other, found)
            found = scope.once(case((wins, other), otherwise=call("coalesce", found, other)))
        return Computed(found)

    return Operator(build, nulls=False)


def _sum_and_count(scope: Scope, arguments: tuple[Computed, ...]) -> tuple[Sql, Sql]:
    given = [scope.once(as_double(a.value)) for a in arguments]
    # Adding -0 changes no number, not even -0.
    total, count = call("coalesce", given[0], double("-0.0")), _counted(given[0])
    for value in given[1:]:
        total = binary(exp.Add, total, call("coalesce", value, double("-0.0")))
        count = binary(exp.Add, count, _counted(value))
    return total, scope.once(count)


def _counted(value: Sql) -> Sql:
    return case((not_null(value), whole(1)), otherwise=whole(0))


def _total(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    total, count = _sum_and_count(scope, arguments)
    return Computed(case((binary(exp.GT, count, whole(0)), total)))


def _mean(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    total, count = _sum_and_count(scope, arguments)
    return Computed(case((binary(exp.GT, count, whole(0)), binary(exp.Div, total, as_double(count)))))


OPERATORS: dict[str, Operator] = {
    "Number.Abs": _real("abs"),
    "Number.Sign": Operator(_sign),
    "Number.Round": Operator(_round),
    "Number.IntegerDivide": Operator(_integer_divide),
    "Number.Mod": Operator(_modulo),
    "Number.Power": Operator(_power),
    "Number.Sqrt": _defined("sqrt", 0.0, float("inf")),
    "Number.Exp": _real("exp"),
    "Number.Ln": _logarithm("ln"),
    "Number.Log2": _logarithm("log2"),
    "Number.Log10": _logarithm("log10"),
    "Number.Sin": _periodic("sin"),
    "Number.Cos": _periodic("cos"),
    "Number.Tan": _periodic("tan"),
    "Number.Asin": _defined("asin", -1.0, 1.0),
    "Number.Acos": _defined("acos", -1.0, 1.0),
    "Number.Atan": _real("atan"),
    "Number.Atan2": values(lambda y, x: call("atan2", as_double(y), as_double(x))),
    "Number.Sinh": _real("sinh"),
    "Number.Cosh": _real("cosh"),
    "Number.Tanh": _real("tanh"),
    "Number.IsNaN": values(lambda value: call("isnan", as_double(value))),
    "Number.IsEven": _parity(0),
    "Number.IsOdd": _parity(1),
    "Number.BitwiseAnd": _bits(exp.BitwiseAnd),
    "Number.BitwiseOr": _bits(exp.BitwiseOr),
    "Number.BitwiseXor": _bits("xor"),
    "List.Min": _least(exp.LT),
    "List.Max": _least(exp.GT),
    "List.Sum": Operator(_total, nulls=False),
    "List.Average": Operator(_mean, nulls=False),
}
