"""Python source for the body of an M function that is applied to many rows or items.

A closure a node costs a Python call a node. A function such as ``each [a] * 2 + 1`` is worth more when a loop runs it
over a million rows: this module writes its body as straight Python statements, which :mod:`.loops` compiles.

Only pure and cheap parts are written so: cells, literals, names from outside, operators, conditionals, and calls of
library functions that an engine could run as well. The statements handle values of the expected kinds (numbers that a
double holds, texts, logicals, nulls). On any other value, an error included, they *bail out*: that one item goes to
the evaluator's ordinary way, which knows all of M. So the two ways cannot differ in more than speed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headwater.errors import MError
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.evaluator.statements import Kind, Layout, Operand, Statements, Unfusable
from headwater.powerquery.language import syntax
from headwater.powerquery.library import registry
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import BINARY_OPERATORS, EXACT

__all__ = ["Body", "write_body"]

_LARGEST = 200
"""How many nodes a body may have."""


@dataclass(frozen=True, slots=True)
class Body:
    """A function's body as statements: ``lines`` leave the result in ``result``, a variable or a constant.

    They read ``item``, the loop's variable. ``prologue`` stands before the loop and reads ``frame``, the closure's.
    Both need ``names`` around them.
    """

    prologue: Sequence[str]
    lines: Sequence[str]
    result: str
    may_be_unevaluated: bool
    names: dict[str, Any]


def write_body(closure: Closure, layout: Layout, *, condition: bool) -> Body:
    """The statements of a function's body.

    The result of a ``condition`` is true, false or null; another result may be a cell that is not evaluated yet.

    Raises:
        Unfusable: a part of the function cannot be written so.
    """
    parameter = closure.sole_parameter("any" if layout.index is None else "record")
    if parameter is None:
        raise Unfusable
    emitter = _Emitter(closure, parameter, layout)
    result = emitter.value(closure.node.body)
    if condition:
        result = emitter.checked(result, Kind.LOGICAL)
    return Body(emitter.prologue, emitter.lines, result.text, result.kind is Kind.ANY, emitter.names)


class _Emitter(Statements):
    """Writes the statements of one body, node by node."""

    def __init__(self, closure: Closure, parameter: str, layout: Layout) -> None:
        super().__init__(layout)
        self._closure = closure
        self._parameter = parameter
        self._left = _LARGEST
        self._outer: dict[str, Operand] = {}

    # -- values ------------------------------------------------------------------------------------------------

    def value(self, node: syntax.Expr) -> Operand:
        """The operand that an expression comes to."""
        self._left -= 1
        handler = _HANDLERS.get(type(node))
        if handler is None or self._left < 0:
            raise Unfusable
        return handler(self, node)

    def _literal(self, node: syntax.Literal) -> Operand:
        value = node.value
        if value is None:
            return Operand("None", Kind.SCALAR)
        if isinstance(value, bool):
            return Operand(str(value), Kind.LOGICAL, nullable=False, literal=value)
        if isinstance(value, str):
            return Operand(self.named(value), Kind.TEXT, nullable=False, literal=value)
        if isinstance(value, int) and value > EXACT:
            raise Unfusable
        bound = value if isinstance(value, int) else None
        return Operand(self.named(value), Kind.NUMBER, nullable=False, literal=value, bound=bound)

    def _parenthesized(self, node: syntax.Parenthesized) -> Operand:
        return self.value(node.inner)

    def _identifier(self, node: syntax.Identifier) -> Operand:
        if node.name == self._parameter:
            if self.layout.index is not None:
                raise Unfusable  # the row as a whole
            return Operand("item", Kind.ANY)
        found = self._closure.scope.find(node.name, inclusive=node.inclusive)
        if found is None:
            raise Unfusable
        depth, slot = found
        key = f"frame{'[0]' * depth}[{slot}]"
        known = self._outer.get(key)
        if known is None:
            known = self._outer[key] = self.outside(key)
        return known

    def _read(self, source: str) -> Operand:
        variable = self.variable()
        self.line(f"{variable} = {source}")
        return Operand(variable, Kind.ANY)

    def _field(self, node: syntax.FieldAccess) -> Operand:
        target = node.target or syntax.Identifier("_", False)
        index = self.layout.index
        if index is None or not isinstance(target, syntax.Identifier) or target.name != self._parameter:
            record = self.value(target).text
            return self.once(f"{record} {node.name}", lambda: self._record_field(record, node.name))
        if node.name not in index:
            raise Unfusable
        return self.once(f"cell {node.name}", lambda: self._read(f"item[{index[node.name]}]"))

    def _record_field(self, record: str, name: str) -> Operand:
        self.guard("if type({0}) is not Record:\n    BAIL", record)
        place = self.variable()
        self.line(f"{place} = {record}.index.get({self.named(name)})")
        self.guard("if {0} is None:\n    BAIL", place)
        return self._read(f"{record}.values[{place}]")

    # -- operators ---------------------------------------------------------------------------------------------

    def _binary(self, node: syntax.Binary) -> Operand:
        handler = _OPERATORS.get(node.operator)
        if handler is None:
            raise Unfusable
        return handler(self, node)

    def _pair(self, node: syntax.Binary, kind: Kind) -> tuple[Operand, Operand]:
        left = self.checked(self.value(node.left), kind)
        right = self.checked(self.value(node.right), kind)
        return left, right

    def _of_present(self, operands: Sequence[Operand], kind: Kind, compute: Callable[[str], None]) -> Operand:
        """A result that is null where an operand is; ``compute`` writes the other case, into the variable given."""
        variable = self.variable()
        nullable = [operand.text for operand in operands if operand.nullable]
        if not nullable:
            compute(variable)
            return Operand(variable, kind, nullable=False)
        with self.block(f"if {' or '.join(f'{text} is None' for text in nullable)}:"):
            self.line(f"{variable} = None")
        with self.block("else:"):
            compute(variable)
        return Operand(variable, kind)

    def _arithmetic(self, node: syntax.Binary) -> Operand:
        left, right = self._pair(node, Kind.NUMBER)
        bound = _bound(node.operator, left.bound, right.bound)

        def compute(variable: str) -> None:
            self.line(f"{variable} = {left.text} {node.operator} {right.text}")
            if bound is not None and bound > EXACT:
                # Doubles: a whole number beyond their exact ones becomes one. NaN fails the test and stays itself.
                self.line(f"if not -{EXACT} <= {variable} <= {EXACT}: {variable} = float({variable})")

        result = self._of_present((left, right), Kind.NUMBER, compute)
        return replace(result, bound=None if bound is None else min(bound, EXACT))

    def _division(self, node: syntax.Binary) -> Operand:
        left, right = self._pair(node, Kind.NUMBER)
        divide = self.named(BINARY_OPERATORS["/"])
        result = self._of_present(
            (left, right), Kind.NUMBER, lambda variable: self.line(f"{variable} = {divide}({left.text}, {right.text})")
        )
        return replace(result, bound=EXACT)

    def _concatenation(self, node: syntax.Binary) -> Operand:
        left, right = self._pair(node, Kind.TEXT)
        plain = _is_apart(left.literal, -1) or _is_apart(right.literal, 0)
        joined = f"{left.text} + {right.text}" if plain else f"join_texts({left.text}, {right.text})"
        return self._of_present((left, right), Kind.TEXT, lambda variable: self.line(f"{variable} = {joined}"))

    def _equality(self, node: syntax.Binary) -> Operand:
        left, right = self._pair(node, Kind.SCALAR)
        variable = self.variable()
        negated = node.operator == "<>"
        self.line(f"{variable} = {'not ' if negated else ''}{_equality_text(left, right)}")
        return Operand(variable, Kind.LOGICAL, nullable=False)

    def _ordering(self, node: syntax.Binary) -> Operand:
        left, right = self.value(node.left), self.value(node.right)
        kind = next((operand.kind for operand in (left, right) if operand.kind in (Kind.NUMBER, Kind.TEXT)), None)
        left, right = self.checked(left, kind or Kind.SCALAR), self.checked(right, kind or Kind.SCALAR)
        general = None if kind else self.named(BINARY_OPERATORS[node.operator])
        if general is None:
            comparison = f"{left.text} {node.operator} {right.text}"
        else:
            comparison = f"{general}({left.text}, {right.text})"
        return self._of_present((left, right), Kind.LOGICAL, lambda variable: self.line(f"{variable} = {comparison}"))

    def _short_circuit(self, node: syntax.Binary) -> Operand:
        """``and``, ``or``: the right side is not looked at when the left one decides."""
        left = self.checked(self.value(node.left), Kind.LOGICAL)
        decisive = str(node.operator == "or")
        variable = self.variable()
        with self.block(f"if {left.text} is {decisive}:"):
            self.line(f"{variable} = {decisive}")
        with self.block("else:"):
            right = self.checked(self.value(node.right), Kind.LOGICAL)
            either = f"{decisive} if {right.text} is {decisive} else None if {left.text} is None else {right.text}"
            self.line(f"{variable} = {either if left.nullable else right.text}")
        return Operand(variable, Kind.LOGICAL, left.nullable or right.nullable)

    def _coalesce(self, node: syntax.Binary) -> Operand:
        left = self.checked(self.value(node.left), Kind.SCALAR)
        variable = self.variable()
        with self.block(f"if {left.text} is None:"):
            right = self.value(node.right)
            self.line(f"{variable} = {right.text}")
        with self.block("else:"):
            self.line(f"{variable} = {left.text}")
        return Operand(variable, left.kind if left.kind is right.kind else Kind.ANY, bound=EXACT)

    def _unary(self, node: syntax.Unary) -> Operand:
        if node.operator == "not":
            truth = self.checked(self.value(node.operand), Kind.LOGICAL)
            return self._of_present(
                (truth,), Kind.LOGICAL, lambda variable: self.line(f"{variable} = not {truth.text}")
            )
        number = self.checked(self.value(node.operand), Kind.NUMBER)
        if node.operator == "+":
            return number
        # Zero has two signs as a double.
        negated = f"-{number.text} if {number.text} else -float({number.text})"
        result = self._of_present((number,), Kind.NUMBER, lambda variable: self.line(f"{variable} = {negated}"))
        return replace(result, bound=number.bound)

    # -- control and calls -------------------------------------------------------------------------------------

    def _if(self, node: syntax.If) -> Operand:
        condition = self.checked(self.value(node.condition), Kind.LOGICAL)
        variable = self.variable()
        results: list[Operand] = []
        for truth, branch in (("True", node.then), ("False", node.otherwise)):
            with self.block(f"{'if' if not results else 'elif'} {condition.text} is {truth}:"):
                results.append(self.value(branch))
                self.line(f"{variable} = {results[-1].text}")
        if condition.nullable:
            self.guard("else:\n    BAIL", "")
        alike = results[0].kind is results[1].kind
        kind, nullable = results[0].kind if alike else Kind.ANY, any(result.nullable for result in results)
        return Operand(variable, kind, nullable, bound=EXACT)

    def _call(self, node: syntax.Invocation) -> Operand:
        function = self._library_function(node)
        arguments = [self.checked(self.value(argument), Kind.SCALAR).text for argument in node.arguments]
        variable = self.variable()
        self.line(f"{variable} = {self.named(function.call)}({', '.join(arguments)})")
        return Operand(variable, Kind.ANY)

    def _library_function(self, node: syntax.Invocation) -> Function:
        """The function that is called, if it is one of the library that an engine could run: pure and cheap."""
        name = node.function
        if (
            not isinstance(name, syntax.Identifier)
            or name.name == self._parameter
            or name.name not in registry().functions
            or self._closure.scope.find(name.name) is not None
        ):
            raise Unfusable
        try:
            function = self._closure.compiler.resolve(name, self._closure.scope, self._closure.frame)
        except MError:
            raise Unfusable from None
        if not isinstance(function, Function) or not isinstance(function.origin, Declaration):
            raise Unfusable
        if function.origin.fold is None:
            raise Unfusable
        maximum = function.maximum
        if len(node.arguments) < function.minimum or (maximum is not None and len(node.arguments) > maximum):
            raise Unfusable
        return function


def _bound(operator: str, left: int | None, right: int | None) -> int | None:
    """How far from zero a sum, difference or product can be as a whole number; None where it is a double."""
    if left is None or right is None:
        return None
    return left * right if operator == "*" else left + right


def _is_apart(literal: Value, end: int) -> bool:
    """Whether a literal text's first or last character cannot be half of a surrogate pair."""
    return isinstance(literal, str) and literal != "" and not "\ud800" <= literal[end] <= "\udfff"


