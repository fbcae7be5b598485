"""The syntax tree of the M language.

Every node is a frozen, slotted dataclass. Its ``span`` says where in the text it stood and takes no part in equality
or hashing: two trees are equal when they were written alike, wherever they were written.

Nodes hold what was written, not what it means: ``[x]`` is a :class:`FieldAccess` without a target (the evaluator
supplies ``_``), ``#date(2024, 1, 1)`` an :class:`Invocation` of the :class:`Identifier` ``#date``.

Trees may be as deep as their text is long (``1 + 1 + 1 …`` nests to the left, ``if … else if …`` to the right), so
code that visits a whole tree should use :func:`walk`, or a stack of its own, rather than recurse. The comparison,
hash and ``repr`` that dataclasses provide do recurse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

__all__ = [
    "Binary",
    "Binding",
    "Each",
    "Error",
    "Expr",
    "FieldAccess",
    "FieldType",
    "Function",
    "FunctionType",
    "Identifier",
    "If",
    "Invocation",
    "ItemAccess",
    "Let",
    "List",
    "ListType",
    "Literal",
    "Node",
    "NotImplemented_",
    "NullableType",
    "Parameter",
    "Parenthesized",
    "PrimitiveType",
    "Projection",
    "Range",
    "Record",
    "RecordType",
    "Section",
    "SectionAccess",
    "SectionMember",
    "Span",
    "TableType",
    "Try",
    "TypeExpression",
    "TypeNode",
    "Unary",
    "Verbatim",
    "children",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands: offsets into the text, ``end`` exclusive."""

    start: int
    end: int


_NOWHERE = Span(0, 0)


