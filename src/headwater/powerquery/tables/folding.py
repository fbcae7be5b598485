"""From an M function over a row to a plan expression.

Only what is declared folds: operators of :mod:`headwater.plan.operators`, library functions with a fold rule, and
anything that does not look at the row, which is evaluated once and becomes a constant. Everything else raises
NotFoldableError saying what stood in the way and where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Any

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.conversions import INT64_MAX, INT64_MIN
from headwater.plan.expressions import Expr, Literal, call
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Argument, Constant, Declaration, Items
from headwater.powerquery.tables.arrow import encode_literal
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import EXACT
from headwater.powerquery.values.types import kind_of, title_of

_LARGEST = 1_000
"""How many nodes an expression may have once its names are replaced by what they stand for."""

_BINARY = {"+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">=", "and", "or", "??"}


@dataclass(frozen=True, slots=True)
class _Local:
    """A name that a ``let`` of the row function defines, and the names that its definition sees."""

    value: syntax.Expr
    visible: Mapping[str, _Local]


class RowFolder:
    """Folds the body of one row function over the columns of a table."""

    parameter = "record"
    """The type that the function's parameter may be declared to have."""

    def __init__(self, function: Function, table: PlanTable) -> None:
        origin = function.origin
        if not isinstance(origin, Closure):
            raise NotFoldableError("The function is not written as a row function.")
        self._closure = origin
        self._table = table
        row = origin.sole_parameter(self.parameter)
        if row is None:
            place = origin.compiler.locate(origin.node)
            raise NotFoldableError("The function takes more than a row, or checks types.", place=place)
        self._row = row
        self._locals: Mapping[str, _Local] = {}
        self._being_folded: set[int] = set()
        self._size = 0
        # Before anything that takes time with the text's length.
        if sum(1 for _ in islice(syntax.walk(origin.node.body), _LARGEST + 1)) > _LARGEST:
            raise self._too_large(origin.node.body)

    @property
    def body(self) -> syntax.Expr:
        return bare(self._closure.node.body)

    def _place(self, node: syntax.Node) -> str:
        return self._closure.compiler.locate(node)

    def _refuse(self, node: syntax.Node, why: str) -> NotFoldableError:
        return NotFoldableError(why, place=self._place(node))

    def _too_large(self, node: syntax.Node) -> NotFoldableError:
        return self._refuse(node, "The expression is too large.")

    def fold(self) -> Expr:
        """The expression of the function's body."""
        return self._fold(self.body)

    # -- what depends on the row -------------------------------------------------------------------------------

    def _reads_row(self, node: syntax.Expr) -> bool:
        return mentions_row(node, {self._row, *self._locals})

    def _constant(self, node: syntax.Expr) -> Value:
        closure, session = self._closure, self._table.session
        drawn = session.draws
        try:
            value = plain(force(closure.compiler.compile(node, closure.scope)(closure.frame)))
        except MError as error:
            raise self._refuse(node, f"A part that does not look at the row is an error: {error}.") from error
        if session.draws != drawn:
            raise self._refuse(node, "A random value is another one in each row.")
        session.firewall.check_folded(closure.node, self._table.plan)
        return value

    def _literal(self, node: syntax.Expr, hint: p.DataType | None = None) -> Literal:
        value = self._constant(node)
        if value is None:
            return Literal(None, hint or p.TEXT)
        kind = _LITERAL_TYPES.get(kind_of(value))
        if kind is None:
            raise self._refuse(node, f"A {kind_of(value)} is no constant that an engine takes.")
        if kind is p.DOUBLE:
            kind = _number_type(value, hint)
        if hint is not None and hint.kind is p.Kind.DATETIME and kind.kind is p.Kind.DATETIME:
            kind = hint
        return Literal(encode_literal(value, kind), kind)

    # -- the tree ----------------------------------------------------------------------------------------------

    def _fold_hinted(self, node: syntax.Expr, hint: p.DataType | None) -> Expr:
        node = bare(node)
        return self._literal(node, hint) if not self._reads_row(node) else self._fold(node)

    def _fold(self, node: syntax.Expr) -> Expr:
        node = bare(node)
        self._size += 1
        if self._size > _LARGEST:
            raise self._too_large(node)
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
        target = syntax.Identifier("_", False) if node.target is None else bare(node.target)
        if isinstance(target, syntax.Identifier) and target.name == self._row:
            return self._field_of_row(node)
        record = self._fold(target)
        if node.optional and record.type.nullable:
            raise self._refuse(node, "A field is null where the record is.")
        return call("[]", record, option=node.name)

    def _field_of_row(self, node: syntax.FieldAccess) -> Expr:
        if node.name not in self._table.index:
            raise self._refuse(node, f"There is no column '{node.name}'.")
        return self._table.plan_column(node.name).ref

    def _whole_row(self, node: syntax.Identifier) -> Expr:
        raise self._refuse(node, "The whole row is used as a value.")

    def _identifier(self, node: syntax.Identifier) -> Expr:
        local = self._locals.get(node.name)
        if local is None:
            return self._whole_row(node)
        if id(local) in self._being_folded:
            raise self._refuse(node, "The name's own definition refers to it.")
        self._being_folded.add(id(local))
        try:
            return self._fold_with(local.visible, local.value)
        finally:
            self._being_folded.discard(id(local))

    def _let(self, node: syntax.Let) -> Expr:
        if any(b.name == self._row for b in node.bindings):
            raise self._refuse(node, "The row's name is given to something else.")
        visible = dict(self._locals)
        visible.update({b.name: _Local(b.value, visible) for b in node.bindings})
        return self._fold_with(visible, node.body)

    def _fold_with(self, names: Mapping[str, _Local], node: syntax.Expr) -> Expr:
        """A node folded where these names are known."""
        outside, self._locals = self._locals, names
        try:
            return self._fold(node)
        finally:
            self._locals = outside

    def _binary(self, node: syntax.Binary) -> Expr:
        if node.operator in ("is", "as"):
            return self._typed(node)
        if node.operator not in _BINARY:
            raise self._refuse(node, f"Operator '{node.operator}' does not fold.")
        left, right = self._operands(node)
        if node.operator == "??":
            self._check_alike(node, left, right)
        return call(node.operator, left, right)

    def _operands(self, node: syntax.Binary) -> tuple[Expr, Expr]:
        return self._pair(node.left, node.right)

    def _typed(self, node: syntax.Binary) -> Expr:
        """``is`` and ``as`` of a value whose kind is known, and of which only null is in question."""
        value = self._fold(node.left)
        inner = node.right.inner if isinstance(node.right, syntax.NullableType) else node.right
        name = inner.name if isinstance(inner, syntax.PrimitiveType) else ""
        if name == "null" and node.operator == "is":
            return call("=", value, Literal(None, value.type))
        if name not in (_KIND_NAMES.get(value.type.kind), "any"):
            raise self._refuse(node, "The value is surely of another type.")
        allowed = inner is not node.right or name == "any"
        if node.operator == "as":
            return value if allowed else call("as", value, option=title_of(name))
        return call("or", call("<>", value, Literal(None, value.type)), Literal(allowed, p.LOGICAL))

    def _check_alike(self, node: syntax.Node, one: Expr, other: Expr) -> None:
        """Either can be the result, which is of one type; whole numbers turned into doubles would be rounded."""
        if {one.type.kind, other.type.kind} == {p.Kind.INT64, p.Kind.DOUBLE}:
            raise self._refuse(node, "The result is a whole number in one case and a double in another.")

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
            if operand.type.kind not in p.NUMERIC:
                raise self._refuse(node, "Only a number takes a sign.")
            return operand
        return call("negate" if node.operator == "-" else "not", operand)

    def _if(self, node: syntax.If) -> Expr:
        condition = self._fold(node.condition)
        then, otherwise = self._branches(condition, node.then, node.otherwise)
        self._check_alike(node, then, otherwise)
        return call("if", condition, then, otherwise)

    def _branches(self, condition: Expr, then: syntax.Expr, otherwise: syntax.Expr) -> tuple[Expr, Expr]:
        if not self._reads_row(then) and not self._reads_row(otherwise):
            second = self._literal(otherwise, self._literal(then).type)
            return self._literal(then, second.type), second
        return self._pair(then, otherwise)

    def _try(self, node: syntax.Try) -> Expr:
        if node.otherwise is None:
            raise self._refuse(node, "Only 'try … otherwise …' folds.")
        body = self._fold(node.body)
        otherwise = self._fold_hinted(node.otherwise, body.type)
        self._check_alike(node, body, otherwise)
        return call("otherwise", body, otherwise)

    def _invocation(self, node: syntax.Invocation) -> Expr:
        if self._reads_row(node.function):
            raise self._refuse(node, "The function itself depends on the row.")
        function = self._constant(node.function)
        if not isinstance(function, Function):
            raise self._refuse(node, "What is called is not a function.")
        if function.batch is not None:
            return self._batched(node, function)
        declared = function.origin
        if function.name == "Record.Field" and len(node.arguments) == 2 and self._is_row(node.arguments[0]):
            return self._field_of_row(syntax.FieldAccess(None, self._constant(node.arguments[1]), False, node.span))
        if not isinstance(declared, Declaration) or declared.fold is None:
            raise self._refuse(node, f"'{function.name or 'A function written in M'}' does not fold.")
        return declared.fold(tuple(self._argument(argument) for argument in node.arguments), self._table.session)

    def _batched(self, node: syntax.Invocation, function: Function) -> Expr:
        raise self._refuse(node, f"'{function.name}' runs over whole columns: give it a column of its own.")

    def _item(self, node: syntax.Expr | syntax.Range) -> Expr:
        if isinstance(node, syntax.Range):
            raise self._refuse(node, "A range beside the row's values does not fold.")
        return self._fold(node)

    def _is_row(self, node: syntax.Expr) -> bool:
        node = bare(node)
        return isinstance(node, syntax.Identifier) and node.name == self._row

    def _argument(self, node: syntax.Expr) -> Argument:
        node = bare(node)
        if isinstance(node, syntax.List) and self._reads_row(node):
            return Items(tuple(self._item(item) for item in node.items))
        if self._reads_row(node):
            return self._fold(node)
        value = self._constant(node)
        return self._literal(node) if value is None or kind_of(value) in _LITERAL_TYPES else Constant(value)


