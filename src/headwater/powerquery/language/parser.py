"""From tokens to the syntax tree.

The parser is one method a grammar rule, written as generators: a rule that needs an expression or a type below it
yields that rule's generator and is sent the node. :func:`_run` keeps the waiting rules on a list of its own, so that
nesting is limited by memory and not by Python's stack. Operators are combined with a list of pending operators
(the shunting-yard algorithm), which needs no nesting at all.

After an error the parser goes on at the next place that makes sense, so that one run finds all errors; nothing it
has built by then is handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import pairwise
from typing import TypeAlias, TypeVar

from headwater.powerquery.language.cursor import Cursor, Unreadable
from headwater.powerquery.language.lexer import (
    END,
    HASH_KEYWORDS,
    IDENTIFIER,
    NUMBER,
    QUOTED,
    TEXT,
    VERBATIM,
    number_value,
    syntax_error,
    text_value,
)
from headwater.powerquery.language.operators import BINARY_PRECEDENCE, PRIMITIVE_TYPES, UNARY_OPERATORS
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
    Span,
    TableType,
    Try,
    TypeExpression,
    Unary,
    Verbatim,
    walk,
)

__all__ = ["parse_document", "parse_expression"]

T = TypeVar("T")
Step: TypeAlias = Generator["Step", Expr, Expr]
Rule: TypeAlias = Generator[Step, Expr, T]

_CONSTANTS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
_ATOMS = frozenset((IDENTIFIER, QUOTED, NUMBER, TEXT, VERBATIM)) | HASH_KEYWORDS | frozenset(_CONSTANTS)
_SUFFIXES = frozenset("([{!")
# What ends an expression for certain, so that a single token before it is all of the expression.
_ENDS = frozenset((",", ")", "]", "}", "in", "then", "else", "otherwise", ";", "..", END))
_TYPE_WORDS = frozenset((IDENTIFIER, "type", "null"))
_EXPRESSION_WORDS = frozenset(("let", "if", "each", "try", "error"))
_ANY_LITERAL = (Record, List, Literal, Binding)
# Stands where something could not be read, in a tree that nobody will see.
_UNREAD = Literal(None)


def parse_expression(text: str, source_name: str = "") -> Expr:
    """The tree of one expression.

    Args:
        text: M text holding one expression, with any comments.
        source_name: what to call the text in an error, such as the name of a file.

    Raises:
        MSyntaxError: the text is no expression; lists all findings with lines and columns.

    >>> parse_expression("[Price] * 2")
    Binary(operator='*', left=FieldAccess(target=None, name='Price', optional=False), right=Literal(value=2))
    """
    parser = _Parser(text)
    return parser.finish(parser.whole(parser.expression()), source_name)


def parse_document(text: str, source_name: str = "") -> Expr | Section:
    """The tree of a document: a section with its members, or one expression.

    Raises:
        MSyntaxError: the text is neither; lists all findings with lines and columns.

    >>> parse_document("section Flights; shared count = 3;").members[0].name
    'count'
    """
    parser = _Parser(text)
    if parser.at_section():
        return parser.finish(parser.section(), source_name)
    return parser.finish(parser.whole(parser.expression()), source_name)


def _run(first: Step) -> Expr:
    """Drives a rule and all the rules it asks for, the innermost first."""
    waiting = [first]
    result: Expr | None = None
    problem: Unreadable | None = None
    while True:
        rule = waiting[-1]
        try:
            if problem is not None:
                asked = rule.throw(problem)
            elif result is None:
                asked = next(rule)
            else:
                asked = rule.send(result)
        except StopIteration as stop:
            waiting.pop()
            finished: Expr = stop.value
            if not waiting:
                return finished
            problem, result = None, finished
        except Unreadable as unreadable:
            waiting.pop()
            if not waiting:
                raise
            problem = unreadable
        else:
            waiting.append(asked)
            problem = result = None


class _Parser(Cursor):
    """The rules of the grammar."""

    # Documents ------------------------------------------------------------------------------------------------

    def finish(self, tree: T, source_name: str) -> T:
        """The tree, if nothing was wrong."""
        if self.problems:
            raise syntax_error(self.text, self.problems, source_name)
        return tree

    def whole(self, rule: Step) -> Expr:
        """What a rule reads, after which the text must end."""
        try:
            tree = _run(rule)
            if self.symbols[self.at] != END:
                self.fail("an operator or the end of the text")
        except Unreadable:
            return _UNREAD
        return tree

    def at_section(self) -> bool:
        """Whether the text is a section: the word itself, or attributes and then the word."""
        if self.symbols[0] != "[":
            return self.symbols[0] == "section"
        depth = 0
        for index, symbol in enumerate(self.symbols):
            depth += (symbol in ("[", "{", "(")) - (symbol in ("]", "}", ")"))
            if depth == 0:
                return self.symbols[min(index + 1, len(self.symbols) - 1)] == "section"
        return False

    def section(self) -> Section:
        """A section document."""
        start = self.starts[0]
        attributes: Record | None = None
        name: str | None = None
        try:
            attributes = self._attributes()
            self.expect("section")
            name = self.name("the section's name or ';'") if self.symbols[self.at] != ";" else None
            self.expect(";")
        except Unreadable:
            self._to_next_member()
        members: list[SectionMember] = []
        names: dict[str, int] = {}
        while self.symbols[self.at] != END:
            try:
                members.append(self._section_member(names))
            except Unreadable:
                self._to_next_member()
        return Section(name, tuple(members), attributes, Span(start, self.ends[max(0, self.at - 1)]))

    def _section_member(self, names: dict[str, int]) -> SectionMember:
        start = self.starts[self.at]
        attributes = self._attributes()
        shared = self.take("shared")
        name_start = self.starts[self.at]
        name = self.name("the name of a member")
        self.note_duplicate(name, names, name_start, "Member")
        self.expect("=")
        value = _run(self.expression())
        if self.symbols[self.at] != ";":
            self.fail("an operator or ';'")
        self.at += 1
        return SectionMember(name, value, shared, attributes, self.span_from(start))

    def _attributes(self) -> Record | None:
        if self.symbols[self.at] != "[":
            return None
        node = _run(self._primary())
        stranger = next((part for part in walk(node) if not isinstance(part, _ANY_LITERAL)), None)
        if stranger is not None:
            self.note("Attributes hold literals only.", stranger.span.start, stranger.span.end)
        return node if isinstance(node, Record) else None

    def _to_next_member(self) -> None:
        self.skip()
        self.take(";")

    # Expressions ----------------------------------------------------------------------------------------------

    def expression(self) -> Step:
        """The rule for the expression that starts here."""
        symbol = self.symbols[self.at]
        if symbol == "(" and self._at_function():
            return self._function()
        if symbol == "let":
            return self._let()
        if symbol == "if":
            return self._if()
        if symbol == "each":
            return self._each()
        if symbol == "try":
            return self._try()
        if symbol == "error":
            return self._error()
        return self._operators()

    def _lone(self) -> Expr | None:
        """The expression that starts here if it is a single token: most items and arguments are."""
        if self.symbols[self.at] in _ATOMS and self.symbols[self.at + 1] in _ENDS:
            return self._atom()
        return None

    def _let(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        bindings = yield from self._separated(self._binder(self.name, "Variable"), "in")
        body = self._lone() or (yield self.expression())
        return Let(tuple(bindings), body, self.span_from(start))

    def _binder(self, name: Callable[[], str], what: str) -> Callable[[], Rule[Binding]]:
        """The rule for ``name = value``, with its own memory of the names it has met."""
        names: dict[str, int] = {}

        def binding() -> Rule[Binding]:
            start = self.starts[self.at]
            bound = name()
            self.note_duplicate(bound, names, start, what)
            self.expect("=")
            value = self._lone() or (yield self.expression())
            return Binding(bound, value, self.span_from(start))

        return binding

    def _if(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        condition = self._lone() or (yield self.expression())
        self.expect("then")
        then = self._lone() or (yield self.expression())
        self.expect("else")
        otherwise = self._lone() or (yield self.expression())
        return If(condition, then, otherwise, self.span_from(start))

    def _each(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        body = self._lone() or (yield self.expression())
        return Each(body, self.span_from(start))

    def _error(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        value = self._lone() or (yield self.expression())
        return Error(value, self.span_from(start))

    def _try(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        body = self._lone() or (yield self.expression())
        otherwise = catch = None
        if self.take("otherwise"):
            otherwise = self._lone() or (yield self.expression())
        elif self.at_contextual("catch"):
            self.at += 1
            if not (self.symbols[self.at] == "(" and self._at_function()):
                self.fail("a function such as '(e) => …' after 'catch'")
            catch = yield self._function()
            self._check_catch(catch)
        return Try(body, otherwise, catch, self.span_from(start))

    def _check_catch(self, function: Expr) -> None:
        if not isinstance(function, Function):
            return
        parameters = function.parameters
        typed = function.return_type or any(each.type or each.optional for each in parameters)
        if typed or len(parameters) > 1:
            message = "The function after 'catch' takes one parameter or none, without types."
            self.note(message, function.span.start, function.span.end)

    def _function(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        parameters = yield from self._parameters(in_type=False)
        return_type = self._assertion()
        self.expect("=>")
        body = self._lone() or (yield self.expression())
        return Function(parameters, return_type, body, self.span_from(start))

    def _parameters(self, *, in_type: bool) -> Rule[tuple[Parameter, ...]]:
        """The parameters, and the bracket that closes them, of a function or of a function type."""
        names: dict[str, int] = {}

        def parameter() -> Rule[Parameter]:
            start = self.starts[self.at]
            optional = self.at_contextual("optional") and self.at_name(1)
            if optional:
                self.at += 1
            name_start = self.starts[self.at]
            name = self.name("a parameter's name")
            self.note_duplicate(name, names, name_start, "Parameter")
            if in_type:
                self.expect("as")
            asserted = (yield self._type()) if in_type else self._assertion()
            return Parameter(name, asserted, optional, self.span_from(start))

        parameters = yield from self._separated(parameter, ")", may_be_empty=True)
        for before, after in pairwise(parameters):
            if before.optional and not after.optional:
                message = f"Parameter '{after.name}' must be optional too, because one before it is."
                self.note(message, after.span.start, after.span.end)
        return tuple(parameters)

    def _assertion(self) -> Expr | None:
        """``as nullable type``, if that stands here."""
        return self._nullable_primitive_type() if self.take("as") else None

    def _nullable_primitive_type(self) -> Expr:
        start = self.starts[self.at]
        nullable = self.at_contextual("nullable")
        self.at += nullable
        if not self._is_primitive_type(self.at):
            self.fail("the name of a primitive type, such as text, number or table")
        primitive_start = self.starts[self.at]
        name = self.word()
        self.at += 1
        primitive = PrimitiveType(name, self.span_from(primitive_start))
        return NullableType(primitive, self.span_from(start)) if nullable else primitive

    def _at_function(self) -> bool:
        """Whether the ``(`` here opens a function's parameters, and not an expression in parentheses.

        What follows tells after a few tokens: an expression in parentheses is not a bare name followed by ``,``, and
        neither a name nor a name ``as`` a type is followed by ``)`` and ``=>`` unless it is a parameter.
        """
        symbols = self.symbols
        if symbols[self.at + 1] == ")":
            return True
        if not self.at_name(1):
            return False
        if self.at_name(2):
            return self.text[self.starts[self.at + 1] : self.ends[self.at + 1]] == "optional"
        index = self._past_assertion(self.at + 2)
        if symbols[index] == ",":
            return True
        return symbols[index] == ")" and symbols[self._past_assertion(index + 1)] == "=>"

    def _past_assertion(self, index: int) -> int:
        """The token after ``as nullable type``, if that stands here."""
        if self.symbols[index] != "as":
            return index
        index += 1
        if self._is_word(index, "nullable"):
            index += 1
        # Any word will do here: that it is no primitive type is better said by whoever reads the parameters.
        return index + 1 if self.symbols[index] in _TYPE_WORDS else index

    def _is_word(self, index: int, word: str) -> bool:
        return self.symbols[index] == IDENTIFIER and self.text[self.starts[index] : self.ends[index]] == word

    def _is_primitive_type(self, index: int) -> bool:
        return (
            self.symbols[index] in _TYPE_WORDS and self.text[self.starts[index] : self.ends[index]] in PRIMITIVE_TYPES
        )

    # Operators ------------------------------------------------------------------------------------------------

    def _operators(self) -> Step:
        """Operands and the operators between them: all precedences at once."""
        symbols = self.symbols
        operands: list[Expr] = []
        pending: list[tuple[int, str]] = []
        while True:
            operands.append((yield from self._unary()))
            operator = self._type_operators(operands, pending)
            precedence = BINARY_PRECEDENCE.get(operator)
            if precedence is None:
                break
            self._combine(operands, pending, precedence)
            pending.append((precedence, operator))
            self.at += 1
            if symbols[self.at] in _ATOMS and symbols[self.at + 1] in _ENDS:
                operands.append(self._atom())
                break
        self._combine(operands, pending, 0)
        return operands[0]

    def _unary(self) -> Step:
        prefixes: list[tuple[str, int]] = []
        while self.symbols[self.at] in UNARY_OPERATORS:
            prefixes.append((self.symbols[self.at], self.starts[self.at]))
            self.at += 1
        operand = yield from self._operand()
        for operator, start in reversed(prefixes):
            operand = Unary(operator, operand, self.span_from(start))
        return operand

    def _type_operators(self, operands: list[Expr], pending: list[tuple[int, str]]) -> str:
        """Applies every ``is`` and ``as`` that follows, whose right side is a type; gives the symbol after them."""
        symbol = self.symbols[self.at]
        while symbol in ("is", "as"):
            precedence = BINARY_PRECEDENCE[symbol]
            self._combine(operands, pending, precedence)
            self.at += 1
            asserted = self._nullable_primitive_type()
            left = operands[-1]
            operands[-1] = Binary(symbol, left, asserted, self.span_from(left.span.start))
            following = self.symbols[self.at]
            if BINARY_PRECEDENCE.get(following, 0) > precedence:
                # `x as number = 1` is not `(x as number) = 1` in M's grammar, but no expression at all.
                message = f"What stands left of '{following}' must be in parentheses, because it ends in a type."
                self.note(message, self.starts[self.at], self.ends[self.at])
            symbol = following
        return symbol

    def _combine(self, operands: list[Expr], pending: list[tuple[int, str]], precedence: int) -> None:
        """Applies the pending operators that bind at least as tightly."""
        while pending and pending[-1][0] >= precedence:
            _, operator = pending.pop()
            right = operands.pop()
            left = operands[-1]
            operands[-1] = Binary(operator, left, right, Span(left.span.start, right.span.end))

    # Operands -------------------------------------------------------------------------------------------------

    def _operand(self) -> Step:
        symbol = self.symbols[self.at]
        if symbol == "type":
            start = self.starts[self.at]
            self.at += 1
            inner = yield self._type()
            return TypeExpression(inner, self.span_from(start))
        if symbol in _EXPRESSION_WORDS or (symbol == "(" and self._at_function()):
            what = "A function" if symbol == "(" else f"'{symbol}'"
            message = f"{what} must be in parentheses where it is an operand."
            self.note(message, self.starts[self.at], self.ends[self.at])
            return (yield self.expression())
        return (yield from self._primary())

    def _primary(self) -> Step:
        start = self.starts[self.at]
        symbol = self.symbols[self.at]
        node: Expr
        if symbol in _ATOMS:
            node = self._atom()
        elif symbol == "(":
            node = yield from self._parenthesized()
        elif symbol == "{":
            node = yield from self._list()
        elif symbol == "[":
            node = yield from self._bracketed()
        elif symbol == "@":
            self.at += 1
            node = Identifier(self.name("a name after '@'"), True, self.span_from(start))
        elif symbol == "...":
            self.at += 1
            node = NotImplemented_(self.span_from(start))
        else:
            self.fail("an expression")
        while self.symbols[self.at] in _SUFFIXES:
            node = yield from self._suffix(node, start)
        return node

    def _atom(self) -> Expr:
        """An expression of one token."""
        at = self.at
        symbol = self.symbols[at]
        start, end = self.starts[at], self.ends[at]
        span = Span(start, end)
        self.at = at + 1
        if symbol == IDENTIFIER:
            return Identifier(self.text[start:end], False, span)
        if symbol == TEXT:
            return Literal(text_value(self.text[start:end]), span)
        if symbol == QUOTED:
            return Identifier(text_value(self.text[start:end]), False, span)
        if symbol == NUMBER:
            return Literal(number_value(self.text[start:end]), span)
        if symbol in _CONSTANTS:
            return Literal(_CONSTANTS[symbol], span)
        if symbol == VERBATIM:
            return Verbatim(text_value(self.text[start:end]), span)
        return Identifier(symbol, False, span)

    def _suffix(self, target: Expr, start: int) -> Step:
        symbol = self.symbols[self.at]
        if symbol == "!":
            return self._section_access(target)
        self.at += 1
        if symbol == "(":
            arguments = yield from self._separated(self._argument, ")", may_be_empty=True)
            return Invocation(target, tuple(arguments), self.span_from(start))
        if symbol == "{":
            index = yield from self._closed("}", self.expression)
            return ItemAccess(target, index, self.take("?"), self.span_from(start))
        if self.symbols[self.at] == "[":
            return (yield from self._projection(target, start))
        name = self._selected()
        return FieldAccess(target, name, self.take("?"), self.span_from(start))

    def _section_access(self, section: Expr) -> Expr:
        if not isinstance(section, Identifier) or section.inclusive:
            self.fail("an operator")
        self.at += 1
        name = self.name("the name of a section's member")
        return SectionAccess(section.name, name, self.span_from(section.span.start))

    def _argument(self) -> Step:
        return self._lone() or (yield self.expression())

    def _parenthesized(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        inner = yield from self._closed(")", self.expression)
        return Parenthesized(inner, self.span_from(start))

    def _closed(self, closer: str, rule: Callable[[], Step]) -> Step:
        """One expression or type, and the bracket that closes it."""
        self.awaited[closer] += 1
        try:
            node = yield rule()
            if self.symbols[self.at] != closer:
                self.fail(f"'{closer}'")
        except Unreadable:
            if self.skip() != closer:
                raise
            node = _UNREAD
        finally:
            self.awaited[closer] -= 1
        self.at += 1
        return node

    def _separated(self, item: Callable[[], Rule[T]], closer: str, *, may_be_empty: bool = False) -> Rule[list[T]]:
        """Items with commas between them, and what closes them."""
        items: list[T] = []
        if may_be_empty and self.take(closer):
            return items
        self.awaited[closer] += 1
        self.awaited[","] += 1
        try:
            while True:
                try:
                    items.append((yield from item()))
                    if self.symbols[self.at] not in (",", closer):
                        self.fail(f"an operator, ',' or '{closer}'")
                except Unreadable:
                    if self.skip() not in (",", closer):
                        raise
                self.at += 1
                if self.symbols[self.at - 1] == closer:
                    return items
        finally:
            self.awaited[closer] -= 1
            self.awaited[","] -= 1

    def _list(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        items = yield from self._separated(self._list_item, "}", may_be_empty=True)
        return List(tuple(items), self.span_from(start))

    def _list_item(self) -> Rule[Expr | Range]:
        start = self.starts[self.at]
        low = self._lone() or (yield self.expression())
        if not self.take(".."):
            return low
        high = self._lone() or (yield self.expression())
        return Range(low, high, self.span_from(start))

    def _bracketed(self) -> Step:
        """A record, or a selection from the implicit ``_``."""
        start = self.starts[self.at]
        self.at += 1
        if self.symbols[self.at] == "[":
            return (yield from self._projection(None, start))
        before = self.at
        if self.symbols[before] != "]":
            name = self.field_name()
            if self.take("]"):
                return FieldAccess(None, name, self.take("?"), self.span_from(start))
            if self.symbols[self.at] != "=":
                self.fail("'=' or ']' after a field's name")
            self.at = before
        fields = yield from self._separated(self._binder(self.field_name, "Field"), "]", may_be_empty=True)
        return Record(tuple(fields), self.span_from(start))

    def _projection(self, target: Expr | None, start: int) -> Step:
        names = yield from self._separated(self._selector, "]")
        return Projection(target, tuple(names), self.take("?"), self.span_from(start))

    def _selector(self) -> Rule[str]:
        yield from ()  # Nothing nests here, but items are rules.
        self.expect("[")
        return self._selected()

    def _selected(self) -> str:
        """A field's name and the bracket that closes it."""
        self.awaited["]"] += 1
        try:
            name = self.field_name()
            if self.symbols[self.at] != "]":
                self.fail("']'")
        except Unreadable:
            if self.skip() != "]":
                raise
            name = ""
        finally:
            self.awaited["]"] -= 1
        self.at += 1
        return name

    # Types ----------------------------------------------------------------------------------------------------

    def _type(self) -> Step:
        """What stands in a type context: a type, or a primary expression that gives one."""
        start = self.starts[self.at]
        symbol = self.symbols[self.at]
        if symbol == "{":
            self.at += 1
            item = yield from self._closed("}", self._type)
            return ListType(item, self.span_from(start))
        if symbol == "[":
            return (yield from self._record_type())
        word = self.word() if symbol in _TYPE_WORDS else ""
        if word == "nullable":
            self.at += 1
            inner = yield self._type()
            return NullableType(inner, self.span_from(start))
        if word == "function" and self.symbols[self.at + 1] == "(":
            return (yield from self._function_type())
        if word == "table":
            return (yield from self._table_type())
        if word in PRIMITIVE_TYPES:
            self.at += 1
            return PrimitiveType(word, self.span_from(start))
        if symbol not in _ATOMS and symbol not in ("(", "@", "..."):
            self.fail("a type")
        return (yield from self._primary())

    def _table_type(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        symbol = self.symbols[self.at]
        if symbol == "[":
            row = yield from self._record_type()
            if isinstance(row, RecordType) and row.open:
                self.note("The type of a table's rows cannot be open.", row.span.start, row.span.end)
        elif symbol in ("(", "@") or (self.at_name() and not self.at_contextual("catch")):
            row = yield from self._primary()
        else:
            return PrimitiveType("table", self.span_from(start))
        return TableType(row, self.span_from(start))

    def _function_type(self) -> Step:
        start = self.starts[self.at]
        self.at += 2
        parameters = yield from self._parameters(in_type=True)
        self.expect("as")
        return_type = yield self._type()
        return FunctionType(parameters, return_type, self.span_from(start))

    def _record_type(self) -> Step:
        start = self.starts[self.at]
        self.at += 1
        fields = yield from self._separated(self._field_type_rule(), "]", may_be_empty=True)
        is_open = bool(fields) and fields[-1] is None
        return RecordType(tuple(each for each in fields if each), is_open, self.span_from(start))

    def _field_type_rule(self) -> Callable[[], Rule[FieldType | None]]:
        """The rule for a field of a record type, with its memory of names; it gives None for the final ``...``."""
        names: dict[str, int] = {}

        def field_type() -> Rule[FieldType | None]:
            start = self.starts[self.at]
            if self.take("..."):
                if self.symbols[self.at] != "]":
                    self.fail("']' after '...'")
                return None
            # A field may itself be called optional.
            optional = self.at_contextual("optional") and self.symbols[self.at + 1] not in ("=", ",", "]")
            if optional:
                self.at += 1
            name_start = self.starts[self.at]
            name = self.field_name()
            self.note_duplicate(name, names, name_start, "Field")
            asserted = (yield self._type()) if self.take("=") else None
            return FieldType(name, asserted, optional, self.span_from(start))

        return field_type
