"""The expressions of $filter and $orderby, read into a tree; nothing here knows of columns or types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

from headwater.errors import UsageError

__all__ = [
    "Binary",
    "Chain",
    "Constant",
    "Function",
    "Member",
    "Path",
    "Tree",
    "Unary",
    "parse_expression",
    "parse_keys",
    "parse_order",
]

_Item = TypeVar("_Item")

ConstantKind = Literal["null", "boolean", "number", "text", "date", "time", "moment", "duration", "binary"]


@dataclass(frozen=True, slots=True)
class Constant:
    """``text`` is what was written, without quotes and prefix; ``at`` is where, from 0."""

    kind: ConstantKind
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """A property, or one of a complex one."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: Literal["not", "-"]
    operand: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison or arithmetic."""

    operator: str
    left: Tree
    right: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Chain:
    """``and`` or ``or`` of two or more."""

    operator: Literal["and", "or"]
    operands: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Member:
    """``in``."""

    value: Tree
    listed: tuple[Tree, ...]
    at: int


Tree: TypeAlias = Constant | Path | Function | Unary | Binary | Chain | Member

MOST_DEPTH: Final = 50
"""How deep expressions may lie in each other; what runs them is recursive too."""

MOST_PARTS: Final = 2_000
"""How many words and signs an expression may have."""

_TOKENS: Final = re.compile(
    r"""
    (?P<blank>\s+)
    |(?P<typed>(?:duration|binary|datetimeoffset|guid)'[^']*')
    |(?P<text>'(?:[^']|'')*')
    |(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d))
    |(?P<date>\d{4}-\d\d-\d\d(?!\d))
    |(?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<name>[^\W\d][\w]*(?:\.[^\W\d]\w*)*)
    |(?P<sign>[(),/=:\-])
    """,
    re.VERBOSE,
)

_WORDS: Final[Mapping[str, ConstantKind]] = {
    "null": "null",
    "true": "boolean",
    "false": "boolean",
    "NaN": "number",
    "INF": "number",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_expression(text: str, option: str) -> Tree:
    """The tree of an expression.

    Args:
        text: what was written.
        option: where, for errors: ``$filter``.

    Raises:
        UsageError: it cannot be read (``odata.syntax``).
    """
    parser = _Parser(text, option)
    tree = parser.expression()
    parser.end()
    return tree


def parse_order(text: str) -> tuple[tuple[Tree, bool], ...]:
    """The terms of $orderby, each with whether it is descending.

    Raises:
        UsageError: it cannot be read (``odata.syntax``).
    """
    parser = _Parser(text, "$orderby")
    terms = parser.separated(parser.ordered)
    parser.end()
    return terms


def parse_keys(text: str) -> tuple[tuple[str, Constant], ...]:
    """What stands in brackets after a set's or a function's name: values by name; one without a name has "".

    Raises:
        UsageError: it cannot be read (``odata.syntax``).
    """
    parser = _Parser(text, "the key")
    pairs = parser.separated(parser.named) if text.strip() else ()
    parser.end()
    return pairs


class _Parser:
    """Reads by precedence: or, and, equality, relation, sum, product, not and minus."""

    def __init__(self, text: str, option: str) -> None:
        self._option = option
        self._tokens = self._read(text)
        self._next = 0
        self._depth = 0

    # -- words and signs -------------------------------------------------------------------------------------------

    def _read(self, text: str) -> list[_Token]:
        tokens, at = [], 0
        while at < len(text):
            found = _TOKENS.match(text, at)
            if found is None or found.lastgroup is None:
                raise self._error("This cannot be read", at)
            if found.lastgroup != "blank":
                tokens.append(_Token(found.lastgroup, found.group(), at))
            at = found.end()
        if len(tokens) > MOST_PARTS:
            raise self._error(f"An expression has {MOST_PARTS:,} words and signs at most; this one has more", 0)
        return [*tokens, _Token("end", "", len(text))]

    @property
    def _current(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._current
        self._next += 1
        return token

    def _word(self, *words: str) -> _Token | None:
        """The next token, taken, if it is one of these words."""
        found = self._current.kind == "name" and self._current.text in words
        return self._take() if found else None

    def _sign(self, sign: str) -> bool:
        if self._current.kind == "sign" and self._current.text == sign:
            self._next += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._error(f"Here should be '{sign}'", self._current.at)

    def end(self) -> None:
        """Nothing may follow."""
        if self._current.kind != "end":
            raise self._error("Here should be nothing more", self._current.at)

    def _error(self, message: str, at: int) -> UsageError:
        return UsageError(
            f"{message}.",
            place=f"{self._option}, character {at + 1}",
            hint="Write it as OData does, like: amount gt 10 and contains(name,'x').",
            code="odata.syntax",
        )

    # -- expressions -----------------------------------------------------------------------------------------------

    def expression(self) -> Tree:
        """Any expression."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._error(f"Expressions lie in each other {MOST_DEPTH} deep at most", self._current.at)
        tree = self._chain("or", lambda: self._chain("and", self._equality))
        self._depth -= 1
        return tree

    def separated(self, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        """One or more, with commas between."""
        items = [item()]
        while self._sign(","):
            items.append(item())
        return tuple(items)

    def ordered(self) -> tuple[Tree, bool]:
        """An expression, then perhaps a direction."""
        tree = self.expression()
        direction = self._word("asc", "desc")
        return tree, direction is not None and direction.text == "desc"

    def named(self) -> tuple[str, Constant]:
        """A constant, perhaps after its name."""
        name = ""
        if self._current.kind == "name" and self._tokens[self._next + 1].text == "=":
            name = self._take().text
            self._need("=")
        at = self._current.at
        value = self._unary()
        if not isinstance(value, Constant):
            raise self._error("Here should be a constant", at)
        return name, value

    def _chain(self, word: Literal["and", "or"], operand: Callable[[], Tree]) -> Tree:
        operands = [operand()]
        at = self._current.at
        while self._word(word):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else Chain(word, tuple(operands), at)

    def _equality(self) -> Tree:
        return self._operators(self._relation, "eq", "ne")

    def _relation(self) -> Tree:
        tree = self._operators(self._sum, "lt", "le", "gt", "ge")
        found = self._word("in", "has")
        if found is None:
            return tree
        if found.text == "has":
            raise self._error("There are no enumerations here, so 'has' asks for nothing", found.at)
        return Member(tree, self._listed(), found.at)

    def _listed(self) -> tuple[Tree, ...]:
        self._need("(")
        items: tuple[Tree, ...] = self.separated(self._sum)
        self._need(")")
        return items

    def _sum(self) -> Tree:
        return self._operators(self._product, "add", "sub")

    def _product(self) -> Tree:
        return self._operators(self._unary, "mul", "div", "divby", "mod")

    def _operators(self, operand: Callable[[], Tree], *words: str) -> Tree:
        tree = operand()
        count = 0
        while (found := self._word(*words)) is not None:
            count += 1
            if count > MOST_DEPTH:
                raise self._error(f"No more than {MOST_DEPTH} operators may follow each other", found.at)
            tree = Binary(found.text, tree, operand(), found.at)
        return tree

    def _unary(self) -> Tree:
        at = self._current.at
        if self._word("not"):
            return Unary("not", self._nested(), at)
        if self._sign("-"):
            operand = self._nested()
            if isinstance(operand, Constant) and operand.kind == "number" and operand.text != "NaN":
                return Constant("number", f"-{operand.text}", at)
            return Unary("-", operand, at)
        return self._primary()

    def _nested(self) -> Tree:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._error(f"Expressions lie in each other {MOST_DEPTH} deep at most", self._current.at)
        operand = self._unary()
        self._depth -= 1
        return operand

    def _primary(self) -> Tree:
        if self._sign("("):
            tree = self.expression()
            self._need(")")
            return tree
        token = self._take()
        match token.kind:
            case "number" | "date" | "time" | "moment":
                return Constant(token.kind, token.text, token.at)
            case "text":
                return Constant("text", token.text[1:-1].replace("''", "'"), token.at)
            case "typed":
                return self._typed(token)
            case "name":
                return self._named(token)
            case _:
                raise self._error("Here should be a property, a function or a constant", token.at)

    def _typed(self, token: _Token) -> Constant:
        kind, _, text = token.text[:-1].partition("'")
        if kind == "duration":
            return Constant("duration", text, token.at)
        if kind == "binary":
            return Constant("binary", text, token.at)
        raise self._error(f"{kind}'…' is no constant of OData 4, or of no type that there is", token.at)

    def _named(self, token: _Token) -> Tree:
        if self._sign("("):
            arguments: tuple[Tree, ...] = ()
            if not self._sign(")"):
                arguments = self.separated(self.expression)
                self._need(")")
            return Function(token.text, arguments, token.at)
        kind = _WORDS.get(token.text)
        if kind is not None:
            return Constant(kind, token.text, token.at)
        names = [token.text]
        while self._sign("/"):
            following = self._take()
            if following.kind != "name":
                raise self._error("Here should be a property", following.at)
            if self._current.text == "(":
                raise self._error(f"'{following.text}' of a collection is not offered", following.at)
            names.append(following.text)
        return Path(tuple(names), token.at)
