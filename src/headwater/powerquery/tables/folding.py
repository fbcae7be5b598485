"""From an M function over a row to a plan expression.

Only what is declared folds: operators of :mod:`headwater.plan.operators`, library functions with a fold rule, and
anything that does not look at the row, which is evaluated once and becomes a constant. Everything else raises
NotFoldableError saying what stood in the way and where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.functions import BatchFunction
from headwater.plan.nodes import Column
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.tables.arrow import encode
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.types import kind_of

_BINARY = {"+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">=", "and", "or", "??"}


@dataclass(frozen=True, slots=True)
class RowCall:
    """A row function that is nothing but a call of a batch function; ``arguments`` are over the row's columns."""

    function: BatchFunction
    arguments: tuple[Expr, ...]


class RowFolder:
    """Folds the body of one row function over columns that are found by M name."""

    def __init__(self, function: Function, columns: Mapping[str, Column]) -> None:
        origin = function.origin
        if not isinstance(origin, Closure):
            raise NotFoldableError("The function is not written as a row function.")
        self._closure = origin
        self._columns = columns
        self._row = "_"
        if isinstance(origin.node, syntax.Function):
            if len(origin.node.parameters) != 1:
                raise NotFoldableError("The function takes more than a row.", place=self._place(origin.node))
            self._row = origin.node.parameters[0].name
        self._locals: dict[str, syntax.Expr] = {}

    @property
    def body(self) -> syntax.Expr:
        return _bare(self._closure.node.body)

    def _place(self, node: syntax.Node) -> str:
        return self._closure.compiler.locate(node)

    def _refuse(self, node: syntax.Node, why: str) -> NotFoldableError:
        return NotFoldableError(why, place=self._place(node))

    def fold(self) -> Expr:
        """The expression of the function's body."""
        return self._fold(self.body)

    def row_call(self) -> RowCall | None:
        """The batch call that the body is, or None where it is something else."""
        body = self.body
        if not isinstance(body, syntax.Invocation) or self._reads_row(body.function):
            return None
        function = self._constant(body.function)
        if not isinstance(function, Function) or function.batch is None:
            return None
        if len(body.arguments) != len(function.batch.parameters):
            return None
        arguments = [
            self._fold_as(node, parameter.type)
            for node, parameter in zip(body.arguments, function.batch.parameters, strict=True)
        ]
        return RowCall(function.batch, tuple(arguments))

    def _fold_as(self, node: syntax.Expr, wanted: p.DataType) -> Expr:
        folded = self._fold_hinted(node, wanted)
        if folded.type.same_kind(wanted):
            return folded
        if folded.type.kind in p.NUMERIC and wanted.kind in p.NUMERIC:
            # Batch functions take any number and say row by row what does not fit; converting here would round.
            return folded
        if folded.type.kind is p.Kind.DATETIME and wanted.kind is p.Kind.DATETIME:
            return folded
        raise self._refuse(node, f"A {folded.type.kind.value} is given where {wanted.kind.value} is expected.")

    # -- what depends on the row -------------------------------------------------------------------------------

    def _reads_row(self, node: syntax.Expr) -> bool:
        for part in syntax.walk(node):
            match part:
                case syntax.FieldAccess(target=None) | syntax.Projection(target=None):
                    return True
                case syntax.Identifier(name=name) if name == self._row or name in self._locals:
                    return True
                case syntax.Each():
                    # an inner each has a row of its own, which the check above cannot tell from ours
                    return True
        return False

    def _constant(self, node: syntax.Expr) -> Value:
        closure = self._closure
        try:
            return plain(force(closure.compiler.compile(node, closure.scope)(closure.frame)))
        except MError as error:
            raise self._refuse(node, f"A part that does not look at the row is an error: {error}.") from error

    def _literal(self, node: syntax.Expr, hint: p.DataType | None = None) -> Literal:
        value = self._constant(node)
        if value is None:
            return Literal(None, hint or p.TEXT)
        kind = _LITERAL_TYPES.get(kind_of(value))
        if kind is None:
            raise self._refuse(node, f"A {kind_of(value)} is no constant that an engine takes.")
        if kind is p.DOUBLE and isinstance(value, int) and abs(value) < 2**63:
            kind = p.INT64
        if hint is not None and hint.kind is p.Kind.DATETIME and kind.kind is p.Kind.DATETIME:
            kind = hint
        array, _ = encode([value], kind)
        return Literal(array[0].as_py(), kind)

    # -- the tree ----------------------------------------------------------------------------------------------

    def _fold_hinted(self, node: syntax.Expr, hint: p.DataType | None) -> Expr:
        node = _bare(node)
        return self._literal(node, hint) if not self._reads_row(node) else self._fold(node)

    def _fold(self, node: syntax.Expr) -> Expr:
        node = _bare(node)
        if not self._reads_row(node):
            return self._literal(node)
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise self._refuse(node, f"'{type(node).__name__.lower()}' does not fold.")
        try:
            return handler(self, node)
        except NotFoldableError as reason:
            if not reason.place:
                reason.place = self._place(node)
            raise

    def _field(self, node: syntax.FieldAccess) -> Expr:
        target = None if node.target is None else _bare(node.target)
        if target is None or (isinstance(target, syntax.Identifier) and target.name == self._row):
            column = self._columns.get(node.name)
            if column is None:
                raise self._refuse(node, f"There is no column '{node.name}'.")
            return column.ref
        return call("[]", self._fold(target), option=node.name)

    def _identifier(self, node: syntax.Identifier) -> Expr:
        if node.name in self._locals:
            return self._fold(self._locals[node.name])
        raise self._refuse(node, "The whole row is used as a value.")

    def _let(self, node: syntax.Let) -> Expr:
        names = {b.name for b in node.bindings}
        if names & (self._locals.keys() | {self._row}):
            raise self._refuse(node, "A name is defined twice.")
        self._locals.update({b.name: b.value for b in node.bindings})
        try:
            return self._fold(node.body)
        finally:
            for name in names:
                del self._locals[name]

    def _binary(self, node: syntax.Binary) -> Expr:
        if node.operator not in _BINARY:
            raise self._refuse(node, f"Operator '{node.operator}' does not fold.")
        left, right = self._pair(node.left, node.right)
        return call(node.operator, left, right)

    def _pair(self, left: syntax.Expr, right: syntax.Expr) -> tuple[Expr, Expr]:
        """Both sides folded, a constant null taking the other side's type."""
        if self._reads_row(left):
            folded = self._fold(left)
            return folded, self._fold_hinted(right, folded.type)
        other = self._fold(right)
        return self._fold_hinted(left, other.type), other

    def _unary(self, node: syntax.Unary) -> Expr:
        operand = self._fold(node.operand)
        if node.operator == "+":
            return operand
        return call("negate" if node.operator == "-" else "not", operand)

    def _if(self, node: syntax.If) -> Expr:
        then, otherwise = self._branches(node.then, node.otherwise)
        return call("if", self._fold(node.condition), then, otherwise)

    def _branches(self, then: syntax.Expr, otherwise: syntax.Expr) -> tuple[Expr, Expr]:
        if not self._reads_row(then) and not self._reads_row(otherwise):
            first = self._literal(then)
            second = self._literal(otherwise, first.type)
            if first.value is None:
                first = Literal(None, second.type)
            return first, second
        return self._pair(then, otherwise)

    def _try(self, node: syntax.Try) -> Expr:
        if node.otherwise is None:
            raise self._refuse(node, "Only 'try … otherwise …' folds.")
        body = self._fold(node.body)
        return call("otherwise", body, self._fold_hinted(node.otherwise, body.type))

    def _invocation(self, node: syntax.Invocation) -> Expr:
        if self._reads_row(node.function):
            raise self._refuse(node, "The function itself depends on the row.")
        function = self._constant(node.function)
        if not isinstance(function, Function):
            raise self._refuse(node, "What is called is not a function.")
        if function.batch is not None:
            raise self._refuse(node, f"'{function.name}' runs over whole columns: give it a column of its own.")
        declared = function.origin
        if not isinstance(declared, Declaration) or declared.fold is None:
            raise self._refuse(node, f"'{function.name or 'A function written in M'}' does not fold.")
        return declared.fold(tuple(self._fold(argument) for argument in node.arguments))


