"""Atlas's query language, the part of it that one kind of entity is asked for with.

::

    query      = ["from"] type ["as" name] [["where" | ","] condition] clause*
    condition  = every ("or" every)*
    every      = one ("and" one)*
    one        = "not" one | "(" condition ")" | [name] ("isa" | "is" "a") name | [name] "has" name
               | attribute operator value | attribute "in" "[" value ("," value)* "]"
    clause     = "select" item ("," item)* | "orderby" attribute ["asc" | "desc"] | "limit" number | "offset" number
    item       = (attribute | "count" "(" ")") ["as" name]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from headwater.catalog.discovery.conditions import All, AnyOf, Compare, Condition, IsA, Not, normal_operator
from headwater.errors import UsageError

__all__ = ["COUNT", "DslQuery", "read_query"]

COUNT: Final = "count()"
_LONGEST, _DEEPEST = 20_000, 64
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<quoted>`[^`]+`)
      | (?P<name>[A-Za-z_][\w.$-]*)
      | (?P<sign><=|>=|!=|<>|[=<>(),\[\]*])
    )""",
    re.VERBOSE,
)
_WORDS: Final = frozenset(
    {"from", "where", "select", "orderby", "order", "by", "limit", "offset", "groupby", "as", "and", "or", "not",
     "isa", "is", "has", "in", "like", "asc", "desc"}
)  # fmt: skip
_UNSUPPORTED: Final = frozenset({"groupby", "min", "max", "sum"})


@dataclass(slots=True)
class DslQuery:
    """A query: entities of ``source`` that meet a condition. ``select``: attributes with what they are called."""

    source: str
    condition: Condition | None = None
    select: list[tuple[str, str]] = field(default_factory=list)
    order_by: str = ""
    descending: bool = False
    limit: int | None = None
    offset: int | None = None


def read_query(text: str) -> DslQuery:
    """A query of Atlas's language.

    Raises:
        UsageError: it is none, or asks for what is not supported (``catalog.dsl``); the place says where.

    >>> query = read_query("from hive_table where name like 'sales*' orderby name desc limit 5")
    >>> query.source, query.condition, query.descending, query.limit
    ('hive_table', Compare(attribute='name', operator='like', value='sales*'), True, 5)
    """
    return _Reader(text).query()


