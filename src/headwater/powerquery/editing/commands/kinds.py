"""Kinds of arguments of a command: how each is written as M, and read from it again.

An argument is what JSON can hold. What M writes and JSON has no value for is an object of one key that says what it
is: ``{"date": "2024-01-31"}``, ``{"column": "Price"}``, ``{"query": "Least"}``, ``{"expression": "1 + 1"}``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from headwater.errors import UsageError
from headwater.powerquery.editing.commands.moments import CONSTRUCTORS, read_moment, write_moment
from headwater.powerquery.editing.document import checked_expression
from headwater.powerquery.language import (
    parse_expression,
    quote_field_name,
    quote_identifier,
    quote_text,
    syntax,
)
from headwater.powerquery.language.lexer import HASH_KEYWORDS

__all__ = [
    "CELLS",
    "COLUMN",
    "COLUMNS",
    "EXPRESSION",
    "INTEGER",
    "LOGICAL",
    "NUMBER",
    "QUERY",
    "TEXT",
    "TEXTS",
    "TYPE",
    "VALUE",
    "VALUES",
    "Argument",
    "Choice",
    "Kind",
    "ListOf",
    "Source",
    "Unlike",
    "bare",
    "misfit",
    "same",
]

Argument: TypeAlias = Any
"""What JSON can hold; each kind checks what it is given."""


class Unlike(Exception):
    """A node that was not written by a kind. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Source:
    """A node with the text it was read from."""

    node: syntax.Node
    text: str

    @property
    def written(self) -> str:
        """The node as it was written."""
        return self.text[self.node.span.start : self.node.span.end]

    def at(self, node: syntax.Node) -> Source:
        """Another node of the same text."""
        return Source(node, self.text)


class Kind(Protocol):
    """A kind of argument."""

    @property
    def name(self) -> str:
        """What an editor shows a control for."""

    def write(self, value: Argument) -> str:
        """The argument as M; UsageError where it is none of this kind."""

    def read(self, source: Source) -> Argument:
        """The argument that was written as this node; Unlike where none was."""


def misfit(kind: str, hint: str = "") -> UsageError:
    """What is raised for an argument that is not of its kind. The argument is not shown: it may be somebody's data."""
    return UsageError(f"The argument is no {kind}.", hint=hint or f"Give a {kind}.", code="editing.argument")


def bare(node: syntax.Node) -> syntax.Node:
    """A node without parentheses around it."""
    while isinstance(node, syntax.Parenthesized):
        node = node.inner
    return node


def same(left: syntax.Node, right: syntax.Node) -> bool:
    """Whether two short expressions are the same but for parentheses."""
    left, right = bare(left), bare(right)
    if type(left) is not type(right):
        return False
    if isinstance(left, syntax.Literal):
        return left == right
    for name in left.__match_args__:
        if name != "span" and not _same_part(getattr(left, name), getattr(right, name)):
            return False
    return True


def _same_part(left: Any, right: Any) -> bool:
    if isinstance(left, syntax.Node):
        return isinstance(right, syntax.Node) and same(left, right)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(_same_part, left, right))
    return bool(left == right)


@dataclass(frozen=True, slots=True)
class _Text:
    name: str = "text"

    def write(self, value: Argument) -> str:
        if not isinstance(value, str):
            raise misfit(self.name)
        return quote_text(value)

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        if isinstance(node, syntax.Literal) and isinstance(node.value, str):
            return node.value
        raise Unlike


@dataclass(frozen=True, slots=True)
class _Number:
    name: str = "number"
    whole: bool = False

    def write(self, value: Argument) -> str:
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            raise misfit("whole number" if self.whole else "number")
        if not math.isfinite(value):
            raise misfit("number that M can write")
        return repr(value)

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        negative = isinstance(node, syntax.Unary) and node.operator == "-"
        node = bare(node.operand) if isinstance(node, syntax.Unary) and negative else node
        if not isinstance(node, syntax.Literal) or isinstance(node.value, bool | str | None):
            raise Unlike
        if self.whole and not isinstance(node.value, int):
            raise Unlike
        return -node.value if negative else node.value


@dataclass(frozen=True, slots=True)
class _Logical:
    name: str = "logical"

    def write(self, value: Argument) -> str:
        if not isinstance(value, bool):
            raise misfit("true or false")
        return "true" if value else "false"

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        if isinstance(node, syntax.Literal) and isinstance(node.value, bool):
            return node.value
        raise Unlike


@dataclass(frozen=True, slots=True)
class _Query:
    name: str = "query"

    def write(self, value: Argument) -> str:
        if not isinstance(value, str) or not value:
            raise misfit("name of a query or step")
        return quote_identifier(value)

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        if isinstance(node, syntax.Identifier) and not node.inclusive and node.name not in HASH_KEYWORDS:
            return node.name
        raise Unlike


