"""Operators of a plan in DuckDB's SQL: one declaration each. What is not declared here does not fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from headwater.engines.duckdb import conversions
from headwater.engines.duckdb.comparisons import Side, compare, equal, exact_literal
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import (
    Sql,
    binary,
    call,
    case,
    cast,
    coalesce,
    column,
    is_null,
    negate,
    not_null,
    text,
    whole,
)
from headwater.engines.duckdb.types import as_type, literal
from headwater.errors import NotFoldableError
from headwater.plan.cells import encode_error, error_column
from headwater.plan.conversions import EXPRESSION_ERROR
from headwater.plan.expressions import Call, Expr, Literal, Ref

_NO_CONDITION = encode_error(EXPRESSION_ERROR, "We cannot convert the value null to type Logical.")
_NO_NUMBER = encode_error(EXPRESSION_ERROR, "We cannot convert the value null to type Number.")
_NO_DATE = encode_error(EXPRESSION_ERROR, "The Date value is out of range.")
_NO_RECORD = encode_error(EXPRESSION_ERROR, "We cannot convert the value null to type Record.")

Build = Callable[[Scope, Call, tuple[Computed, ...]], Computed]


@dataclass(frozen=True, slots=True)
class _Operator:
    """``nulls`` says that a null argument makes ``build``'s value null, so that an error's value is null by itself.

    ``lazy`` operators decide on their own which argument's error counts.
    """

    build: Build
    nulls: bool = True
    lazy: bool = False


def compile_expression(scope: Scope, expression: Expr) -> Computed:
    """An expression over columns that are named by their ids.

    Raises:
        NotFoldableError: it uses an operator that is not declared here.
    """
    match expression:
        case Literal():
            return Computed(literal(expression))
        case Ref(id=identifier, may_fail=may_fail):
            return Computed(column(identifier), column(error_column(identifier)) if may_fail else None)
        case Call(operator=name):
            declared = _OPERATORS.get(name)
            if declared is None:
                raise NotFoldableError(f"The engine 'duckdb' does not fold '{name}'.")
            return _apply(scope, declared, expression)


def failing(scope: Scope, computed: Computed, unless: Sql | None = None) -> Sql:
    """The value; a row whose cell is an error ends the query with that error.

    Args:
        scope: where the value is computed.
        computed: the value with its sentinel.
        unless: a column that is made part of the message's expression (not of its text), so that the optimizer cannot
            move the check beneath the place where the column comes from.
    """
    if computed.error is None:
        return computed.value
    error = scope.once(computed.error)
    parts = [text(FATAL), error, text(FATAL)]
    if unless is not None:
        parts.append(call("substr", cast(unless, "VARCHAR"), whole(1), whole(0)))
    return case((not_null(error), call("error", call("concat", *parts))), otherwise=computed.value)


FATAL = "\x1e"
"""Stands before and after a sentinel in the message of a query that an error ended."""


def _apply(scope: Scope, declared: _Operator, expression: Call) -> Computed:
    arguments = tuple(compile_expression(scope, a) for a in _exact(expression.arguments))
    result = declared.build(scope, expression, arguments)
    if declared.lazy:
        return result
    errors = [a.error for a in arguments if a.error is not None]
    if not errors:
        return result
    if declared.nulls:
        return Computed(result.value, coalesce(*errors, *([] if result.error is None else [result.error])))
    error = scope.once(coalesce(*errors))
    return Computed(case((is_null(error), result.value)), error)


def _exact(arguments: tuple[Expr, ...]) -> tuple[Expr, ...]:
    if len(arguments) != 2:
        return arguments
    left, right = arguments
    return exact_literal(left, right), exact_literal(right, left)


def _arithmetic(kind: type[exp.Binary]) -> _Operator:
    def build(_scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        left, right = (cast(a.value, "DOUBLE") for a in arguments)
        return Computed(binary(kind, left, right))

    return _Operator(build)


def _values(build: Callable[..., Sql]) -> _Operator:
    """An operator that is a function of its arguments' values, null of null."""
    return _Operator(lambda _scope, _call, arguments: Computed(build(*(a.value for a in arguments))))


def _named(function: str) -> _Operator:
    return _values(lambda *values: call(function, *values))


def _sides(node: Call, arguments: tuple[Computed, ...]) -> tuple[Side, Side]:
    left, right = (Side(a.value, e.type) for a, e in zip(arguments, _exact(node.arguments), strict=True))
    return left, right


def _equality(negated: bool) -> _Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        left, right = _sides(node, arguments)
        result = equal(scope, left, right)
        return Computed(negate(result) if negated else result)

    return _Operator(build, nulls=False)


def _ordering(operator: str) -> _Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        left, right = _sides(node, arguments)
        return Computed(compare(scope, operator, left, right))

    return _Operator(build)