class _Reader:
    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise _wrong("The query is too long.", 0)
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._aliases: set[str] = set()

    def query(self) -> DslQuery:
        self._word("from")
        found = DslQuery(self._name("a type"))
        self._aliases.add(found.source)
        if self._word("as"):
            self._aliases.add(self._name("a name"))
        # Atlas lets the word be left out, and takes a comma for it.
        if self._word("where") or self._sign(",") or not (self._ended() or self._clause_begins()):
            found.condition = self._condition()
        while not self._ended():
            self._clause(found)
        return found

    def _clause_begins(self) -> bool:
        return self._peek() in {"select", "orderby", "order", "limit", "offset", "groupby"}

    def _clause(self, found: DslQuery) -> None:
        if self._word("select"):
            found.select.append(self._item())
            while self._sign(","):
                found.select.append(self._item())
        elif self._word("orderby") or (self._word("order") and self._word("by")):
            found.order_by = self._attribute()
            found.descending = self._word("desc")
            if not found.descending:
                self._word("asc")
        elif self._word("limit"):
            found.limit = self._whole()
        elif self._word("offset"):
            found.offset = self._whole()
        else:
            raise self._unexpected("select, orderby, limit or offset")

    def _item(self) -> tuple[str, str]:
        name = self._name("an attribute")
        if self._sign("("):
            if name.lower() != "count" or not self._sign(")"):
                raise self._unexpected("count()")
            name = COUNT
        else:
            name = self._without_alias(name)
        return name, self._name("a name") if self._word("as") else name

    # -- conditions --

    def _condition(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._unexpected("fewer brackets")
        parts = [self._every()]
        while self._word("or"):
            parts.append(self._every())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._one()]
        while self._word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Condition:
        negated = False
        while self._word("not"):
            negated = not negated
        found = self._positive()
        return Not(found) if negated else found

    def _positive(self) -> Condition:
        if self._sign("("):
            found = self._condition()
            if not self._sign(")"):
                raise self._unexpected("a closing bracket")
            return found
        if self._peek() in {"isa", "is", "has"}:
            return self._of()
        name = self._name("an attribute")
        if name in self._aliases and self._peek() in {"isa", "is", "has"}:
            return self._of()
        return self._comparison(self._without_alias(name))

    def _of(self) -> Condition:
        """What follows ``isa`` or ``has``."""
        if self._word("has"):
            return Compare(self._attribute(), "notnull")
        if not self._word("isa"):
            self._word("is")
            if self._peek() != "a":
                raise self._unexpected("'isa'")
            self._at += 1
        return IsA(self._name("a type or classification"))

    def _comparison(self, attribute: str) -> Condition:
        if self._word("in"):
            return Compare(attribute, "in", self._values())
        if self._word("like"):
            return Compare(attribute, "like", self._value())
        kind, sign, _ = self._tokens[self._at] if not self._ended() else ("", "", 0)
        if kind != "sign" or sign not in {"=", "!=", "<>", "<", "<=", ">", ">="}:
            raise self._unexpected("an operator")
        self._at += 1
        return Compare(attribute, normal_operator(sign), self._value())

    def _values(self) -> list[Any]:
        closing = "]" if self._sign("[") else ")" if self._sign("(") else ""
        if not closing:
            raise self._unexpected("a list in square brackets")
        found = [self._value()]
        while self._sign(","):
            found.append(self._value())
        if not self._sign(closing):
            raise self._unexpected(f"'{closing}'")
        return found

    def _value(self) -> Any:
        kind, text, _ = self._take("a value")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if kind == "name" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        self._at -= 1
        raise self._unexpected("a value")

    def _attribute(self) -> str:
        return self._without_alias(self._name("an attribute"))

    def _without_alias(self, name: str) -> str:
        before, dot, after = name.partition(".")
        if not dot or self._tokens[self._at - 1][0] == "quoted":
            return name
        if before in self._aliases:
            return after
        self._at -= 1
        raise self._unexpected(
            "an attribute of the entities that are asked for (in backquotes where its name has a dot)"
        )

    # -- tokens --

    def _whole(self) -> int:
        kind, text, _ = self._take("a number")
        if kind != "number" or not text.isdecimal() or len(text) > 9:
            self._at -= 1
            raise self._unexpected("a whole number")
        return int(text)

    def _name(self, what: str) -> str:
        kind, text, _ = self._take(what)
        if kind == "quoted":
            return text[1:-1]
        if kind != "name" or text.lower() in _WORDS or text.lower() in _UNSUPPORTED:
            self._at -= 1
            raise self._unexpected(what)
        return text

    def _ended(self) -> bool:
        return self._at == len(self._tokens)

    def _peek(self) -> str:
        return "" if self._ended() or self._tokens[self._at][0] != "name" else self._tokens[self._at][1].lower()

    def _word(self, word: str) -> bool:
        found = self._peek() == word
        self._at += found
        return found

    def _sign(self, sign: str) -> bool:
        found = not self._ended() and self._tokens[self._at][:2] == ("sign", sign)
        self._at += found
        return found

    def _take(self, what: str) -> tuple[str, str, int]:
        if self._ended():
            raise self._unexpected(what)
        self._at += 1
        return self._tokens[self._at - 1]

    def _unexpected(self, what: str) -> UsageError:
        if self._ended():
            return _wrong(f"The query ends where {what} belongs.", self._tokens[-1][2] if self._tokens else 0)
        _, text, at = self._tokens[self._at]
        if text.lower() in _UNSUPPORTED:
            return _wrong(f"'{text}' is not supported in queries here.", at)
        return _wrong(f"'{text[:80]}' stands where {what} belongs.", at)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _wrong("The query cannot be read.", at)
        yield found.lastgroup, found.group(found.lastgroup), found.start(found.lastgroup)
        at = found.end()


def _wrong(message: str, at: int) -> UsageError:
    return UsageError(
        message,
        code="catalog.dsl",
        place=f"character {at}",
        hint="Write: Type where attribute = 'value' and … select … orderby … limit …",
    )
