"""Random trees, printed, formatted and read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.powerquery.language import format_document, parse_document, print_expression, tokenize
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

ODD_NAMES = "a b text table function nullable optional catch type each let in Foo.Bar a.each #date 2x größe _ e1 0x1"
ODD_FIELDS = ["", "Order Date", "if then else", "optional a", "a  b", '"', "a\nb", "#(cr)", "1.5", "50%"]

any_names = st.one_of(st.sampled_from(ODD_NAMES.split()), st.sampled_from(ODD_FIELDS), st.text(max_size=5))
# Names in which nothing can come between two words.
plain_names = st.sampled_from(["a", "b", "Foo.Bar", "text", "optional", "catch"])
literals = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 10**20),
    st.floats(0, allow_nan=False, allow_infinity=False).map(abs),
    st.text(max_size=8),
)
primitives = st.sampled_from(["any", "text", "table", "function", "type", "null", "number"])
operators = st.sampled_from(["+", "-", "*", "/", "&", "=", "<>", "<", ">=", "and", "or", "??", "meta", "is", "as"])
unary_operators = st.sampled_from(["+", "-", "not"])


class Trees:
    """Draws trees, of which those further down are smaller."""

    def __init__(self, draw: st.DrawFn, names: st.SearchStrategy[str]) -> None:
        self.draw = draw
        self.names = names

    def name(self) -> str:
        return self.draw(self.names)

    def flag(self) -> bool:
        return self.draw(st.booleans())

    def several_names(self, at_least: int = 0) -> list[str]:
        return self.draw(st.lists(self.names, min_size=at_least, max_size=3, unique=True))

    def expression(self, depth: int) -> Expr:
        kinds = [self.literal, self.identifier] if depth == 0 else self.kinds()
        return self.draw(st.sampled_from(kinds))(depth - 1)

    def kinds(self) -> list[Callable[[int], Expr]]:
        wrappers = [self.parenthesized, self.each, self.error, self.unary, self.type_expression, self.try_]
        branches = [self.let, self.if_, self.function, self.binary, self.binary, self.record, self.list_]
        accesses = [self.invocation, self.field_access, self.projection, self.item_access]
        return [self.literal, self.identifier, self.other_leaf, *wrappers, *branches, *accesses]

    def maybe(self, depth: int) -> Expr | None:
        return self.expression(depth) if self.flag() else None

    def literal(self, depth: int) -> Expr:
        return Literal(self.draw(literals))

    def identifier(self, depth: int) -> Expr:
        return Identifier(self.name(), self.draw(st.sampled_from([False, False, True])))

    def other_leaf(self, depth: int) -> Expr:
        leaves: list[Expr] = [NotImplemented_(), SectionAccess(self.name(), self.name()), Verbatim(self.name())]
        return self.draw(st.sampled_from(leaves))

    def parenthesized(self, depth: int) -> Expr:
        return Parenthesized(self.expression(depth))

    def each(self, depth: int) -> Expr:
        return Each(self.expression(depth))

    def error(self, depth: int) -> Expr:
        return Error(self.expression(depth))

    def unary(self, depth: int) -> Expr:
        return Unary(self.draw(unary_operators), self.expression(depth))

    def binary(self, depth: int) -> Expr:
        operator, left = self.draw(operators), self.expression(depth)
        return Binary(operator, left, self.assertion() if operator in ("is", "as") else self.expression(depth))

    def assertion(self) -> Expr:
        primitive = PrimitiveType(self.draw(primitives))
        return NullableType(primitive) if self.flag() else primitive

    def try_(self, depth: int) -> Expr:
        body, handler = self.expression(depth), self.draw(st.sampled_from(["none", "otherwise", "catch"]))
        otherwise = self.expression(depth) if handler == "otherwise" else None
        parameters = tuple(Parameter(name, None, False) for name in self.several_names()[:1])
        catch = Function(parameters, None, self.expression(depth)) if handler == "catch" else None
        return Try(body, otherwise, catch)

    def bindings(self, depth: int, at_least: int = 0) -> tuple[Binding, ...]:
        return tuple(Binding(name, self.expression(depth)) for name in self.several_names(at_least))

    def let(self, depth: int) -> Expr:
        return Let(self.bindings(depth, 1), self.expression(depth))

    def if_(self, depth: int) -> Expr:
        return If(self.expression(depth), self.expression(depth), self.expression(depth))

    def parameters(self, asserted: Callable[[], Expr | None]) -> tuple[Parameter, ...]:
        names = self.several_names()
        optional = sorted(self.flag() for _ in names)
        return tuple(Parameter(name, asserted(), each) for name, each in zip(names, optional, strict=True))

    def function(self, depth: int) -> Expr:
        parameters = self.parameters(lambda: self.assertion() if self.flag() else None)
        return Function(parameters, self.assertion() if self.flag() else None, self.expression(depth))

    def record(self, depth: int) -> Expr:
        return Record(self.bindings(depth))

    def list_(self, depth: int) -> Expr:
        count = self.draw(st.integers(0, 3))
        return List(tuple(self.item(depth) for _ in range(count)))

    def item(self, depth: int) -> Expr | Range:
        return Range(self.expression(depth), self.expression(depth)) if self.flag() else self.expression(depth)

    def invocation(self, depth: int) -> Expr:
        count = self.draw(st.integers(0, 3))
        return Invocation(self.expression(depth), tuple(self.expression(depth) for _ in range(count)))

    def field_access(self, depth: int) -> Expr:
        return FieldAccess(self.maybe(depth), self.name(), self.flag())

    def projection(self, depth: int) -> Expr:
        return Projection(self.maybe(depth), tuple(self.several_names(1)), self.flag())

    def item_access(self, depth: int) -> Expr:
        return ItemAccess(self.expression(depth), self.expression(depth), self.flag())

    def type_expression(self, depth: int) -> Expr:
        return TypeExpression(self.type(depth))

    def type(self, depth: int) -> Expr:
        kinds: list[Callable[[int], Expr]] = [self.primitive, self.expression]
        if depth > 0:
            kinds += [self.nullable_type, self.list_type, self.record_type, self.table_type, self.function_type]
        return self.draw(st.sampled_from(kinds))(max(0, depth - 1))

    def primitive(self, depth: int) -> Expr:
        return PrimitiveType(self.draw(primitives))

    def nullable_type(self, depth: int) -> Expr:
        return NullableType(self.type(depth))

    def list_type(self, depth: int) -> Expr:
        return ListType(self.type(depth))

    def field_types(self, depth: int) -> tuple[FieldType, ...]:
        names = self.several_names()
        return tuple(FieldType(name, self.type(depth) if self.flag() else None, self.flag()) for name in names)

    def record_type(self, depth: int) -> Expr:
        return RecordType(self.field_types(depth), self.flag())

    def table_type(self, depth: int) -> Expr:
        return TableType(RecordType(self.field_types(depth), False) if self.flag() else self.expression(depth))

    def function_type(self, depth: int) -> Expr:
        return FunctionType(self.parameters(lambda: self.type(depth)), self.type(depth))

    def section(self) -> Section:
        members = [
            SectionMember(name, self.expression(2), self.flag(), self.attributes()) for name in self.several_names()
        ]
        return Section(self.name() if self.flag() else None, tuple(members), self.attributes())

    def attributes(self) -> Record | None:
        literals = [Binding(name, self.literal(0)) for name in self.several_names()]
        return Record(tuple(literals)) if self.flag() else None


@st.composite
def trees(draw: st.DrawFn, names: st.SearchStrategy[str]) -> Expr | Section:
    drawn = Trees(draw, names)
    return drawn.section() if draw(st.integers(0, 9)) == 9 else drawn.expression(3)


def without_parentheses(value: object) -> object:
    """A tree as nested tuples, without its parentheses."""
    while isinstance(value, Parenthesized):
        value = value.inner
    if isinstance(value, Node) and not isinstance(value, Literal):
        fields = [getattr(value, name) for name in value.__match_args__ if name != "span"]
        return (type(value).__name__, *map(without_parentheses, fields))
    return tuple(map(without_parentheses, value)) if isinstance(value, tuple) else value


@settings(deadline=None, max_examples=400)
@given(trees(any_names))
def test_a_printed_tree_reads_back(tree: Expr | Section) -> None:
    printed = print_expression(tree)
    read = parse_document(printed)
    assert without_parentheses(read) == without_parentheses(tree)
    assert print_expression(read) == printed


GAPS = [
    " ",
    " ",
    " ",
    "\n",
    "\n\n",
    "\r\n\n\n",
    " // c \n",
    "\n// own\n",
    "\n\n// own\n\n",
    " /* b */ ",
    "\n/* b\n  c */",
    " /**/ ",
]


def scattered(text: str, gaps: list[str]) -> str:
    """The tokens of a text with other gaps between them."""
    words = [token.text for token in tokenize(text)]
    return "".join(gap + word for gap, word in zip(gaps * (len(words) // len(gaps) + 1), words, strict=False))


@settings(deadline=None, max_examples=400)
@given(trees(plain_names), st.lists(st.sampled_from(GAPS), min_size=1, max_size=40))
def test_formatting_keeps_everything_and_rests(tree: Expr | Section, gaps: list[str]) -> None:
    source = scattered(print_expression(tree), gaps)
    formatted = format_document(source)
    assert without_parentheses(parse_document(formatted)) == without_parentheses(tree)
    assert [token.text for token in tokenize(formatted)] == [token.text for token in tokenize(source)]
    assert comments(formatted) == comments(source)
    assert format_document(formatted) == formatted
    assert "\n\n\n" not in formatted and not formatted.startswith("\n") and formatted.endswith("\n")


def comments(text: str) -> Counter[str]:
    return Counter(comment.text.rstrip() for token in tokenize(text) for comment in token.comments)
