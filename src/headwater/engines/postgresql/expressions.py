"""Operators of a plan in PostgreSQL's SQL: one declaration each. What is not declared here does not fold.

PostgreSQL cannot raise M's errors, and its own end the whole statement. So what can be an error carries a second
expression, its sentinel, and a place that has no room for one (a condition, a key) does not fold. Arithmetic whose
result leaves the range of doubles is infinite in M and an error in PostgreSQL: ``careful`` leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from sqlglot import exp

from headwater.engines.postgresql.comparisons import Side, compare, equal
from headwater.engines.postgresql.sql import cast, column, double, ordinal
from headwater.engines.postgresql.types import as_type, literal
from headwater.engines.sql import Sql, binary, call, case, is_null, negate, not_null, text, whole
from headwater.errors import NotFoldableError
from headwater.plan.cells import encode_error, error_column
from headwater.plan.conversions import EXPRESSION_ERROR
from headwater.plan.expressions import Call, Expr, Literal, Ref
from headwater.plan.types import NUMERIC, Kind

_NO_CONDITION = encode_error(EXPRESSION_ERROR, "We cannot convert the value null to type Logical.")

_LARGEST = 2_000
"""How many nodes the SQL of one expression may have: parts that are used twice are written twice."""

_TEXT = frozenset({Kind.TEXT})
_LOGICAL = frozenset({Kind.LOGICAL})

_BEYOND_PLANE = "[^\U00010000-\U0010ffff]"


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression in SQL. ``error`` is the sentinel, None where no error is possible; where it is not null at run
    time, ``value`` is null.
    """

    value: Sql
    error: Sql | None = None


Build = Callable[[Call, tuple[Computed, ...]], Sql]


@dataclass(frozen=True, slots=True)
class _Operator:
    """``nulls`` says that a null argument makes the value null, so that an error's value is null by itself.

    ``overflows``: PostgreSQL ends in an error where M's value is infinite, or none of its own. ``kinds`` are those that
    its arguments may be of: an operator can mean more on other engines.
    """

    build: Build
    nulls: bool = True
    overflows: bool = False
    kinds: frozenset[Kind] = frozenset(Kind)


def compile_expression(expression: Expr, *, careful: bool) -> Computed:
    """An expression over columns that are named by their ids.

    Raises:
        NotFoldableError: it uses what is not declared here, or its SQL would be too large.
    """
    return _limited(_compile(expression, careful))


def compile_condition(expression: Expr, *, careful: bool) -> Sql:
    """A condition that decides which rows are kept: null counts as false.

    Raises:
        NotFoldableError: as above, or the condition can be an error.
    """
    if expression.may_fail:
        raise NotFoldableError("A condition that can be an error does not fold on PostgreSQL.")
    return _limited(Computed(_condition(expression, careful))).value


def without_error(computed: Computed, what: str) -> Sql:
    """The value of something that cannot be an error.

    Raises:
        NotFoldableError: it can be one.
    """
    if computed.error is not None:
        raise NotFoldableError(f"{what} that can be an error does not fold on PostgreSQL.")
    return computed.value


def _limited(computed: Computed) -> Computed:
    for part in (computed.value, computed.error):
        if part is not None and sum(1 for _ in islice(part.walk(), _LARGEST + 1)) > _LARGEST:
            raise NotFoldableError("The expression is too large for PostgreSQL.")
    return computed


def _condition(expression: Expr, careful: bool) -> Sql:
    match expression:
        case Call(operator="and" | "or" as operator, arguments=(left, right)):
            kind = exp.And if operator == "and" else exp.Or
            return binary(kind, _condition(left, careful), _condition(right, careful))
        case Call(operator="=", arguments=(left, right)):
            return equal(_side(left, careful), _side(right, careful), kept=True)
        case Call(operator="<" | "<=" | ">" | ">=" as operator, arguments=(left, right)):
            return compare(operator, _side(left, careful), _side(right, careful), kept=True)
        case _:
            return _compile(expression, careful).value


def _compile(expression: Expr, careful: bool) -> Computed:
    match expression:
        case Literal():
            return Computed(literal(expression))
        case Ref(id=identifier, may_fail=may_fail):
            return Computed(column(identifier), column(error_column(identifier)) if may_fail else None)
        case Call(operator="if" | "??" | "otherwise"):
            return _CHOICES[expression.operator](expression, *(_compile(a, careful) for a in expression.arguments))
        case Call(operator="=" | "<>" | "<" | "<=" | ">" | ">="):
            return _comparison(expression, careful)
        case Call(operator=name):
            declared = _OPERATORS.get(name)
            if declared is None or (careful and declared.overflows):
                raise NotFoldableError(f"PostgreSQL does not fold '{name}'.")
            if any(argument.type.kind not in declared.kinds for argument in expression.arguments):
                raise NotFoldableError(f"PostgreSQL does not fold '{name}' of values of this kind.")
            return _apply(declared, expression, tuple(_compile(a, careful) for a in expression.arguments))