def _logic(kind: type[exp.Connector], decides: Sql) -> _Operator:
    """``decides``: the left value that makes the right side, and its error, irrelevant."""

    def build(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
        left, right = arguments
        value = scope.once(left.value)
        result = binary(kind, value, right.value)
        errors = [] if left.error is None else [left.error]
        if right.error is not None:
            undecided = binary(exp.NullSafeNEQ, value, decides.copy())
            errors.append(case((undecided, right.error)))
        if not errors:
            return Computed(result)
        error = scope.once(coalesce(*errors))
        return Computed(case((is_null(error), result)), error)

    return _Operator(build, lazy=True)


def _if(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    condition, then, otherwise = arguments
    chosen = scope.once(condition.value)
    yes = as_type(then.value, node.arguments[1].type, node.type)
    no = as_type(otherwise.value, node.arguments[2].type, node.type)
    nullable = node.arguments[0].type.nullable
    surely = not nullable and condition.error is None
    value = case((chosen, yes), otherwise=no) if surely else case((chosen, yes), (negate(chosen), no))
    branches = [(is_null(chosen), text(_NO_CONDITION))] if nullable else []
    chosen_errors = ((chosen, then.error), (negate(chosen), otherwise.error))
    branches.extend((when, error) for when, error in chosen_errors if error is not None)
    errors = [] if condition.error is None else [condition.error]
    errors.extend([case(*branches)] if branches else [])
    return Computed(value, coalesce(*errors) if errors else None)


def _default(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    left, right = arguments
    value = scope.once(as_type(left.value, node.arguments[0].type, node.type))
    result = coalesce(value, as_type(right.value, node.arguments[1].type, node.type))
    errors = [] if left.error is None else [left.error]
    if right.error is not None:
        errors.append(case((is_null(value), right.error)))
    if not errors:
        return Computed(result)
    error = scope.once(coalesce(*errors))
    return Computed(case((is_null(error), result)), error)


def _otherwise(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    left, right = arguments
    value = as_type(left.value, node.arguments[0].type, node.type)
    if left.error is None:
        return Computed(value)
    failed = not_null(scope.once(left.error))
    result = case((failed, as_type(right.value, node.arguments[1].type, node.type)), otherwise=value)
    return Computed(result, None if right.error is None else case((failed, right.error)))


def _field(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    record = scope.once(arguments[0].value)
    value = call("struct_extract", record, text(node.option))
    if not node.arguments[0].type.nullable:
        return Computed(value)
    return Computed(value, case((is_null(record), text(_NO_RECORD))))


def _conversion(build: Callable[..., Computed]) -> _Operator:
    return _Operator(lambda scope, node, arguments: build(scope, arguments[0].value, node.arguments[0].type))


def _date_part(part: str) -> _Operator:
    def build(_scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        return Computed(call(part, conversions.as_date(arguments[0].value, node.arguments[0].type)))

    return _Operator(build)


def _date_of_parts(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    parts = [scope.once(a.value) for a in arguments]
    # M's years end at 9999, DuckDB's go on.
    in_range = exp.Paren(this=exp.Between(this=parts[0], low=whole(1), high=whole(9999)))
    date = scope.once(case((in_range, call("try", call("make_date", *parts)))))
    missing = [(is_null(part), text(_NO_NUMBER)) for part in parts]
    return Computed(date, case(*missing, (is_null(date), text(_NO_DATE))))


def _day_of_week(_scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    day = call("dayofweek", conversions.as_date(arguments[0].value, node.arguments[0].type))
    return Computed(binary(exp.Mod, binary(exp.Add, day, whole(7 - node.option)), whole(7)))


def _utf16_length(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = scope.once(arguments[0].value)
    points = call("length", value)
    beyond = call("length", call("regexp_replace", value, text(r"[^\x{10000}-\x{10FFFF}]"), text(""), text("g")))
    ascii_only = binary(exp.EQ, points, call("strlen", value))
    return Computed(case((ascii_only, points), otherwise=binary(exp.Add, points, beyond)))


_OPERATORS: dict[str, _Operator] = {
    "+": _arithmetic(exp.Add),
    "-": _arithmetic(exp.Sub),
    "*": _arithmetic(exp.Mul),
    "/": _arithmetic(exp.Div),
    "negate": _values(lambda value: exp.Paren(this=exp.Neg(this=cast(value, "DOUBLE")))),
    "&": _values(lambda left, right: binary(exp.DPipe, left, right)),
    "=": _equality(negated=False),
    "<>": _equality(negated=True),
    "<": _ordering("<"),
    "<=": _ordering("<="),
    ">": _ordering(">"),
    ">=": _ordering(">="),
    "and": _logic(exp.And, exp.false()),
    "or": _logic(exp.Or, exp.true()),
    "not": _values(negate),
    "if": _Operator(_if, lazy=True),
    "??": _Operator(_default, lazy=True),
    "otherwise": _Operator(_otherwise, lazy=True),
    "[]": _Operator(_field),
    "Number.From": _conversion(conversions.number_from),
    "Int64.From": _conversion(conversions.int64_from),
    "Text.From": _conversion(conversions.text_from),
    "Logical.From": _conversion(conversions.logical_from),
    "#date": _Operator(_date_of_parts),
    "Date.From": _conversion(conversions.date_from),
    "DateTime.From": _conversion(conversions.datetime_from),
    "Date.Year": _date_part("year"),
    "Date.Month": _date_part("month"),
    "Date.Day": _date_part("day"),
    "Date.DayOfWeek": _Operator(_day_of_week),
    "Text.Length": _Operator(_utf16_length),
    "Text.Contains": _named("contains"),
    "Text.StartsWith": _named("starts_with"),
    "Text.EndsWith": _named("ends_with"),
    "Number.Abs": _values(lambda value: call("abs", cast(value, "DOUBLE"))),
}

FOLDED_OPERATORS = frozenset(_OPERATORS)
