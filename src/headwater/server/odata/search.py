"""$search: words and phrases that a row's texts have to hold, whatever the case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from headwater.errors import UsageError
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.nodes import Column
from headwater.plan.types import LOGICAL, TEXT, Kind

__all__ = ["search_condition"]

_TOKEN: Final = re.compile(r'\s*(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<sign>[()])|(?P<word>[^\s()"]+))')
MOST_PARTS: Final = 100


def search_condition(text: str, columns: Sequence[Column]) -> Expr:
    """The condition that a row has what is searched for in any of its texts.

    Words side by side are all searched for, as with ``AND``; ``OR`` and ``NOT`` are written in capitals, and a phrase
    stands in quotes.

    Raises:
        UsageError: it cannot be read (``odata.search``).
    """
    parser = _Parser(text, [column for column in columns if column.type.kind is Kind.TEXT])
    return parser.all()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


_OPERATORS: Final = frozenset(_Token("word", word) for word in ("AND", "OR", "NOT"))


class _Parser:
    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._tokens = self._read(text)
        self._next = 0

    def all(self) -> Expr:
        """The whole condition."""
        found = self._either()
        if self._current is not None:
            raise _unreadable()
        return found

    @staticmethod
    def _read(text: str) -> list[_Token]:
        tokens: list[_Token] = []
        at, text = 0, text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None or len(tokens) >= MOST_PARTS:
                raise _unreadable()
            written = found[found.lastgroup]
            tokens.append(_Token(found.lastgroup, re.sub(r"\\(.)", r"\1", written) if found["phrase"] else written))
            at = found.end()
        return tokens

    @property
    def _current(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _takes(self, kind: str, text: str) -> bool:
        if self._current == _Token(kind, text):
            self._next += 1
            return True
        return False

    def _either(self) -> Expr:
        found = self._each()
        while self._takes("word", "OR"):
            found = call("or", found, self._each())
        return found

    def _each(self) -> Expr:
        found = self._one()
        while self._takes("word", "AND") or not self._at_end():
            found = call("and", found, self._one())
        return found

    def _at_end(self) -> bool:
        return self._current in (None, _Token("sign", ")"), _Token("word", "OR"))

    def _one(self) -> Expr:
        if self._takes("word", "NOT"):
            return call("not", self._one())
        if self._takes("sign", "("):
            found = self._either()
            if not self._takes("sign", ")"):
                raise _unreadable()
            return found
        token = self._current
        if token is None or token.kind == "sign" or token in _OPERATORS:
            raise _unreadable()
        self._next += 1
        return self._held(token.text)

    def _held(self, wanted: str) -> Expr:
        """Whether any text holds it: true or false, never null."""
        what = call("Text.Lower", Literal(wanted, TEXT))
        found = [
            call("??", call("Text.Contains", call("Text.Lower", column.ref), what), Literal(False, LOGICAL))
            for column in self._columns
        ]
        return reduce(lambda one, other: call("or", one, other), found) if found else Literal(False, LOGICAL)


def _unreadable() -> UsageError:
    return UsageError(
        f"The search cannot be read, or has more than {MOST_PARTS} words.",
        place="$search",
        hint='Write words and "phrases" with AND, OR and NOT between, and brackets in pairs.',
        code="odata.search",
    )
