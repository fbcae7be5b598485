"""Code for types, and the checks of ``as`` at parameters and results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwater.powerquery.evaluator.code_maker import CodeMaker
from headwater.powerquery.evaluator.scope import Code, Frame, Scope
from headwater.powerquery.language import syntax
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import ascribe, cannot_convert


class TypeCode(CodeMaker):
    """The nodes that stand for types."""

    def _typeexpression(self, node: syntax.TypeExpression, scope: Scope) -> Code:
        return self.type_code(node.type, scope)

    def type_code(self, node: syntax.Expr, scope: Scope) -> Callable[[Frame], t.Type]:
        """Code for a node where a type is meant."""
        match node:
            case syntax.PrimitiveType(name=name):
                primitive = t.PRIMITIVES[name]
                return lambda _frame: primitive
            case syntax.NullableType(inner=inner):
                code = self.type_code(inner, scope)
                return lambda frame: t.nullable(code(frame))
            case syntax.ListType(item=item):
                code = self.type_code(item, scope)
                return lambda frame: t.ListType(code(frame))
            case syntax.RecordType():
                return self._record_type(node, scope)
            case syntax.TableType(row=row):
                code = self.type_code(row, scope)
                return lambda frame: t.TableType(_row_type(code(frame)))
            case syntax.FunctionType(parameters=parameters, return_type=result):
                return self._function_type(parameters, result, scope)
        value = self.compile(node, scope)
        return lambda frame: _as_type(value(frame))

    def _record_type(self, node: syntax.RecordType, scope: Scope) -> Callable[[Frame], t.Type]:
        fields = [(f.name, None if f.type is None else self.type_code(f.type, scope), f.optional) for f in node.fields]
        is_open = node.open
        return lambda frame: t.RecordType(
            tuple(
                t.FieldType(name, t.ANY if code is None else code(frame), optional) for name, code, optional in fields
            ),
            is_open,
        )

    def _function_type(
        self, parameters: Sequence[syntax.Parameter], result: syntax.Expr, scope: Scope
    ) -> Callable[[Frame], t.Type]:
        listed = [(p.name, None if p.type is None else self.type_code(p.type, scope), p.optional) for p in parameters]
        returns = self.type_code(result, scope)
        return lambda frame: t.FunctionType(
            tuple(
                t.FieldType(name, t.ANY if code is None else code(frame), optional) for name, code, optional in listed
            ),
            returns(frame),
        )


@dataclass(frozen=True, slots=True)
class Assertion:
    """``as type`` of a parameter or a result, ready to check values; ``classes`` are those that need no second look."""

    expected: t.Type
    classes: frozenset[type]

    def __call__(self, value: Value) -> Value:
        """The value itself; MError Expression.Error where it is of another kind."""
        return value if type(value) in self.classes else ascribe(value, self.expected)


def assertion(node: syntax.Expr) -> Assertion:
    """The assertion of a primitive type, nullable or not: M's grammar has no other here."""
    if isinstance(node, syntax.NullableType):
        inner = assertion(node.inner)
        return Assertion(t.nullable(inner.expected), inner.classes | {type(None)})
    assert isinstance(node, syntax.PrimitiveType), "the parser reads nothing else after a parameter's 'as'"
    return Assertion(t.PRIMITIVES[node.name], _PLAIN_CLASSES.get(node.name, frozenset()))


_PLAIN_CLASSES = {
    "number": frozenset((int, float)),
    "text": frozenset((str,)),
    "logical": frozenset((bool,)),
    "list": frozenset((List,)),
    "record": frozenset((Record,)),
    "function": frozenset((Function,)),
}


def _as_type(value: Value) -> t.Type:
    value = plain(value)
    if isinstance(value, t.Type):
        return value
    raise cannot_convert(value, "Type")


def _row_type(value: t.Type) -> t.RecordType:
    if isinstance(value, t.RecordType):
        return value
    raise cannot_convert(value, "Type")
