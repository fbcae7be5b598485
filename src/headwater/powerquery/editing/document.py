"""A query's text as it is edited: its tree, its tokens, and whom each name in it refers to."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from headwater.errors import MSyntaxError, UsageError
from headwater.powerquery.language import parse_expression, syntax
from headwater.powerquery.language.lexer import Lexemes, scan
from headwater.powerquery.language.syntax import Span

__all__ = ["Binder", "Change", "Document", "Scope", "Use", "applied", "checked_expression", "read"]

_LINE_END = re.compile("[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Change:
    """What stood between two offsets is replaced by ``text``."""

    start: int
    end: int
    text: str


def applied(text: str, changes: list[Change]) -> str:
    """The text with all changes made; they do not overlap, and those at one place keep their order.

    >>> applied("a + b", [Change(4, 5, "d"), Change(0, 1, "c")])
    'c + d'
    """
    parts: list[str] = []
    at = 0
    for change in sorted(changes, key=lambda each: (each.start, each.end)):
        assert change.start >= at, "changes do not overlap"
        parts += [text[at : change.start], change.text]
        at = change.end
    return "".join([*parts, text[at:]])


@dataclass(frozen=True, slots=True, eq=False)
class Binder:
    """A place that gives a name its meaning: a let's variable, a record's field or a function's parameter."""

    name: str
    span: Span
    value: syntax.Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Names in sight; ``hidden`` is the one whose own definition this is, which means an outer one without ``@``."""

    binders: Mapping[str, Binder]
    parent: Scope | None
    hidden: str | None = None

    def find(self, name: str, *, inclusive: bool = False) -> Binder | None:
        """What a name refers to; None: something outside the text."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.binders and (inclusive or name != scope.hidden):
                return scope.binders[name]
            scope = scope.parent
        return None

    def names(self) -> Iterator[Binder]:
        """Everything in sight, the nearest first."""
        scope: Scope | None = self
        seen: set[str] = set()
        while scope is not None:
            found = [b for n, b in scope.binders.items() if n not in seen and n != scope.hidden]
            seen |= {binder.name for binder in found}
            yield from found
            scope = scope.parent


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """An identifier where it is used; ``span`` is the name alone, without ``@``.

    ``binder`` is whom it refers to, None where that is something outside the text.
    """

    node: syntax.Identifier
    span: Span
    binder: Binder | None
    scope: Scope


_OUTSIDE = Scope({}, None)