@dataclass(frozen=True, slots=True)
class _Cell:
    """A column whose value in the row is meant: ``[Price]``."""

    name: str = "column"

    def write(self, value: Argument) -> str:
        if not isinstance(value, str):
            raise misfit(self.name)
        return f"[{quote_field_name(value)}]"

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        if isinstance(node, syntax.FieldAccess) and node.target is None and not node.optional:
            return node.name
        raise Unlike


@dataclass(frozen=True, slots=True)
class _Expression:
    name: str = "expression"

    def write(self, value: Argument) -> str:
        if not isinstance(value, str):
            raise misfit("formula")
        return checked_expression(value)

    def read(self, source: Source) -> Argument:
        return source.written


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, each standing for an M expression."""

    options: Mapping[str, str]
    name: str = "choice"

    def write(self, value: Argument) -> str:
        if not isinstance(value, str) or value not in self.options:
            raise misfit("choice that is known", f"Choose one of {', '.join(self.options)}.")
        return self.options[value]

    def read(self, source: Source) -> Argument:
        for word, written in self.options.items():
            if same(parse_expression(written), source.node):
                return word
        raise Unlike


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of arguments of one kind."""

    of: Kind
    name: str = "list"
    least: int = 1

    def write(self, value: Argument) -> str:
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < self.least:
            raise misfit(f"list of at least {self.least} of kind {self.of.name}")
        return "{" + ", ".join(self.of.write(each) for each in value) + "}"

    def read(self, source: Source) -> Argument:
        node = bare(source.node)
        if not isinstance(node, syntax.List) or len(node.items) < self.least:
            raise Unlike
        return [self.of.read(source.at(item)) for item in node.items]


@dataclass(frozen=True, slots=True)
class _Value:
    """A value, a column's value, a parameter or a formula, as the boxes of a dialog take them."""

    name: str = "value"

    def write(self, value: Argument) -> str:
        match value:
            case None:
                return "null"
            case bool():
                return LOGICAL.write(value)
            case int() | float():
                return NUMBER.write(value)
            case str():
                return quote_text(value)
            case {**tagged} if len(tagged) == 1:
                ((tag, inner),) = tagged.items()
                return self._tagged(str(tag), inner)
        raise misfit(self.name)

    def _tagged(self, tag: str, inner: Argument) -> str:
        if tag == "column" and isinstance(inner, str):
            return f"[{quote_field_name(inner)}]"
        if tag == "query":
            return QUERY.write(inner)
        if tag == "expression":
            return f"({EXPRESSION.write(inner)})"
        if tag == "record" and isinstance(inner, Mapping):
            fields = ", ".join(f"{quote_field_name(name)} = {self.write(each)}" for name, each in inner.items())
            return f"[{fields}]"
        written = write_moment(tag, inner) if isinstance(inner, str) else ""
        if not written:
            raise misfit(f"{tag} as ISO 8601 writes it" if f"#{tag}" in CONSTRUCTORS else self.name)
        return written

    def read(self, source: Source) -> Argument:
        node = source.node
        match node:
            case syntax.Literal(value=value):
                return value
            case syntax.Unary(operator="-"):
                return NUMBER.read(source)
            case syntax.FieldAccess(target=None, name=name, optional=False):
                return {"column": name}
            case syntax.Identifier() if node.name not in HASH_KEYWORDS:
                return {"query": QUERY.read(source)}
            case syntax.Record(fields=fields):
                return {"record": {each.name: self.read(source.at(each.value)) for each in fields}}
            case syntax.Invocation(function=syntax.Identifier(name=name)) if name in CONSTRUCTORS:
                return self._literal(node, CONSTRUCTORS[name])
            case syntax.Parenthesized(inner=inner):
                return {"expression": source.at(inner).written}
        raise Unlike

    def _literal(self, node: syntax.Invocation, kind: str) -> Argument:
        try:
            numbers = [NUMBER.read(Source(each, "")) for each in node.arguments]
            text = read_moment(kind, numbers)
        except (TypeError, ValueError) as error:
            raise Unlike from error
        return {kind: text}


TEXT = _Text()
COLUMN = _Text("column")
NUMBER = _Number()
INTEGER = _Number("whole number", whole=True)
LOGICAL = _Logical()
QUERY = _Query()
EXPRESSION = _Expression()
VALUE = _Value()
COLUMNS = ListOf(COLUMN, "columns")
CELLS = ListOf(_Cell(), "columns")
TEXTS = ListOf(TEXT, "texts")
VALUES = ListOf(VALUE, "values")
TYPE = Choice(
    {
        "any": "type any",
        "text": "type text",
        "number": "type number",
        "whole": "Int64.Type",
        "currency": "Currency.Type",
        "percentage": "Percentage.Type",
        "logical": "type logical",
        "date": "type date",
        "time": "type time",
        "datetime": "type datetime",
        "datetimezone": "type datetimezone",
        "duration": "type duration",
        "binary": "type binary",
        "record": "type record",
        "list": "type list",
        "table": "type table",
        "function": "type function",
    },
    "type",
)
