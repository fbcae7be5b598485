r"""How a library function, constant or enumeration is declared.

A declaration is written once, beside its evaluator::

    @function(
        "Text.Upper(text as nullable text, optional culture as nullable text) as nullable text",
        examples=[('Text.Upper("aBc")', '"ABC"')],
    )
    def text_upper(text, culture=None):
        \"""The text in capital letters.\"""

The docstring is the function's documentation for users. The signature is M's own notation. Arguments arrive
evaluated, checked against it, and without metadata unless the parameter is ``any``. ``session=True`` passes the
session first. ``fold`` gives the plan expression of a call on columns; a text names a plan operator that takes the
same arguments. A rule gets the arguments and the session, whose culture and clock are constants to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from headwater.errors import NotFoldableError
from headwater.plan.expressions import Expr, call
from headwater.powerquery.language import parse_expression, syntax
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@dataclass(frozen=True, slots=True)
class Constant:
    """An argument of a call that is to be folded: a value that does not depend on the row and is no plan's constant."""

    value: Value


@dataclass(frozen=True, slots=True)
class Items:
    """An argument of a call that is to be folded: a list that is written out, of which some item depends on the row."""

    items: tuple[Expr, ...]


Argument: TypeAlias = Expr | Constant | Items

Fold: TypeAlias = "Callable[[tuple[Argument, ...], Session], Expr]"

_PARAMETER_CALLED_TYPE = re.compile(r"([(,]\s*(?:optional )?)type(?= as )")
"""The one keyword that the library's documented signatures use as a name."""

_CLASSES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "logical": (bool,),
    "number": (int, float, Decimal),
    "text": (str,),
    "date": (Date,),
    "time": (Time,),
    "datetime": (DateTime,),
    "datetimezone": (DateTimeZone,),
    "duration": (Duration,),
    "binary": (bytes, Binary),
    "list": (List,),
    "action": (Function,),
    "record": (Record,),
    "table": (Table,),
    "function": (Function,),
    "type": (t.Type,),
}


@dataclass(frozen=True, slots=True)
class Check:
    """What an argument has to be. No ``classes`` means any kind (null only if ``nullable``), kept with its metadata."""

    label: str
    nullable: bool
    classes: tuple[type, ...]

    def apply(self, value: Value) -> Value:
        """The argument as the evaluator takes it; MError Expression.Error when it is of the wrong kind."""
        if not self.classes:
            if value is None and not self.nullable:
                raise cannot_convert(value, "AnyNonNull")
            return value
        value = plain(value)
        if isinstance(value, self.classes) and (type(value) is not bool or bool in self.classes):
            return value
        if value is None and self.nullable:
            return None
        raise cannot_convert(value, t.title_of(self.label))


@dataclass(frozen=True)
class Declaration:
    """One library function. ``examples`` are (expression, expression of the result); they run as tests."""

    signature: str
    summary: str
    implementation: Callable[..., Value]
    examples: tuple[tuple[str, str], ...] = ()
    fold: Fold | None = None
    session: bool = False

    @cached_property
    def name(self) -> str:
        return self.signature[: self.signature.index("(")]

    @cached_property
    def _node(self) -> syntax.Function:
        head = _PARAMETER_CALLED_TYPE.sub(r'\1#"type"', self.signature[self.signature.index("(") :])
        node = parse_expression(head + " => null")
        assert isinstance(node, syntax.Function), "a signature reads as the head of a function"
        return node

    @cached_property
    def type(self) -> t.FunctionType:
        """The function's M type."""
        parameters = tuple(t.FieldType(p.name, _type(p.type), p.optional) for p in self._node.parameters)
        return t.FunctionType(parameters, _type(self._node.return_type))

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        return tuple(_check(p) for p in self._node.parameters)

    def bind(self, session: Session) -> Function:
        """The function value in a session."""
        checks = self.checks
        implementation: Callable[..., Value] = self.implementation
        with_session = self.session

        def invoke(*arguments: Value) -> Value:
            checked = [check.apply(argument) for check, argument in zip(checks, arguments, strict=False)]
            return implementation(session, *checked) if with_session else implementation(*checked)

        minimum = sum(not p.optional for p in self._node.parameters)
        return Function(invoke, lambda: self.type, minimum=minimum, maximum=len(checks), name=self.name, origin=self)


def _type(node: syntax.Expr | None) -> t.Type:
    match node:
        case syntax.NullableType(inner=inner):
            return t.nullable(_type(inner))
        case syntax.PrimitiveType(name=name):
            return t.PRIMITIVES[name]
    return t.ANY


def _check(parameter: syntax.Parameter) -> Check:
    of = _type(parameter.type)
    inner = t.non_nullable(of) if of != t.ANY else of
    assert isinstance(inner, t.PrimitiveType), "library parameters are of primitive types"
    classes = () if inner.name in ("any", "anynonnull") else _CLASSES[inner.name]
    return Check(inner.name, of.nullable or parameter.optional, classes)


@dataclass
class Registry:
    """The declarations of the library, in order of name."""

    functions: dict[str, Declaration] = field(default_factory=dict)
    constants: dict[str, tuple[Value, str]] = field(default_factory=dict)

    def add(self, declaration: Declaration) -> None:
        """Take in a function; a name may be declared once."""
        assert declaration.name not in self.functions, f"{declaration.name} is declared twice"
        self.functions[declaration.name] = declaration


REGISTRY = Registry()


def function(
    signature: str,
    *,
    examples: Sequence[tuple[str, str]] = (),
    fold: str | Fold | None = None,
    session: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the decorated evaluator as a library function; see the head of this module."""

    def decorate(implementation: Callable[..., Any]) -> Callable[..., Any]:
        rule = _operator_rule(fold) if isinstance(fold, str) else fold
        summary = " ".join((implementation.__doc__ or "").split())
        REGISTRY.add(Declaration(signature, summary, implementation, tuple(examples), rule, session))
        return implementation

    return decorate


def plain_arguments(operator: str, arguments: Sequence[Argument]) -> tuple[Expr, ...]:
    """The arguments, all of which have to be plan expressions.

    Raises:
        NotFoldableError: one is a list, a record, a function …
    """
    for argument in arguments:
        if isinstance(argument, Constant | Items):
            raise NotFoldableError(f"'{operator}' does not fold with such an argument.")
    return tuple(a for a in arguments if not isinstance(a, Constant | Items))


def _operator_rule(operator: str) -> Fold:
    return lambda arguments, _session: call(operator, *plain_arguments(operator, arguments))


def constant(name: str, value: Value, *, summary: str) -> None:
    """Declare a constant."""
    assert name not in REGISTRY.constants, f"{name} is declared twice"
    REGISTRY.constants[name] = (value, summary)


@dataclass(frozen=True, slots=True)
class PerSession:
    """A constant's value that each session has its own of."""

    compute: Callable[[Session], Value]


def session_constant(name: str, compute: Callable[[Session], Value], *, summary: str) -> None:
    """Declare a constant that depends on the session."""
    constant(name, PerSession(compute), summary=summary)


def enumeration(name: str, values: dict[str, int], *, summary: str) -> None:
    """Declare an enumeration: ``Day.Sunday`` … and its type ``Day.Type``."""
    constant(f"{name}.Type", t.PrimitiveType("number", f"{name}.Type"), summary=summary)
    for member, value in values.items():
        constant(f"{name}.{member}", value, summary=f"{member}, a value of {name}.Type.")
