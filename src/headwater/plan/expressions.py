"""Scalar expressions of a plan: literals, column references and operator calls, all typed.

``may_fail`` says that a value can be an M error; an engine then computes a second, sentinel value beside it (see
:mod:`headwater.plan.cells`). Build calls with :func:`call`, which types them by :mod:`headwater.plan.operators`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from headwater.errors import NotFoldableError
from headwater.plan.operators import OPERATORS
from headwater.plan.types import DataType


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. ``value`` is None or what pyarrow makes a scalar of ``to_arrow(type)`` from (ticks are int)."""

    value: Any
    type: DataType
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Ref:
    """A column of the node's input, by its id."""

    id: str
    type: DataType
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """An operator applied to arguments; ``operator`` names an entry of ``OPERATORS``.

    ``option`` is a constant that is part of the operator itself: the field of ``[]``, the culture of a conversion,
    the first day of a week.
    """

    operator: str
    arguments: tuple[Expr, ...]
    type: DataType
    may_fail: bool
    option: Any = None


Expr: TypeAlias = Literal | Ref | Call


def may_be_null(expression: Expr) -> bool:
    """Whether an expression's value can be null where it is no error.

    >>> from headwater.plan.types import TEXT
    >>> may_be_null(Literal("a", TEXT)), may_be_null(Ref("a", TEXT))
    (False, True)
    """
    return expression.value is None if isinstance(expression, Literal) else expression.type.nullable


def missing_arguments(expression: Call) -> Iterator[tuple[int, str]]:
    """The arguments that must not be null and could be: each one's position and what M calls its type."""
    required = OPERATORS[expression.operator].required
    for at, (argument, label) in enumerate(zip(expression.arguments, required, strict=False)):
        if label and may_be_null(argument):
            yield at, label


def call(operator: str, *arguments: Expr, option: Any = None) -> Call:
    """A typed operator call.

    Raises:
        NotFoldableError: the operator is unknown, or has no rule for these argument types.

    >>> from headwater.plan.types import DOUBLE, INT64
    >>> call("+", Ref("a", INT64), Literal(1.5, DOUBLE)).type.kind.name
    'DOUBLE'
    """
    declared = OPERATORS.get(operator)
    if declared is None:
        raise NotFoldableError(f"'{operator}' has no place in a plan.")
    # A constant that is there is never null, whatever its type allows.
    types = tuple(replace(a.type, nullable=may_be_null(a)) for a in arguments)
    result = declared.result(types, option)
    if result is None:
        kinds = ", ".join(a.type.kind.value for a in arguments)
        raise NotFoldableError(f"'{operator}' does not fold for arguments of kind ({kinds}).")
    data_type, raises = result
    made = Call(operator, arguments, data_type, raises, option)
    raises = raises or any(missing_arguments(made))
    # `try … otherwise` is the one operator that ends an error instead of passing it on.
    may_fail = arguments[-1].may_fail if operator == "otherwise" else raises or any(a.may_fail for a in arguments)
    return replace(made, may_fail=may_fail)


def references(expression: Expr) -> Iterator[str]:
    """The ids of the columns an expression reads, in order of occurrence, repeats included."""
    match expression:
        case Ref(id=identifier):
            yield identifier
        case Call(arguments=arguments):
            for argument in arguments:
                yield from references(argument)


def with_references(expression: Expr, refs: Mapping[str, Ref]) -> Expr:
    """The expression with other references in the place of those whose ids ``refs`` has.

    >>> from headwater.plan.types import INT64
    >>> with_references(Ref("a", INT64), {"a": Ref("b", INT64)}).id
    'b'
    """
    match expression:
        case Ref(id=identifier):
            return refs.get(identifier, expression)
        case Call(arguments=arguments):
            return replace(expression, arguments=tuple(with_references(argument, refs) for argument in arguments))
        case _:
            return expression


def operators_of(expression: Expr) -> Iterator[str]:
    """The operators an expression uses, repeats included."""
    if isinstance(expression, Call):
        yield expression.operator
        for argument in expression.arguments:
            yield from operators_of(argument)