class Node:
    """What all nodes have in common: a ``span``. Nodes made by a program rather than read from a text stand nowhere."""

    __slots__ = ()

    __match_args__: ClassVar[tuple[str, ...]]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """``null``, ``true``, ``12``, ``1.5``, ``"text"``.

    A number is an ``int`` when it was written without point and exponent, else a ``float``; the parser makes no
    negative ones (``-1`` is a :class:`Unary`). ``1``, ``1.0`` and ``true`` are three different literals, although
    Python takes them to be equal:

    >>> Literal(1) == Literal(True), Literal(1) == Literal(1.0), Literal(1) == Literal(1)
    (False, False, True)
    """

    value: bool | int | float | str | None
    span: Span = field(default=_NOWHERE, compare=False, repr=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Literal):
            return NotImplemented
        return type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Verbatim(Node):
    """``#!"text"``: M text that another tool could not express; evaluating it is an error."""

    text: str
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A reference to a name. ``inclusive`` is ``@name``: the name's own definition may be meant (recursion).

    The names that M keeps as keywords, ``#date``, ``#table``, ``#nan``, ``#shared`` …, are identifiers too, with the
    ``#`` as part of the name.
    """

    name: str
    inclusive: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SectionAccess(Node):
    """``section!name``."""

    section: str
    name: str
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NotImplemented_(Node):  # noqa: N801 -- the bare name is Python's own
    """``...`` as an expression: raises an error when it is evaluated."""

    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parenthesized(Node):
    """``(inner)``. It means what ``inner`` means; it is kept so that a formatter can be faithful."""

    inner: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """``name = value`` in a let or a record."""

    name: str
    value: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Let(Node):
    """``let a = 1, b = 2 in body``."""

    bindings: tuple[Binding, ...]
    body: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if condition then … else otherwise``."""

    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Each(Node):
    """``each body``: a function of the one parameter ``_``."""

    body: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of a function or of a function type: ``optional name as type``."""

    name: str
    type: Expr | None
    optional: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Function(Node):
    """``(parameters) as return_type => body``."""

    parameters: tuple[Parameter, ...]
    return_type: Expr | None
    body: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Invocation(Node):
    """``function(arguments)``."""

    function: Expr
    arguments: tuple[Expr, ...]
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Record(Node):
    """``[a = 1, b = 2]``."""

    fields: tuple[Binding, ...]
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Range(Node):
    """``low..high`` as an item of a list."""

    low: Expr
    high: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class List(Node):
    """``{1, 5..9}``."""

    items: tuple[Expr | Range, ...]
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldAccess(Node):
    """``target[name]``, with ``?`` when ``optional``. Without a target it is ``[name]``, which means ``_[name]``."""

    target: Expr | None
    name: str
    optional: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Projection(Node):
    """``target[[a], [b]]``, with ``?`` when ``optional``; a missing target is ``_``."""

    target: Expr | None
    names: tuple[str, ...]
    optional: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ItemAccess(Node):
    """``target{index}``, with ``?`` when ``optional``."""

    target: Expr
    index: Expr
    optional: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``+x``, ``-x``, ``not x``."""

    operator: str
    operand: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """``left operator right``; all operators group to the left.

    ``operator`` is as written: ``+ - * / & = <> < <= > >= and or ?? meta is as``. For ``is`` and ``as`` the right
    side is a :class:`PrimitiveType` or a :class:`NullableType` of one.
    """

    operator: str
    left: Expr
    right: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Try(Node):
    """``try body``, ``try body otherwise …`` or ``try body catch (e) => …``; at most one of the two is given."""

    body: Expr
    otherwise: Expr | None
    catch: Expr | None
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Error(Node):
    """``error value``."""

    value: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypeExpression(Node):
    """``type …``: switches from expressions to types. ``type`` is a type node, or an expression giving a type."""

    type: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PrimitiveType(Node):
    """``text``, ``number``, ``any`` …, where a type is meant."""

    name: str
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NullableType(Node):
    """``nullable inner``."""

    inner: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ListType(Node):
    """``{item}``."""

    item: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldType(Node):
    """``optional name = type`` in a record type; without a type it is ``any``."""

    name: str
    type: Expr | None
    optional: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RecordType(Node):
    """``[a = text, optional b, ...]``; ``open`` is the final ``...``."""

    fields: tuple[FieldType, ...]
    open: bool
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TableType(Node):
    """``table [a = text]``, or ``table row`` with an expression giving the type of the rows."""

    row: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FunctionType(Node):
    """``function (a as text, optional b as number) as logical``; every parameter has a type."""

    parameters: tuple[Parameter, ...]
    return_type: Expr
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SectionMember(Node):
    """``[attributes] shared name = value;``."""

    name: str
    value: Expr
    shared: bool
    attributes: Record | None
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Section(Node):
    """``[attributes] section name; members``."""

    name: str | None
    members: tuple[SectionMember, ...]
    attributes: Record | None
    span: Span = field(default=_NOWHERE, compare=False, repr=False)


TypeNode: TypeAlias = PrimitiveType | NullableType | ListType | RecordType | TableType | FunctionType

Expr: TypeAlias = (
    Literal
    | Verbatim
    | Identifier
    | SectionAccess
    | NotImplemented_
    | Parenthesized
    | Let
    | If
    | Each
    | Function
    | Invocation
    | Record
    | List
    | FieldAccess
    | Projection
    | ItemAccess
    | Unary
    | Binary
    | Try
    | Error
    | TypeExpression
    | TypeNode
)
"""Whatever may stand where an expression or a type may. Type nodes stand in type contexts only: within a
:class:`TypeExpression`, on the right of ``is`` and ``as``, and as types of parameters, results and fields."""


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below a node, in the order of the text.

    >>> [type(child).__name__ for child in children(Let((Binding("a", Literal(1)),), Identifier("a", False)))]
    ['Binding', 'Identifier']
    """
    for name in node.__match_args__:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first, in the order of the text; depth is no matter.

    >>> [each.name for each in walk(Binary("+", Identifier("a", False), Identifier("b", True)))
    ...     if isinstance(each, Identifier)]
    ['a', 'b']
    """
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(tuple(children(current))))