def _equality_text(left: Operand, right: Operand) -> str:
    if "None" in (left.text, right.text):
        return f"({left.text} is {right.text})"
    literal = left if left.literal is not None else right
    other = right if literal is left else left
    if isinstance(literal.literal, str):
        return f"({other.text} == {literal.text})"
    if literal.kind is Kind.NUMBER and literal.literal is not None:
        comparison = f"{other.text} == {literal.text}"
        # Python's logicals are the numbers 0 and 1.
        return f"(type({other.text}) is not bool and {comparison})" if literal.literal in (0, 1) else f"({comparison})"
    return f"equal({left.text}, {right.text})"


_HANDLERS: dict[type, Callable[[_Emitter, Any], Operand]] = {
    syntax.Literal: _Emitter._literal,
    syntax.Parenthesized: _Emitter._parenthesized,
    syntax.Identifier: _Emitter._identifier,
    syntax.FieldAccess: _Emitter._field,
    syntax.Binary: _Emitter._binary,
    syntax.Unary: _Emitter._unary,
    syntax.If: _Emitter._if,
    syntax.Invocation: _Emitter._call,
}
_OPERATORS: dict[str, Callable[[_Emitter, syntax.Binary], Operand]] = {
    **dict.fromkeys("+-*", _Emitter._arithmetic),
    "/": _Emitter._division,
    "&": _Emitter._concatenation,
    **dict.fromkeys(("=", "<>"), _Emitter._equality),
    **dict.fromkeys(("<", "<=", ">", ">="), _Emitter._ordering),
    **dict.fromkeys(("and", "or"), _Emitter._short_circuit),
    "??": _Emitter._coalesce,
}
