"""What each node is written as: tokens, spaces and possible line ends, shared by the printer and the formatter.

:func:`render` takes a tree apart without recursion. It has two ways of working. Otherwise than *faithful*, it drops
all parentheses of the tree and puts in those that precedence asks for. *Faithful*, it writes exactly the tokens that
the tree was read from, in their order, so that the formatter can give them their original texts and comments back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from headwater.powerquery.language.layout import Mark
from headwater.powerquery.language.lexer import HASH_KEYWORDS
from headwater.powerquery.language.operators import (
    BINARY_PRECEDENCE,
    PRIMITIVE_TYPES,
    UNARY_OPERATORS,
    UNARY_PRECEDENCE,
)
from headwater.powerquery.language.quoting import quote_field_name, quote_identifier, quote_text
from headwater.powerquery.language.syntax import (
    Binary,
    Binding,
    Each,
    Error,
    Expr,
    FieldAccess,
    FieldType,
    Function,
    FunctionType,
    Identifier,
    If,
    Invocation,
    ItemAccess,
    Let,
    List,
    ListType,
    Literal,
    Node,
    NotImplemented_,
    NullableType,
    Parameter,
    Parenthesized,
    PrimitiveType,
    Projection,
    Range,
    Record,
    RecordType,
    Section,
    SectionAccess,
    SectionMember,
    TableType,
    Try,
    TypeExpression,
    Unary,
    Verbatim,
)

__all__ = ["FieldName", "Fixed", "Piece", "Spelling", "render"]

EXPRESSION = 0
PRIMARY = UNARY_PRECEDENCE + 1
_OPEN_ENDED = (Let, If, Each, Function, Try, Error)
_TYPE_NODES = (PrimitiveType, NullableType, ListType, RecordType, TableType, FunctionType)
# In a type context these words are types or, after `table`, the end of the type.
_TYPE_WORDS = PRIMITIVE_TYPES | {"nullable", "catch"}
_INFINITE = "1E+309"

SPACE, LINE, SOFT_LINE, HARD_LINE, STATEMENT = Mark.SPACE, Mark.LINE, Mark.SOFT_LINE, Mark.HARD_LINE, Mark.STATEMENT
OPEN, CLOSE, INDENT, DEDENT = Mark.OPEN, Mark.CLOSE, Mark.INDENT, Mark.DEDENT


@dataclass(frozen=True, slots=True)
class Fixed:
    """A token that can be written in one way only."""

    text: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """A token that could have been written otherwise: a literal or a name."""

    text: str


@dataclass(frozen=True, slots=True)
class FieldName:
    """A field's name, which may be several tokens."""

    text: str


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place for a node. ``level`` is the precedence it needs to stand there without parentheses."""

    node: Node
    level: int = EXPRESSION
    in_type: bool = False
    enclose: bool = False


Piece: TypeAlias = Fixed | Spelling | FieldName | Mark
_Part: TypeAlias = Piece | _Slot


def render(tree: Node, *, faithful: bool) -> Iterator[Piece]:
    """The pieces of a tree, in order."""
    renderer = _Renderer(faithful=faithful)
    pending: list[_Part] = [_Slot(tree)]
    while pending:
        part = pending.pop()
        if isinstance(part, _Slot):
            pending.extend(reversed(renderer.fill(part)))
        else:
            yield part


class _Renderer:
    def __init__(self, *, faithful: bool) -> None:
        self._faithful = faithful

    def fill(self, slot: _Slot) -> Sequence[_Part]:
        """The parts of a slot's node, in parentheses if need be."""
        node = self._bare(slot.node)
        if not self._faithful:
            ambiguous = slot.in_type and self._is_ambiguous_type(node)
            if slot.enclose or ambiguous or _level(node) < slot.level:
                return [Fixed("("), _Slot(node), Fixed(")")]
        return _RENDERERS[type(node)](self, node)

    def _bare(self, node: Node) -> Node:
        """The node without the parentheses around it, unless these are to be kept."""
        while not self._faithful and isinstance(node, Parenthesized):
            node = node.inner
        return node

    # Expressions ----------------------------------------------------------------------------------------------

    def literal(self, node: Literal) -> Sequence[_Part]:
        return [Spelling(_literal_text(node.value))]

    def verbatim(self, node: Verbatim) -> Sequence[_Part]:
        return [Spelling("#!" + quote_text(node.text))]

    def identifier(self, node: Identifier) -> Sequence[_Part]:
        if node.inclusive:
            return [Fixed("@"), Spelling(quote_identifier(node.name))]
        # The keywords that stand for values are no names that could be quoted.
        return [Spelling(node.name if node.name in HASH_KEYWORDS else quote_identifier(node.name))]

    def section_access(self, node: SectionAccess) -> Sequence[_Part]:
        return [Spelling(quote_identifier(node.section)), Fixed("!"), Spelling(quote_identifier(node.name))]

    def not_implemented(self, node: NotImplemented_) -> Sequence[_Part]:
        return [Fixed("...")]

    def parenthesized(self, node: Parenthesized) -> Sequence[_Part]:
        return _bracketed("(", [[_Slot(node.inner)]], ")")

    def let(self, node: Let) -> Sequence[_Part]:
        parts: list[_Part] = [Fixed("let"), INDENT, HARD_LINE]
        for index, binding in enumerate(node.bindings):
            if index:
                parts += [Fixed(","), STATEMENT]
            parts += [Spelling(quote_identifier(binding.name)), *self._assigned(binding.value)]
        return [*parts, DEDENT, HARD_LINE, Fixed("in"), INDENT, HARD_LINE, _Slot(node.body), DEDENT]

    def _assigned(self, value: Expr) -> Sequence[_Part]:
        return [SPACE, Fixed("="), *self._following(value)]

    def _following(self, value: Expr) -> Sequence[_Part]:
        """A value after ``=``, ``=>`` or ``each``: on the same line, unless it would look lost there."""
        if isinstance(self._bare(value), Let | If | Try):
            return [OPEN, INDENT, LINE, _Slot(value), DEDENT, CLOSE]
        return [SPACE, _Slot(value)]

    def if_(self, node: If) -> Sequence[_Part]:
        parts: list[_Part] = [OPEN]
        otherwise: Node = node
        while isinstance(otherwise, If):
            parts += [Fixed("if"), SPACE, _Slot(otherwise.condition), SPACE, Fixed("then"), INDENT, LINE]
            parts += [_Slot(otherwise.then), DEDENT, LINE, Fixed("else")]
            otherwise = self._bare(otherwise.otherwise)
            if isinstance(otherwise, If):
                parts.append(SPACE)
        return [*parts, INDENT, LINE, _Slot(otherwise), DEDENT, CLOSE]

    def each(self, node: Each) -> Sequence[_Part]:
        return [Fixed("each"), *self._following(node.body)]

    def function(self, node: Function) -> Sequence[_Part]:
        parts: list[_Part] = [*self._parameters(node.parameters)]
        if node.return_type is not None:
            parts += [SPACE, Fixed("as"), SPACE, _Slot(node.return_type, in_type=True)]
        return [*parts, SPACE, Fixed("=>"), *self._following(node.body)]

    def _parameters(self, parameters: tuple[Parameter, ...]) -> Sequence[_Part]:
        return _bracketed("(", [self._parameter(each) for each in parameters], ")")

    def _parameter(self, node: Parameter) -> Sequence[_Part]:
        parts: list[_Part] = [Fixed("optional"), SPACE] if node.optional else []
        parts.append(Spelling(quote_identifier(node.name)))
        if node.type is not None:
            parts += [SPACE, Fixed("as"), SPACE, _Slot(node.type, in_type=True)]
        return parts

    def invocation(self, node: Invocation) -> Sequence[_Part]:
        arguments = [[_Slot(each)] for each in node.arguments]
        return [_Slot(node.function, PRIMARY), *_bracketed("(", arguments, ")")]

    def record(self, node: Record) -> Sequence[_Part]:
        return _bracketed("[", [self._field(each) for each in node.fields], "]")

    def _field(self, node: Binding) -> Sequence[_Part]:
        return [FieldName(quote_field_name(node.name)), *self._assigned(node.value)]

    def list_(self, node: List) -> Sequence[_Part]:
        return _bracketed("{", [[_Slot(each)] for each in node.items], "}")

    def range_(self, node: Range) -> Sequence[_Part]:
        return [_Slot(node.low), Fixed(".."), _Slot(node.high)]

    def field_access(self, node: FieldAccess) -> Sequence[_Part]:
        return [*self._target(node.target), *_selector(node.name), *_question_mark(node.optional)]

    def projection(self, node: Projection) -> Sequence[_Part]:
        selectors = _bracketed("[", [_selector(each) for each in node.names], "]")
        return [*self._target(node.target), *selectors, *_question_mark(node.optional)]

    def item_access(self, node: ItemAccess) -> Sequence[_Part]:
        # An index is nearly always short, so no line ends in its brackets; a record in them may break within.
        index: list[_Part] = [Fixed("{"), _Slot(node.index), Fixed("}")]
        return [*self._target(node.target), *index, *_question_mark(node.optional)]

    def _target(self, target: Expr | None) -> Sequence[_Part]:
        return [] if target is None else [_Slot(target, PRIMARY)]

    def unary(self, node: Unary) -> Sequence[_Part]:
        operator: list[_Part] = [Fixed(node.operator), SPACE] if node.operator.isalpha() else [Fixed(node.operator)]
        return [*operator, _Slot(node.operand, UNARY_PRECEDENCE)]

    def binary(self, node: Binary) -> Sequence[_Part]:
        """A whole chain of operators of one precedence, which breaks before all of them or none."""
        precedence = BINARY_PRECEDENCE[node.operator]
        tail: list[tuple[str, Expr]] = []
        left: Node = node
        while isinstance(left, Binary) and BINARY_PRECEDENCE[left.operator] == precedence:
            tail.append((left.operator, left.right))
            left = self._bare(left.left)
        parts: list[_Part] = [OPEN, _Slot(left, precedence), INDENT]
        for operator, right in reversed(tail):
            is_type = operator in ("is", "as")
            operand = _Slot(right, in_type=True) if is_type else _Slot(right, precedence + 1)
            parts += [LINE, Fixed(operator), SPACE, operand]
        return [*parts, DEDENT, CLOSE]

    def try_(self, node: Try) -> Sequence[_Part]:
        handled = node.otherwise is not None or node.catch is not None
        parts: list[_Part] = [OPEN, Fixed("try"), SPACE, _Slot(node.body, enclose=handled and self._dangles(node.body))]
        if node.otherwise is not None:
            parts += [LINE, Fixed("otherwise"), SPACE, _Slot(node.otherwise)]
        if node.catch is not None:
            parts += [LINE, Fixed("catch"), SPACE, _Slot(node.catch)]
        return [*parts, CLOSE]

    def _dangles(self, body: Node) -> bool:
        """Whether an ``otherwise`` after this would be taken by a ``try`` at its end."""
        node: Node | None = body
        while node is not None:
            node = self._bare(node)
            if isinstance(node, Try):
                node = node.otherwise or node.catch
                if node is None:
                    return True
            else:
                node = _open_end(node)
        return False

    def error(self, node: Error) -> Sequence[_Part]:
        return [Fixed("error"), SPACE, _Slot(node.value)]

    # Types ----------------------------------------------------------------------------------------------------

    def type_expression(self, node: TypeExpression) -> Sequence[_Part]:
        return [Fixed("type"), SPACE, _Slot(node.type, in_type=True)]

    def primitive_type(self, node: PrimitiveType) -> Sequence[_Part]:
        return [Fixed(node.name)]

    def nullable_type(self, node: NullableType) -> Sequence[_Part]:
        return [Fixed("nullable"), SPACE, _Slot(node.inner, in_type=True)]

    def list_type(self, node: ListType) -> Sequence[_Part]:
        return _bracketed("{", [[_Slot(node.item, in_type=True)]], "}")

    def record_type(self, node: RecordType) -> Sequence[_Part]:
        fields = [self._field_type(each) for each in node.fields]
        if node.open:
            fields.append([Fixed("...")])
        return _bracketed("[", fields, "]")

    def _field_type(self, node: FieldType) -> Sequence[_Part]:
        name = quote_field_name(node.name)
        if name.startswith("optional "):
            name = "#" + quote_text(node.name)
        parts: list[_Part] = [Fixed("optional"), SPACE] if node.optional else []
        parts.append(FieldName(name))
        if node.type is not None:
            parts += [SPACE, Fixed("="), SPACE, _Slot(node.type, in_type=True)]
        return parts

    def table_type(self, node: TableType) -> Sequence[_Part]:
        return [Fixed("table"), SPACE, _Slot(node.row, in_type=True)]

    def function_type(self, node: FunctionType) -> Sequence[_Part]:
        parts: list[_Part] = [Fixed("function"), SPACE, *self._parameters(node.parameters)]
        return [*parts, SPACE, Fixed("as"), SPACE, _Slot(node.return_type, in_type=True)]

    def _is_ambiguous_type(self, node: Node) -> bool:
        """Whether an expression would be read as something else in a type context, judged by its first token."""
        if isinstance(node, _TYPE_NODES):
            return False
        if _level(node) < PRIMARY:
            return True
        first: Node | None = node
        while isinstance(first, Invocation | FieldAccess | Projection | ItemAccess):
            first = first.function if isinstance(first, Invocation) else first.target
            if first is None:
                return True
            first = self._bare(first)
            if _level(first) < PRIMARY:
                return False
        if isinstance(first, Identifier):
            return not first.inclusive and (first.name in _TYPE_WORDS or first.name in HASH_KEYWORDS)
        return not isinstance(first, SectionAccess) or first.section in _TYPE_WORDS

    # Sections -------------------------------------------------------------------------------------------------

    def section(self, node: Section) -> Sequence[_Part]:
        parts: list[_Part] = [*self._attributes(node.attributes), Fixed("section")]
        if node.name is not None:
            parts += [SPACE, Spelling(quote_identifier(node.name))]
        parts.append(Fixed(";"))
        for member in node.members:
            parts += [STATEMENT, _Slot(member)]
        return parts

    def section_member(self, node: SectionMember) -> Sequence[_Part]:
        parts: list[_Part] = [*self._attributes(node.attributes)]
        if node.shared:
            parts += [Fixed("shared"), SPACE]
        return [*parts, Spelling(quote_identifier(node.name)), *self._assigned(node.value), Fixed(";")]

    def _attributes(self, attributes: Record | None) -> Sequence[_Part]:
        return [] if attributes is None else [_Slot(attributes), HARD_LINE]