def _apply(declared: _Operator, expression: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = declared.build(expression, arguments)
    errors = [a.error for a in arguments if a.error is not None]
    raises = expression.may_fail and not any(argument.may_fail for argument in expression.arguments)
    if not errors and not raises:
        return Computed(value)
    if raises or not declared.nulls:
        raise NotFoldableError(f"'{expression.operator}' of what can be an error does not fold on PostgreSQL.")
    return Computed(value, errors[0] if len(errors) == 1 else call("coalesce", *errors))


def _side(expression: Expr, careful: bool) -> Side:
    if isinstance(expression, Literal):
        return Side(expression, None)
    return Side(expression, without_error(_compile(expression, careful), "A comparison of what"))


def _comparison(node: Call, careful: bool) -> Computed:
    left, right = (_side(argument, careful) for argument in node.arguments)
    if node.operator in ("=", "<>"):
        result = equal(left, right, kept=False)
        return Computed(negate(result) if node.operator == "<>" else result)
    return Computed(compare(node.operator, left, right, kept=False))


# Choices: only the chosen side's error counts


def _if(node: Call, condition: Computed, then: Computed, otherwise: Computed) -> Computed:
    chosen = condition.value
    yes, no = (_in_type(c, node, at) for at, c in ((1, then), (2, otherwise)))
    value = _text_ordinal(node, case((is_null(chosen), exp.null()), (chosen, yes), otherwise=no))
    branches = [(is_null(chosen), text(_NO_CONDITION))] if node.arguments[0].type.nullable else []
    sides = ((chosen, then.error), (negate(chosen), otherwise.error))
    branches.extend((when, error) for when, error in sides if error is not None)
    errors = [] if condition.error is None else [condition.error]
    errors.extend([case(*branches)] if branches else [])
    return Computed(value, call("coalesce", *errors) if errors else None)


def _default(node: Call, left: Computed, right: Computed) -> Computed:
    value = without_error(Computed(_in_type(left, node, 0), left.error), "A value")
    result = _text_ordinal(node, call("coalesce", value, _in_type(right, node, 1)))
    return Computed(result, None if right.error is None else case((is_null(value), right.error)))


def _otherwise(node: Call, left: Computed, right: Computed) -> Computed:
    value = _in_type(left, node, 0)
    if left.error is None:
        return Computed(value)
    failed = not_null(left.error)
    result = _text_ordinal(node, case((failed, _in_type(right, node, 1)), otherwise=value))
    return Computed(result, None if right.error is None else case((failed, right.error)))


def _in_type(computed: Computed, node: Call, at: int) -> Sql:
    return as_type(computed.value, node.arguments[at].type, node.type)


def _text_ordinal(node: Call, value: Sql) -> Sql:
    return ordinal(value) if node.type.kind is Kind.TEXT else value


_CHOICES: dict[str, Callable[..., Computed]] = {"if": _if, "??": _default, "otherwise": _otherwise}


# Functions of their arguments


def _values(build: Callable[..., Sql], kinds: frozenset[Kind], **options: bool) -> _Operator:
    return _Operator(lambda _call, arguments: build(*(a.value for a in arguments)), kinds=kinds, **options)


def _arithmetic(kind: type[exp.Binary]) -> _Operator:
    return _values(lambda left, right: binary(kind, double(left), double(right)), NUMERIC, overflows=True)


def _divide(node: Call, arguments: tuple[Computed, ...]) -> Sql:
    left, right = (double(a.value) for a in arguments)
    divisor = node.arguments[1]
    if isinstance(divisor, Literal) and divisor.value:
        return binary(exp.Div, left, right)
    # Zero has a sign that decides the infinity's, and shows it in its text.
    negative = binary(exp.EQ, cast(right.copy(), "TEXT"), text("-0"))
    alike = binary(exp.NEQ, binary(exp.LT, left.copy(), whole(0)), negative)
    infinite = case((alike, double(text("-Infinity"))), otherwise=double(text("Infinity")))
    no_number = exp.Paren(
        this=exp.Or(
            this=binary(exp.EQ, left.copy(), whole(0)),
            expression=binary(exp.EQ, left.copy(), double(text("NaN"))),
        )
    )
    by_zero = case((is_null(left.copy()), exp.null()), (no_number, double(text("NaN"))), otherwise=infinite)
    return case((binary(exp.EQ, right.copy(), whole(0)), by_zero), otherwise=binary(exp.Div, left, right))


def _connector(kind: type[exp.Connector]) -> _Operator:
    return _values(lambda left, right: binary(kind, left, right), _LOGICAL, nulls=False)


def _converted(kinds: frozenset[Kind], to: str) -> _Operator:
    def build(node: Call, arguments: tuple[Computed, ...]) -> Sql:
        source = node.arguments[0].type.kind
        if source not in kinds:
            raise NotFoldableError(f"'{node.operator}' of a {source.value} does not fold on PostgreSQL.")
        value = arguments[0].value
        converted = cast(cast(value, "INT"), to) if source is Kind.LOGICAL and to != "TEXT" else cast(value, to)
        return ordinal(converted) if to == "TEXT" else converted

    return _Operator(build)


def _logical_from(node: Call, arguments: tuple[Computed, ...]) -> Sql:
    match node.arguments[0].type.kind:
        case Kind.LOGICAL:
            return arguments[0].value
        case Kind.INT64 | Kind.DOUBLE:
            return binary(exp.NEQ, arguments[0].value, whole(0))
        case kind:
            raise NotFoldableError(f"'Logical.From' of a {kind.value} does not fold on PostgreSQL.")


def _date_part(part: str) -> _Operator:
    def build(node: Call, arguments: tuple[Computed, ...]) -> Sql:
        _check_calendar(node)
        return cast(exp.Extract(this=exp.Var(this=part), expression=arguments[0].value), "BIGINT")

    return _Operator(build, overflows=True)


def _check_calendar(node: Call) -> None:
    of = node.arguments[0].type
    if of.kind is not Kind.DATE and (of.kind is not Kind.DATETIME or of.unit != "us"):
        raise NotFoldableError(f"'{node.operator}' of a {of.kind.value} does not fold on PostgreSQL.")


def _day_of_week(node: Call, arguments: tuple[Computed, ...]) -> Sql:
    _check_calendar(node)
    day = cast(exp.Extract(this=exp.Var(this="DOW"), expression=arguments[0].value), "BIGINT")
    return binary(exp.Mod, binary(exp.Add, day, whole(7 - node.option)), whole(7))


def _date_from(node: Call, arguments: tuple[Computed, ...]) -> Sql:
    _check_calendar(node)
    return cast(arguments[0].value, "DATE")


def _utf16_length(value: Sql) -> Sql:
    points = call("char_length", value)
    beyond = call("regexp_replace", value.copy(), text(_BEYOND_PLANE), text(""), text("g"))
    return cast(binary(exp.Add, points, call("char_length", beyond)), "BIGINT")


def _ends_with(value: Sql, end: Sql) -> Sql:
    return binary(exp.EQ, ordinal(call("right", value, call("char_length", end))), end.copy())


_OPERATORS: dict[str, _Operator] = {
    "+": _arithmetic(exp.Add),
    "-": _arithmetic(exp.Sub),
    "*": _arithmetic(exp.Mul),
    "/": _Operator(_divide, overflows=True, kinds=NUMERIC),
    "negate": _values(lambda value: exp.Paren(this=exp.Neg(this=double(value))), NUMERIC),
    "&": _values(lambda left, right: ordinal(binary(exp.DPipe, left, right)), _TEXT),
    "and": _connector(exp.And),
    "or": _connector(exp.Or),
    "not": _values(negate, _LOGICAL),
    "Number.From": _converted(frozenset({Kind.INT64, Kind.DOUBLE, Kind.DECIMAL, Kind.LOGICAL}), "DOUBLE PRECISION"),
    "Int64.From": _converted(frozenset({Kind.INT64, Kind.LOGICAL}), "BIGINT"),
    "Text.From": _converted(frozenset({Kind.TEXT, Kind.INT64, Kind.LOGICAL}), "TEXT"),
    "Logical.From": _Operator(_logical_from),
    "Date.From": _Operator(_date_from),
    "Date.Year": _date_part("YEAR"),
    "Date.Month": _date_part("MONTH"),
    "Date.Day": _date_part("DAY"),
    "Date.DayOfWeek": _Operator(_day_of_week, overflows=True),
    "Text.Length": _values(_utf16_length, _TEXT),
    "Text.Contains": _values(
        lambda all_text, part: binary(exp.GT, call("strpos", ordinal(all_text), part), whole(0)), _TEXT
    ),
    "Text.StartsWith": _values(lambda whole_text, start: call("starts_with", whole_text, start), _TEXT),
    "Text.EndsWith": _values(_ends_with, _TEXT),
    "Number.Abs": _values(lambda value: call("abs", double(value)), NUMERIC),
}

FOLDED_OPERATORS = frozenset({*_OPERATORS, *_CHOICES, "=", "<>", "<", "<=", ">", ">="})
