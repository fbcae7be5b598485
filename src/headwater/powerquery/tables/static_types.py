"""What kind of value an M row function gives, told from its text alone.

Only as much as is needed to go on with a plan after a function that does not fold: an answer may turn out wrong for
some row (a function declared to give a number gives null, which any column holds, or fails), and then the values do
not fit the column, which is noticed. No answer is always allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headwater.errors import MError
from headwater.plan import types as p
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.tables.arrow import common_type, plan_type
from headwater.powerquery.tables.folding import bare, mentions_row
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.functions import Function

_LOGICAL = {"=", "<>", "<", "<=", ">", ">=", "and", "or", "is"}
_ARITHMETIC = {"+", "-", "*", "/"}
_COMBINING = {*_ARITHMETIC, "&", "??"}
_NULL = p.DataType(p.Kind.TEXT, nullable=False)
"""Stands for null, which is of every kind; told apart by identity."""


def static_type(closure: Closure, row: str, columns: Mapping[str, p.DataType]) -> p.DataType | None:
    """The kind of the function's values, or None where its text does not tell."""
    found = _Inference(closure, row, columns).of(closure.node.body)
    return None if found is _NULL else found


class _Inference:
    def __init__(self, closure: Closure, row: str, columns: Mapping[str, p.DataType]) -> None:
        self._closure = closure
        self._row = row
        self._columns = columns

    def of(self, node: syntax.Expr) -> p.DataType | None:
        node = bare(node)
        match node:
            case syntax.Binary(operator=operator) if operator in _LOGICAL:
                return p.LOGICAL
            case syntax.Unary(operator="not"):
                return p.LOGICAL
            case syntax.Unary(operand=operand):
                return self.of(operand)
            case syntax.Binary(operator=operator, left=left, right=right) if operator in _COMBINING:
                return self._combined(operator, self.of(left), self.of(right))
            case syntax.If(then=then, otherwise=otherwise):
                return _either(self.of(then), self.of(otherwise))
            case syntax.Try(body=body, otherwise=otherwise) if otherwise is not None:
                return _either(self.of(body), self.of(otherwise))
            case syntax.FieldAccess(name=name) if self._is_row(node.target):
                return self._columns.get(name)
            case syntax.Invocation(function=function):
                return self._called(function)
            case syntax.Binary():
                return None
        return self._constant(node)

    def _is_row(self, target: syntax.Expr | None) -> bool:
        if target is None:
            return self._row == "_"
        return isinstance(target, syntax.Identifier) and target.name == self._row

    @staticmethod
    def _combined(operator: str, left: p.DataType | None, right: p.DataType | None) -> p.DataType | None:
        if left is None or right is None:
            return None
        kinds = {left.kind, right.kind}
        if operator == "??":
            return _either(left, right)
        if operator in _ARITHMETIC and kinds <= set(p.NUMERIC):
            return p.DOUBLE
        if operator == "&" and kinds == {p.Kind.TEXT}:
            return p.TEXT
        return None

    def _called(self, node: syntax.Expr) -> p.DataType | None:
        function = self._evaluated(node)
        if not isinstance(function, Function):
            return None
        if isinstance(function.origin, Declaration | Closure):
            return plan_type(function.type.result)
        return None

    def _constant(self, node: syntax.Expr) -> p.DataType | None:
        if mentions_row(node, {self._row}):
            return None
        value = self._evaluated(node)
        if value is None:
            return _NULL if isinstance(node, syntax.Literal) else None
        found = common_type([value])
        return p.DOUBLE if found is not None and found.kind is p.Kind.INT64 else found

    def _evaluated(self, node: syntax.Expr) -> Value:
        """The value of a part that does not look at the row; None also where there is none to be had."""
        if mentions_row(node, {self._row}):
            return None
        try:
            return plain(force(self._closure.compiler.compile(node, self._closure.scope)(self._closure.frame)))
        except MError:
            return None


def _either(left: p.DataType | None, right: p.DataType | None) -> p.DataType | None:
    """The kind of a value that is one or the other."""
    if left is _NULL or right is _NULL:
        return right if left is _NULL else left
    if left is None or right is None:
        return None
    if {left.kind, right.kind} <= set(p.NUMERIC):
        return p.DOUBLE
    return replace(left, nullable=True) if left.same_kind(right) else None