def _bracketed(opener: str, items: Sequence[Sequence[_Part]], closer: str) -> Sequence[_Part]:
    """Items between brackets: all on one line, or each on a line of its own."""
    if not items:
        return [Fixed(opener), Fixed(closer)]
    parts: list[_Part] = [OPEN, Fixed(opener), INDENT, SOFT_LINE]
    for index, item in enumerate(items):
        if index:
            parts += [Fixed(","), LINE]
        parts += item
    return [*parts, DEDENT, SOFT_LINE, Fixed(closer), CLOSE]


def _selector(name: str) -> Sequence[_Part]:
    return [Fixed("["), FieldName(quote_field_name(name)), Fixed("]")]


def _question_mark(optional: bool) -> Sequence[_Part]:
    return [Fixed("?")] if optional else []


def _literal_text(value: bool | int | float | str | None) -> str:
    if isinstance(value, str):
        return quote_text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    text = repr(value).replace("e", "E")
    return text.replace("inf", _INFINITE)


def _level(node: Node) -> int:
    """How tightly a node holds together."""
    if isinstance(node, Binary):
        return BINARY_PRECEDENCE[node.operator]
    if isinstance(node, _OPEN_ENDED):
        return EXPRESSION
    if isinstance(node, Unary | TypeExpression):
        return UNARY_PRECEDENCE
    if isinstance(node, Literal) and _literal_text(node.value)[0] in UNARY_OPERATORS:
        return UNARY_PRECEDENCE
    return PRIMARY


