"""Operators of a plan in DuckDB's SQL: one declaration each. What is not declared here does not fold."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.duckdb import conversions, dates, numbers
from headwater.engines.duckdb import text as texts
from headwater.engines.duckdb.comparisons import Side, compare, equal, exact_literal
from headwater.engines.duckdb.operators import Operator, missing, values
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import cast, coalesce, column
from headwater.engines.duckdb.types import as_type, literal
from headwater.engines.sql import Sql, binary, call, case, is_null, negate, not_null, text, whole
from headwater.errors import NotFoldableError
from headwater.plan.cells import error_column
from headwater.plan.expressions import Call, Expr, Literal, Ref, may_be_null, missing_arguments
from headwater.plan.types import Kind


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


def _apply(scope: Scope, declared: Operator, expression: Call) -> Computed:
    written = _exact(expression.arguments) if expression.operator in _COMPARISONS else expression.arguments
    arguments = tuple(compile_expression(scope, a) for a in written)
    result = declared.build(scope, expression, arguments)
    if declared.lazy:
        return result
    errors = [a.error for a in arguments if a.error is not None]
    wanted = list(missing_arguments(expression))
    if wanted:
        errors.append(case(*((is_null(arguments[at].value), missing(label)) for at, label in wanted)))
    if not errors:
        return result
    if declared.nulls:
        return Computed(result.value, coalesce(*errors, *([] if result.error is None else [result.error])))
    error = scope.once(coalesce(*errors))
    return Computed(case((is_null(error), result.value)), error)


_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})


def _exact(arguments: tuple[Expr, ...]) -> tuple[Expr, ...]:
    left, right = arguments
    return exact_literal(left, right), exact_literal(right, left)


def _arithmetic(operator: str, kind: type[exp.Binary]) -> Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        if node.type.kind is not Kind.DOUBLE:
            return dates.arithmetic(operator, scope, node, arguments)
        left, right = (cast(a.value, "DOUBLE") for a in arguments)
        return Computed(binary(kind, left, right))

    return Operator(build)


def _join(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    if node.type.kind is not Kind.TEXT:
        return dates.arithmetic("&", scope, node, arguments)
    return Computed(binary(exp.DPipe, arguments[0].value, arguments[1].value))


def _sides(node: Call, arguments: tuple[Computed, ...]) -> tuple[Side, Side]:
    left, right = (Side(a.value, e.type) for a, e in zip(arguments, _exact(node.arguments), strict=True))
    return left, right


def _equality(negated: bool) -> Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        left, right = _sides(node, arguments)
        result = equal(scope, left, right)
        return Computed(negate(result) if negated else result)

    return Operator(build, nulls=False)


def _ordering(operator: str) -> Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        left, right = _sides(node, arguments)
        return Computed(compare(scope, operator, left, right))

    return Operator(build)


def _logic(kind: type[exp.Connector], decides: Sql) -> Operator:
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

    return Operator(build, lazy=True)


def _if(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    condition, then, otherwise = arguments
    chosen = scope.once(condition.value)
    yes = as_type(then.value, node.arguments[1].type, node.type)
    no = as_type(otherwise.value, node.arguments[2].type, node.type)
    nullable = may_be_null(node.arguments[0])
    surely = not nullable and condition.error is None
    value = case((chosen, yes), otherwise=no) if surely else case((chosen, yes), (negate(chosen), no))
    branches = [(is_null(chosen), missing("Logical"))] if nullable else []
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
    if not may_be_null(node.arguments[0]):
        return Computed(value)
    return Computed(value, case((is_null(record), missing("Record"))))


def _conversion(build: Callable[..., Computed]) -> Operator:
    return Operator(lambda scope, node, arguments: build(scope, arguments[0].value, node.arguments[0].type))


def _as(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    if not may_be_null(node.arguments[0]):
        return arguments[0]
    value = scope.once(arguments[0].value)
    return Computed(value, case((is_null(value), missing(node.option))))


def _is_one_of(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    value, *listed = arguments
    looked_for = scope.once(value.value)
    nulls = [item for item in listed if isinstance(item.value, exp.Cast) and isinstance(item.value.this, exp.Null)]
    others = [item.value for item in listed if item not in nulls]
    found = exp.Paren(this=exp.In(this=looked_for, expressions=others)) if others else exp.false()
    return Computed(case((is_null(looked_for), exp.true() if nulls else exp.false()), otherwise=found))


_OPERATORS: dict[str, Operator] = {
    "+": _arithmetic("+", exp.Add),
    "-": _arithmetic("-", exp.Sub),
    "*": _arithmetic("*", exp.Mul),
    "/": _arithmetic("/", exp.Div),
    "negate": values(lambda value: exp.Paren(this=exp.Neg(this=cast(value, "DOUBLE")))),
    "&": Operator(_join),
    "=": _equality(negated=False),
    "<>": _equality(negated=True),
    "<": _ordering("<"),
    "<=": _ordering("<="),
    ">": _ordering(">"),
    ">=": _ordering(">="),
    "and": _logic(exp.And, exp.false()),
    "or": _logic(exp.Or, exp.true()),
    "not": values(negate),
    "if": Operator(_if, lazy=True),
    "??": Operator(_default, lazy=True),
    "otherwise": Operator(_otherwise, lazy=True),
    "[]": Operator(_field),
    "Number.From": _conversion(conversions.number_from),
    "Int64.From": _conversion(conversions.int64_from),
    "as": Operator(_as),
    "List.Contains": Operator(_is_one_of, nulls=False),
    "Int.Sized": Operator(conversions.sized),
    "Text.From": _conversion(conversions.text_from),
    "Logical.From": _conversion(conversions.logical_from),
    "Date.From": _conversion(conversions.date_from),
    "DateTime.From": _conversion(conversions.datetime_from),
    **texts.OPERATORS,
    **numbers.OPERATORS,
    **dates.OPERATORS,
}

FOLDED_OPERATORS = frozenset(_OPERATORS)