@dataclass(frozen=True, eq=False)
class Document:
    """A text that parses as one expression. Made by :func:`read`."""

    text: str
    tree: syntax.Expr
    lexemes: Lexemes

    @cached_property
    def scoped(self) -> list[tuple[syntax.Node, Scope]]:
        """Every node with the names in sight there, parents first, in the order of the text."""
        found: list[tuple[syntax.Node, Scope]] = []
        pending: list[tuple[syntax.Node, Scope]] = [(self.tree, _OUTSIDE)]
        while pending:
            node, scope = pending.pop()
            found.append((node, scope))
            pending.extend(reversed(list(self._parts(node, scope))))
        return found

    @cached_property
    def uses(self) -> list[Use]:
        """Every identifier that is used, in the order of the text."""
        return [
            Use(node, self.last_token(node.span), scope.find(node.name, inclusive=node.inclusive), scope)
            for node, scope in self.scoped
            if isinstance(node, syntax.Identifier)
        ]

    @cached_property
    def binders(self) -> list[Binder]:
        """Everything in the text that gives a name its meaning, in the order of the text."""
        scopes = {id(scope.binders): scope.binders for _, scope in self.scoped}
        found = [binder for binders in scopes.values() for binder in binders.values()]
        return sorted(found, key=lambda binder: binder.span.start)

    @cached_property
    def free_names(self) -> dict[str, list[Use]]:
        """The names that the text takes from outside, each with its uses."""
        found: dict[str, list[Use]] = {}
        for use in self.uses:
            if use.binder is None:
                found.setdefault(use.node.name, []).append(use)
        return found

    @cached_property
    def newline(self) -> str:
        """How the text ends its lines."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def token(self, start: int) -> int:
        """The number of the first token that starts at an offset or after it."""
        return bisect_left(self.lexemes.starts, start)

    def part(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]

    def one_line(self, start: int, end: int) -> bool:
        """Whether no line ends between two offsets."""
        return _LINE_END.search(self.text, start, end) is None

    def comments_before(self, token: int) -> list[Span]:
        """The comments between a token and the one before it."""
        comments = self.lexemes.comments
        at = bisect_left(comments, token, key=lambda each: each[0])
        found: list[Span] = []
        while at < len(comments) and comments[at][0] == token:
            found.append(Span(comments[at][1], comments[at][2]))
            at += 1
        return found

    def last_token(self, span: Span) -> Span:
        """The last token within a span."""
        return Span(self.lexemes.starts[self.token(span.end) - 1], span.end)

    def field_span(self, access: syntax.FieldAccess) -> Span:
        """The name between the brackets of ``x[name]``."""
        closing = self.token(access.span.end) - 1 - access.optional
        opening = closing - 1
        while self.lexemes.symbols[opening] != "[":
            opening -= 1
        return Span(self.lexemes.starts[opening + 1], self.lexemes.ends[closing - 1])

    def _parts(self, node: syntax.Node, scope: Scope) -> Iterator[tuple[syntax.Node, Scope]]:
        """The parts of a node, and the names that each sees."""
        match node:
            case syntax.Let(bindings=bindings, body=body):
                inner = Scope({b.name: self._bound(b) for b in bindings}, scope)
                yield from ((b.value, _defining(inner, b.name)) for b in bindings)
                yield body, inner
            case syntax.Record(fields=fields):
                inner = Scope({b.name: self._bound(b) for b in fields}, scope)
                yield from ((b.value, _defining(inner, b.name)) for b in fields)
            case syntax.Function(parameters=parameters, body=body):
                yield from ((part, scope) for part in syntax.children(node) if part is not body)
                yield body, Scope({p.name: self._parameter(p) for p in parameters}, scope)
            case syntax.Each(body=body):
                yield body, Scope({"_": Binder("_", Span(node.span.start, node.span.start + 4), None)}, scope)
            case _:
                yield from ((part, scope) for part in syntax.children(node))

    def _bound(self, binding: syntax.Binding) -> Binder:
        return Binder(binding.name, self.name_span(binding), binding.value)

    def name_span(self, binding: syntax.Binding) -> Span:
        """Where the name of a binding stands."""
        equals = self.lexemes.symbols.index("=", self.token(binding.span.start))
        return Span(binding.span.start, self.lexemes.ends[equals - 1])

    def _parameter(self, parameter: syntax.Parameter) -> Binder:
        token = self.token(parameter.span.start) + parameter.optional
        return Binder(parameter.name, Span(self.lexemes.starts[token], self.lexemes.ends[token]), None)


def _defining(scope: Scope, name: str) -> Scope:
    return Scope(scope.binders, scope.parent, name)


@lru_cache(maxsize=64)
def read(text: str) -> Document:
    """A query's text, for editing; remembered, because one text is asked about many times.

    Raises:
        UsageError: the text does not parse.
    """
    try:
        tree = parse_expression(text)
    except MSyntaxError as error:
        first = error.diagnostics[0]
        raise UsageError(
            f"The query cannot be read: {first.message}",
            place=f"line {first.line}, column {first.column}",
            hint="Correct its text first; steps can be changed when it can be read.",
            code="editing.unreadable",
        ) from error
    return Document(text, tree, scan(text))


def checked_expression(expression: str) -> str:
    """A formula as it can stand in a query, without the blanks around it.

    Raises:
        UsageError: it is no expression.
    """
    try:
        parse_expression(expression)
    except MSyntaxError as error:
        first = error.diagnostics[0]
        raise UsageError(
            f"The formula cannot be read: {first.message}",
            place=f"line {first.line}, column {first.column}",
            hint="Correct the formula.",
            code="editing.formula",
        ) from error
    written = expression.strip()
    lexemes = scan(written)
    ends_in_comment = lexemes.comments and lexemes.comments[-1][0] == len(lexemes.symbols) - 1
    # What follows the formula must not become part of a comment at its end.
    return written + "\n" if ends_in_comment else written