def _bare(node: syntax.Expr) -> syntax.Expr:
    while isinstance(node, syntax.Parenthesized):
        node = node.inner
    return node


_LITERAL_TYPES = {
    "logical": p.LOGICAL,
    "number": p.DOUBLE,
    "text": p.TEXT,
    "date": p.DATE,
    "time": p.TIME,
    "datetime": p.DATETIME_TICKS,
    "duration": p.DURATION,
}

_HANDLERS: dict[type, Callable[[RowFolder, Any], Expr]] = {
    syntax.FieldAccess: RowFolder._field,
    syntax.Identifier: RowFolder._identifier,
    syntax.Let: RowFolder._let,
    syntax.Binary: RowFolder._binary,
    syntax.Unary: RowFolder._unary,
    syntax.If: RowFolder._if,
    syntax.Try: RowFolder._try,
    syntax.Invocation: RowFolder._invocation,
}


def columns_by_name(columns: tuple[Column, ...]) -> dict[str, Column]:
    """The plan's columns under their M names."""
    return {column.name: column for column in columns}


def fold_row_function(function: Function, columns: tuple[Column, ...]) -> Expr:
    """The plan expression of an M function over a row with these columns; NotFoldableError otherwise."""
    return RowFolder(function, columns_by_name(columns)).fold()
