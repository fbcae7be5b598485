"""Where the parser stands in the tokens, what it has found wrong, and how it gets going again after an error."""

from __future__ import annotations

from typing import NoReturn

from headwater.powerquery.language.lexer import (
    END,
    GENERALIZED_NAME,
    HASH_KEYWORDS,
    IDENTIFIER,
    KEYWORDS,
    NUMBER,
    QUOTED,
    TEXT,
    VERBATIM,
    LineIndex,
    Problem,
    scan,
    text_value,
)
from headwater.powerquery.language.syntax import Span

__all__ = ["Cursor", "Unreadable"]

_NAMES = frozenset((IDENTIFIER, QUOTED))
_FIELD_NAME_WORDS = frozenset((IDENTIFIER, NUMBER)) | (KEYWORDS - HASH_KEYWORDS)
_OPENERS = frozenset("([{")
_CLOSERS = frozenset(")]}")
# What somebody further out may be waiting for; the end of the text and of a section's member stop everything.
_STOPS = _CLOSERS | {",", "in"}
_DESCRIPTIONS = {
    END: "the end of the text",
    NUMBER: "a number",
    TEXT: "a text",
    VERBATIM: "a verbatim literal",
}


class Unreadable(Exception):
    """Leads from a problem, noted already, to the next construct around it that can go on. Never leaves the parser."""


class Cursor:
    """The parser's place in the tokens of one text."""

    def __init__(self, text: str) -> None:
        lexemes = scan(text)
        self.text = text
        self.symbols = lexemes.symbols
        self.starts = lexemes.starts
        self.ends = lexemes.ends
        self.at = 0
        self.problems: list[Problem] = lexemes.problems
        # How many constructs around the current token can go on at each of these.
        self.awaited = dict.fromkeys(_STOPS, 0)
        self._noted = {problem.start for problem in self.problems}
        self._lines: LineIndex | None = None

    def word(self) -> str:
        """The current token as written."""
        return self.text[self.starts[self.at] : self.ends[self.at]]

    def span_from(self, start: int) -> Span:
        """From an offset to the end of the token read last."""
        return Span(start, max(start, self.ends[self.at - 1]))

    def note(self, message: str, start: int, end: int) -> None:
        """Takes a finding down, unless there is one at this place already."""
        if start not in self._noted:
            self._noted.add(start)
            self.problems.append(Problem(message, start, end))

    def fail(self, expected: str) -> NoReturn:
        """Notes that something else was expected here, and gives up the current construct."""
        self.note(f"Expected {expected}, found {self.description()}.", self.starts[self.at], self.ends[self.at])
        raise Unreadable

    def description(self) -> str:
        """The current token for a message. Literals are not shown: they may be somebody's data."""
        symbol = self.symbols[self.at]
        return _DESCRIPTIONS.get(symbol) or f"'{self.word()}'"

    def expect(self, symbol: str) -> None:
        """Passes a token, which must be there."""
        if self.symbols[self.at] != symbol:
            self.fail(f"'{symbol}'")
        self.at += 1

    def take(self, symbol: str) -> bool:
        """Passes a token if it is there."""
        if self.symbols[self.at] != symbol:
            return False
        self.at += 1
        return True

    def at_contextual(self, word: str) -> bool:
        """Whether an identifier that is a keyword in some places stands here."""
        return self.symbols[self.at] == IDENTIFIER and self.word() == word

    def at_name(self, ahead: int = 0) -> bool:
        """Whether a regular or quoted identifier stands here, or so many tokens further."""
        return self.symbols[min(self.at + ahead, len(self.symbols) - 1)] in _NAMES

    def name(self, expected: str = "a name") -> str:
        """Passes a regular or quoted identifier and gives its name."""
        symbol = self.symbols[self.at]
        if symbol not in _NAMES:
            self.fail(expected)
        word = self.word()
        self.at += 1
        return word if symbol == IDENTIFIER else text_value(word)

    def field_name(self) -> str:
        """Passes a field's name: quoted, or several words, keywords included, with nothing but blanks between them."""
        if self.symbols[self.at] == QUOTED:
            return self.name()
        first = last = self.at
        while self.symbols[last] in _FIELD_NAME_WORDS and (last == first or self._blank_before(last)):
            last += 1
        name = self.text[self.starts[first] : self.ends[last - 1]] if last > first else ""
        if not GENERALIZED_NAME.fullmatch(name):
            self.fail("a field name")
        self.at = last
        return name

    def note_duplicate(self, name: str, first: dict[str, int], start: int, what: str) -> None:
        """Notes a name, just passed, if ``first``, the names of this construct with their places, has it already."""
        if name not in first:
            first[name] = start
            return
        self._lines = self._lines or LineIndex(self.text)
        line, column = self._lines.position(first[name])
        message = f"{what} '{name}' is defined twice; it is there already at line {line}, column {column}."
        self.note(message, start, self.ends[self.at - 1])

    def skip(self) -> str:
        """After an error, moves to the next token where some construct can go on, and gives its symbol.

        Bracketed parts and whole lets on the way are passed over; so is a closing bracket that nobody opened.
        """
        depth = lets = 0
        while True:
            symbol = self.symbols[self.at]
            if symbol in (END, ";"):
                return symbol
            if symbol in _STOPS and not depth and (not lets or symbol in _CLOSERS) and self.awaited[symbol]:
                return symbol
            if symbol in _OPENERS:
                depth += 1
            elif symbol in _CLOSERS:
                depth = max(0, depth - 1)
            elif symbol == "let":
                lets += 1
            elif symbol == "in":
                lets = max(0, lets - 1)
            self.at += 1

    def _blank_before(self, index: int) -> bool:
        """Whether nothing, or nothing but blanks, stands between a token and the one before it."""
        gap = self.text[self.ends[index - 1] : self.starts[index]]
        return not gap.strip(" ")
