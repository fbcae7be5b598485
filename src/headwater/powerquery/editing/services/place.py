"""A place in a text that may not parse yet: what is being written there, and which names are in sight.

What stands before the place is taken for itself: the constructs that are open there are closed behind it, which makes
a text that parses whenever what has been written so far makes sense.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache

from headwater.errors import UsageError
from headwater.powerquery.editing.document import Binder, Document, Scope, read
from headwater.powerquery.language import syntax
from headwater.powerquery.language.lexer import END, IDENTIFIER, KEYWORDS, QUOTED, TEXT, Lexemes, scan
from headwater.powerquery.language.syntax import Span

__all__ = ["Call", "Place", "place_at"]

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_DOTTED = re.compile(r"(?:[^\W\d]\w*\.)+\Z")
# What closes each construct that is open, when an expression has just been written in it.
_ENDINGS = {"let": " in null", "if": " then null else null", "then": " else null"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call around a place: what is called, in which argument the place is, and the text of the first one."""

    function: str
    argument: int
    first: str
    start: int


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a place.

    Attributes:
        word: the token that ends there or around it; empty where a new one begins.
        symbol: the kind of that token.
        before: the symbol of the token before it.
        calls: the calls around it, the innermost first.
        scope: the names in sight, where the text tells.
        in_field: whether a field's name belongs there.
        quiet: whether it is in a comment.
    """

    word: Span
    symbol: str
    before: str
    calls: tuple[Call, ...]
    scope: Scope | None
    in_field: bool
    quiet: bool


def place_at(text: str, offset: int) -> Place:
    """What is known of a place in a text."""
    lexemes = scan_text(text)
    token = _touching(lexemes, offset)
    word = Span(lexemes.starts[token], lexemes.ends[token]) if token is not None else _unfinished(text, offset)
    before = bisect_left(lexemes.starts, word.start) - 1
    quiet = any(start < offset <= end for _, start, end in lexemes.comments)
    opened = _opened(lexemes, before + 1)
    calls = _calls(lexemes, opened, before + 1)
    return Place(
        word,
        lexemes.symbols[token] if token is not None else "",
        lexemes.symbols[before] if before >= 0 else "",
        calls,
        _scope(text, word.start, opened),
        bool(opened) and opened[-1][0] == "[" and lexemes.symbols[before] in ("[", ","),
        quiet,
    )


@lru_cache(maxsize=16)
def scan_text(text: str) -> Lexemes:
    """The tokens of a text; remembered."""
    return scan(text)


def _touching(lexemes: Lexemes, offset: int) -> int | None:
    """The word or text that an offset lies in or at the end of."""
    at = bisect_right(lexemes.starts, offset) - 1
    for token in (at, at - 1):
        if token >= 0 and lexemes.symbols[token] != END and lexemes.starts[token] < offset <= lexemes.ends[token]:
            worded = lexemes.symbols[token] in (IDENTIFIER, QUOTED, TEXT) or lexemes.symbols[token] in KEYWORDS
            return token if worded else None
    return None


def _unfinished(text: str, offset: int) -> Span:
    """A name that ends in a dot, which is no token yet; else nothing."""
    found = _DOTTED.search(text, 0, offset)
    return Span(found.start(), offset) if found else Span(offset, offset)


def _opened(lexemes: Lexemes, end: int) -> list[tuple[str, int]]:
    """The constructs that are open before a token, the outermost first, each with the token that opened it."""
    found: list[tuple[str, int]] = []
    for at in range(end):
        symbol = lexemes.symbols[at]
        if symbol in _CLOSERS or symbol in ("let", "if"):
            found.append((symbol, at))
        elif symbol in _CLOSERS.values():
            while found and _CLOSERS.get(found[-1][0]) != symbol:
                found.pop()
            if found:
                found.pop()
        elif symbol in ("in", "then", "else"):
            wanted = {"in": "let", "then": "if", "else": "then"}[symbol]
            while found and found[-1][0] in ("if", "then", "let") and found[-1][0] != wanted:
                found.pop()
            if found and found[-1][0] == wanted:
                found.pop()
            if symbol == "then":
                found.append((symbol, at))
    return found


def _calls(lexemes: Lexemes, opened: list[tuple[str, int]], end: int) -> tuple[Call, ...]:
    found: list[Call] = []
    for symbol, at in reversed(opened):
        if symbol == "(" and at > 0 and lexemes.symbols[at - 1] in (IDENTIFIER, QUOTED):
            name = lexemes.text[lexemes.starts[at - 1] : lexemes.ends[at - 1]]
            commas = _commas(lexemes, at + 1, end)
            stop = commas[0] if commas else end
            first = lexemes.text[lexemes.starts[at + 1] : lexemes.ends[stop - 1]] if stop > at + 1 else ""
            found.append(Call(_name(name), len(commas), _name(first), lexemes.starts[at]))
    return tuple(found)


def _commas(lexemes: Lexemes, start: int, end: int) -> list[int]:
    depth, found = 0, []
    for at in range(start, end):
        symbol = lexemes.symbols[at]
        depth += (symbol in _CLOSERS or symbol == "let") - (symbol in _CLOSERS.values() or symbol == "in")
        if symbol == "," and depth == 0:
            found.append(at)
    return found


def _name(word: str) -> str:
    """A name without its quotes."""
    return word[2:-1].replace('""', '"') if word.startswith('#"') and word.endswith('"') else word


def _scope(text: str, offset: int, opened: list[tuple[str, int]]) -> Scope | None:
    """The names in sight, told from what stands before a place and from the steps behind it."""
    closing = "".join(_CLOSERS.get(symbol) or _ENDINGS[symbol] for symbol, _ in reversed(opened))
    for written in ("null", "null = null", "x", ""):
        try:
            document = read(text[:offset] + written + closing)
        except UsageError:
            continue
        return _innermost(document, offset)
    return None


def _innermost(document: Document, offset: int) -> Scope | None:
    """The scope of the innermost node that holds an offset."""
    found: Scope | None = None
    for node, scope in document.scoped:
        span: Span = node.span
        if span.start <= offset <= span.end and not isinstance(node, syntax.Binding):
            found = scope
    return found


def later_steps(text: str, scope: Scope | None) -> list[Binder]:
    """The steps of the whole text, if it parses, that a scope read from its beginning does not have."""
    try:
        document = read(text)
    except UsageError:
        return []
    if not isinstance(document.tree, syntax.Let):
        return []
    known = {binder.name for binder in scope.names()} if scope else set()
    return [b for name, b in document.scoped[-1][1].binders.items() if name not in known and b.value is not None]