def _open_end(node: Node) -> Node | None:
    """The expression that a node ends with, if nothing closes it."""
    if isinstance(node, Let | Each | Function):
        return node.body
    if isinstance(node, If):
        return node.otherwise
    return node.value if isinstance(node, Error) else None


# Each method is called with nodes of its own kind only, which the type of a dict cannot say.
_RENDERERS: dict[type[Node], Callable[[_Renderer, Any], Sequence[_Part]]] = {
    Literal: _Renderer.literal,
    Verbatim: _Renderer.verbatim,
    Identifier: _Renderer.identifier,
    SectionAccess: _Renderer.section_access,
    NotImplemented_: _Renderer.not_implemented,
    Parenthesized: _Renderer.parenthesized,
    Let: _Renderer.let,
    If: _Renderer.if_,
    Each: _Renderer.each,
    Function: _Renderer.function,
    Invocation: _Renderer.invocation,
    Record: _Renderer.record,
    List: _Renderer.list_,
    Range: _Renderer.range_,
    FieldAccess: _Renderer.field_access,
    Projection: _Renderer.projection,
    ItemAccess: _Renderer.item_access,
    Unary: _Renderer.unary,
    Binary: _Renderer.binary,
    Try: _Renderer.try_,
    Error: _Renderer.error,
    TypeExpression: _Renderer.type_expression,
    PrimitiveType: _Renderer.primitive_type,
    NullableType: _Renderer.nullable_type,
    ListType: _Renderer.list_type,
    RecordType: _Renderer.record_type,
    TableType: _Renderer.table_type,
    FunctionType: _Renderer.function_type,
    Section: _Renderer.section,
    SectionMember: _Renderer.section_member,
}
