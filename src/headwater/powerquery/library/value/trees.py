"""The body of an M function as a tree of records, for connectors that translate it into the language of a source.

A node is a record whose Kind says what it is: Constant [Value], FieldAccess [Expression, MemberName], Unary [Operator,
Expression], Binary [Operator, Left, Right], If [Condition, TrueCase, FalseCase], Invocation [Function, Arguments] or
NotImplemented. Whatever does not look at the function's parameter is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headwater.errors import MError
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.tables.folding import bare, mentions_row
from headwater.powerquery.values.core import List, Record, Value, force
from headwater.powerquery.values.functions import Function

_BINARY = {
    "+": "Add",
    "-": "Subtract",
    "*": "Multiply",
    "/": "Divide",
    "&": "Concatenate",
    "=": "Equals",
    "<>": "NotEquals",
    "<": "LessThan",
    "<=": "LessThanOrEquals",
    ">": "GreaterThan",
    ">=": "GreaterThanOrEquals",
    "and": "And",
    "or": "Or",
}
_UNARY = {"-": "Negative", "+": "Positive", "not": "Not"}


@dataclass(frozen=True, slots=True)
class _Local:
    """A name that a ``let`` of the body defines, and the names that its definition sees."""

    value: syntax.Expr
    visible: Mapping[str, _Local]


def node(kind: str, **members: Value) -> Record:
    """A node of a tree."""
    return Record.of({"Kind": kind, **members})


def field_access(target: Record, name: str) -> Record:
    """The node that reads a field."""
    return node("FieldAccess", Expression=target, MemberName=name)


def tree_of(function: Function, item: Record) -> Record:
    """The tree of a function's body, ``item`` standing for the function's parameter.

    Raises:
        MError: Expression.Error, the function is not written in M with one parameter, or its body has a part for which
            there is no node.
    """
    closure = function.origin
    if not isinstance(closure, Closure):
        raise MError("Expression.Error", "Only a function that is written in M has an expression.", function)
    if isinstance(closure.node, syntax.Function) and len(closure.node.parameters) != 1:
        raise MError("Expression.Error", "The function has to take one argument.", function)
    parameter = closure.node.parameters[0].name if isinstance(closure.node, syntax.Function) else "_"
    return _Builder(closure, parameter, item).build(closure.node.body, {})


class _Builder:
    def __init__(self, closure: Closure, parameter: str, item: Record) -> None:
        self._closure = closure
        self._parameter = parameter
        self._item = item

    def build(self, part: syntax.Expr, names: Mapping[str, _Local]) -> Record:
        """The node of a part of the body that sees these names beside the function's own."""
        part = bare(part)
        if isinstance(part, syntax.NotImplemented_):
            return node("NotImplemented")
        if not mentions_row(part, {self._parameter, *names}):
            return node("Constant", Value=self._constant(part))
        handler = _HANDLERS.get(type(part))
        if handler is None:
            raise self._refuse(part)
        return handler(self, part, names)

    def _constant(self, part: syntax.Expr) -> Value:
        closure = self._closure
        return force(closure.compiler.compile(part, closure.scope)(closure.frame))

    def _refuse(self, part: syntax.Expr) -> MError:
        what = type(part).__name__.lower()
        place = self._closure.compiler.locate(part)
        return MError("Expression.Error", f"There is no expression node for this {what}.", place=place)

    def _identifier(self, part: syntax.Identifier, names: Mapping[str, _Local]) -> Record:
        if part.name in names:
            local = names[part.name]
            return self.build(local.value, local.visible)
        return self._item

    def _let(self, part: syntax.Let, names: Mapping[str, _Local]) -> Record:
        visible = dict(names)
        for binding in part.bindings:  # a name is seen by the definitions after it, so none sees itself
            visible = {**visible, binding.name: _Local(binding.value, visible)}
        return self.build(part.body, visible)

    def _field(self, part: syntax.FieldAccess, names: Mapping[str, _Local]) -> Record:
        if part.optional:
            raise self._refuse(part)
        target = syntax.Identifier("_", False) if part.target is None else part.target
        return field_access(self.build(target, names), part.name)

    def _unary(self, part: syntax.Unary, names: Mapping[str, _Local]) -> Record:
        return node("Unary", Operator=_UNARY[part.operator], Expression=self.build(part.operand, names))

    def _binary(self, part: syntax.Binary, names: Mapping[str, _Local]) -> Record:
        if part.operator not in _BINARY:
            raise self._refuse(part)
        left, right = self.build(part.left, names), self.build(part.right, names)
        return node("Binary", Operator=_BINARY[part.operator], Left=left, Right=right)

    def _if(self, part: syntax.If, names: Mapping[str, _Local]) -> Record:
        condition, then, otherwise = (self.build(each, names) for each in (part.condition, part.then, part.otherwise))
        return node("If", Condition=condition, TrueCase=then, FalseCase=otherwise)

    def _invocation(self, part: syntax.Invocation, names: Mapping[str, _Local]) -> Record:
        function = self.build(part.function, names)
        return node("Invocation", Function=function, Arguments=List([self.build(a, names) for a in part.arguments]))


_HANDLERS: dict[type, Callable[[_Builder, Any, Mapping[str, _Local]], Record]] = {
    syntax.Identifier: _Builder._identifier,
    syntax.Let: _Builder._let,
    syntax.FieldAccess: _Builder._field,
    syntax.Unary: _Builder._unary,
    syntax.Binary: _Builder._binary,
    syntax.If: _Builder._if,
    syntax.Invocation: _Builder._invocation,
}
