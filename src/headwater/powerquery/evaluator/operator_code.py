"""Code for operators."""

from __future__ import annotations

from collections.abc import Callable

from headwater.errors import MError
from headwater.powerquery.evaluator.scope import Code, Frame, Scope
from headwater.powerquery.evaluator.type_code import TypeCode
from headwater.powerquery.language import syntax
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.operators import BINARY_OPERATORS, UNARY_OPERATORS, ascribe, logical


class OperatorCode(TypeCode):
    """The nodes that are operators."""

    def _unary(self, node: syntax.Unary, scope: Scope) -> Code:
        operand, apply = self.compile(node.operand, scope), UNARY_OPERATORS[node.operator]
        return self.placed(node, lambda frame: apply(operand(frame)))

    def _binary(self, node: syntax.Binary, scope: Scope) -> Code:
        special = {"and": self._and, "or": self._or, "??": self._coalesce, "is": self._is, "as": self._as}
        if node.operator in special:
            return self.placed(node, special[node.operator](node, scope))
        return self._left_chain(node, scope)

    def _left_chain(self, node: syntax.Binary, scope: Scope) -> Code:
        """``a + b + c …`` groups to the left: taken apart in a loop, since it can be longer than any stack."""
        steps: list[tuple[Callable[[Value, Value], Value], Code]] = []
        first: syntax.Expr = node
        while isinstance(first, syntax.Binary) and first.operator in BINARY_OPERATORS:
            steps.append((BINARY_OPERATORS[first.operator], self.compile(first.right, scope)))
            first = first.left
        start = self.compile(first, scope)
        if len(steps) == 1:
            return self._single_operator(node, start, *steps[0])
        steps.reverse()

        def chain(frame: Frame) -> Value:
            value = start(frame)
            for operator, operand in steps:
                value = operator(value, operand(frame))
            return value

        return self.placed(node, chain)

    def _single_operator(
        self, node: syntax.Binary, left: Code, apply: Callable[[Value, Value], Value], right: Code
    ) -> Code:
        locate, span = self._locate, node.span
        constant = node.right.value if isinstance(node.right, syntax.Literal) else None

        def operate(frame: Frame) -> Value:
            try:
                return apply(left(frame), right(frame) if constant is None else constant)
            except MError as error:
                error.place = error.place or locate(span)
                raise

        return operate

    def _and(self, node: syntax.Binary, scope: Scope) -> Code:
        left, right = self.compile(node.left, scope), self.compile(node.right, scope)

        def conjunction(frame: Frame) -> Value:
            first = logical(left(frame))
            if first is False:
                return False
            second = logical(right(frame))
            return False if second is False else None if first is None or second is None else True

        return conjunction

    def _or(self, node: syntax.Binary, scope: Scope) -> Code:
        left, right = self.compile(node.left, scope), self.compile(node.right, scope)

        def disjunction(frame: Frame) -> Value:
            first = logical(left(frame))
            if first is True:
                return True
            second = logical(right(frame))
            return True if second is True else None if first is None or second is None else False

        return disjunction

    def _coalesce(self, node: syntax.Binary, scope: Scope) -> Code:
        left, right = self.compile(node.left, scope), self.compile(node.right, scope)

        def coalesce(frame: Frame) -> Value:
            value = left(frame)
            return right(frame) if plain(value) is None else value

        return coalesce

    def _is(self, node: syntax.Binary, scope: Scope) -> Code:
        left, expected = self.compile(node.left, scope), self.type_code(node.right, scope)
        return lambda frame: t.conforms(left(frame), expected(frame))

    def _as(self, node: syntax.Binary, scope: Scope) -> Code:
        left, expected = self.compile(node.left, scope), self.type_code(node.right, scope)
        return lambda frame: ascribe(left(frame), expected(frame))