def mentions_row(node: syntax.Expr, names: AbstractSet[str]) -> bool:
    """Whether an expression may depend on one of the names, the row's among them; ``_`` also by ``[field]`` alone."""
    for part in syntax.walk(node):
        match part:
            case syntax.FieldAccess(target=None) | syntax.Projection(target=None) if "_" in names:
                return True
            case syntax.Identifier(name=name) if name in names:
                return True
            case syntax.Each():
                # an inner each has a row of its own, which the checks above cannot tell from ours
                return True
    return False


def bare(node: syntax.Expr) -> syntax.Expr:
    """The expression without the parentheses around it."""
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


_KIND_NAMES = {
    **{kind: kind.value for kind in p.Kind},
    **dict.fromkeys(p.NUMERIC, "number"),
}
"""What M calls the values of a plan's kinds."""


def _number_type(value: Value, hint: p.DataType | None) -> p.DataType:
    """The type of a constant number: a whole one is a double where the other side is and nothing is lost."""
    if not isinstance(value, int) or (hint is not None and hint.kind is p.Kind.DOUBLE and abs(value) <= EXACT):
        return p.DOUBLE
    return p.INT64 if INT64_MIN <= value <= INT64_MAX else p.DOUBLE


# By name, so that a folder of another kind has its own say.
_HANDLERS: dict[type, Callable[[RowFolder, Any], Expr]] = {
    syntax.FieldAccess: lambda folder, node: folder._field(node),
    syntax.Identifier: lambda folder, node: folder._identifier(node),
    syntax.Let: lambda folder, node: folder._let(node),
    syntax.Binary: lambda folder, node: folder._binary(node),
    syntax.Unary: lambda folder, node: folder._unary(node),
    syntax.If: lambda folder, node: folder._if(node),
    syntax.Try: lambda folder, node: folder._try(node),
    syntax.Invocation: lambda folder, node: folder._invocation(node),
}


def fold_row_function(function: Function, table: PlanTable) -> Expr:
    """The plan expression of an M function over a row of the table; NotFoldableError otherwise."""
    return RowFolder(function, table).fold()
