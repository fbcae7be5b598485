"""What people type into the search box, read into a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from headwater.catalog.search.words import fold, words
from headwater.errors import UsageError

__all__ = [
    "DEFAULT_FIELDS",
    "FIELDS",
    "Every",
    "Everything",
    "Excluded",
    "Keywords",
    "Some",
    "Word",
    "leaves",
    "parse_keywords",
]

# Searched where no field is named, the most telling first.
DEFAULT_FIELDS = ("name", "term", "classification", "label", "tag", "column", "description", "qualified_name")

# What people call a field, and the fields of words it stands for.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "description": ("description",),
    "column": ("column",),
    "columns": ("column",),
    "classification": ("classification",),
    "label": ("label",),
    "sensitivity": ("label",),
    "term": ("term",),
    "owner": ("owner",),
    "expert": ("expert",),
    "contact": ("owner", "expert"),
    "type": ("type",),
    "entitytype": ("type",),
    "objecttype": ("type",),
    "assettype": ("type",),
    "source": ("source",),
    "collection": ("collection",),
    "qualifiedname": ("qualified_name",),
    "tag": ("tag",),
    "tags": ("tag",),
}
_MOST_CHARACTERS, _MOST_WORDS, _MOST_WILDCARDS, _DEEPEST = 2_000, 64, 6, 32

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<field>(?i:qualified[ ]name)|\w+):(?=\S)
    | (?P<open>\()
    | (?P<close>\))
    | "(?P<phrase>[^"]*)"?
    | (?P<operator>AND|OR|NOT)(?=[\s()"]|$)
    | (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Everything:
    """``*``, or nothing typed at all."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word, quoted phrase or pattern with ``*`` and ``?``, and where in the text it stands."""

    text: str
    kind: Literal["word", "phrase", "pattern"]
    fields: tuple[str, ...] = DEFAULT_FIELDS
    last: bool = False
    """Whether somebody may still be typing it, so that its beginnings are found too."""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Every:
    parts: tuple[Keywords, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Keywords, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    part: Keywords


Keywords = Everything | Word | Every | Some | Excluded


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def leaves(tree: Keywords) -> Iterator[Word]:
    """The words of a tree that are asked for, in order; not those that are excluded."""
    if isinstance(tree, Word):
        yield tree
    elif isinstance(tree, Every | Some):
        for part in tree.parts:
            yield from leaves(part)


def parse_keywords(text: str) -> Keywords:
    """Read what was typed.

    Raises:
        UsageError: it cannot be read: a parenthesis too many, an operator with nothing beside it, a leading ``*``.

    >>> tree = parse_keywords('sales AND (name:orders OR "open invoices") NOT draft')
    >>> [(word.text, word.kind) for word in leaves(tree)]
    [('sales', 'word'), ('orders', 'word'), ('open invoices', 'phrase')]
    """
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"The keywords have {len(text)} characters.", hint=f"Use {_MOST_CHARACTERS} at most.")
    tokens = list(_tokens(text))
    if sum(token.kind in ("word", "phrase") for token in tokens) > _MOST_WORDS:
        raise UsageError("There are too many keywords.", hint=f"Use {_MOST_WORDS} words at most.")
    if not tokens:
        return Everything()
    reader = _Reader(tokens, open_ended=not text.endswith((" ", '"', ")")))
    return reader.whole()


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        kind = match.lastgroup or ""
        start, end = match.start(kind), match.end(kind)
        position = match.end()
        if kind == "field" and _field(match[kind]) is None:
            # 's3://bucket' or '12:30' is text like any other.
            word = re.compile(r'[^\s()"]+').match(text, start)
            end = position = word.end() if word else position
            kind = "word"
        if kind == "phrase":
            start, end = start - 1, position
        yield _Token(kind, match["phrase"] if kind == "phrase" else text[start:end], start, end)


def _field(name: str) -> tuple[str, ...] | None:
    """The fields that a name stands for; None where it is none.

    Raises:
        UsageError: it is nearly one.
    """
    plain = re.sub("[ _]", "", name).lower()
    if plain in FIELDS:
        return FIELDS[plain]
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extractOne(plain, list(FIELDS), scorer=OSA.distance, score_cutoff=2) if len(plain) > 5 else None
    if near:
        raise UsageError(f"There is no field '{name}' to search in.", hint=f"Did you mean '{near[0]}:'?")
    return None


class _Reader:
    """Recursive descent: white space and OR bind least, then AND, then NOT."""

    def __init__(self, tokens: list[_Token], *, open_ended: bool) -> None:
        self._tokens = tokens
        self._open_ended = open_ended
        self._at = 0
        self._depth = 0

    def whole(self) -> Keywords:
        tree = self._some(DEFAULT_FIELDS)
        if self._at < len(self._tokens):
            raise UsageError(
                "The keywords have a ')' too many.", hint="Pair the parentheses, or put the text in quotes."
            )
        return tree

    def _peek(self, *texts: str) -> bool:
        """Whether the next token is an operator or parenthesis of those."""
        if self._at >= len(self._tokens):
            return False
        token = self._tokens[self._at]
        return token.kind in ("operator", "open", "close") and token.text in texts

    def _some(self, fields: tuple[str, ...]) -> Keywords:
        wanted: list[Keywords] = [self._every(fields)]
        unwanted: list[Keywords] = []
        while self._at < len(self._tokens) and not self._peek(")"):
            if self._peek("OR"):
                self._at += 1
                wanted.append(self._every(fields))
            elif self._peek("NOT"):
                # 'sales NOT draft' means sales without drafts, not everything that is no draft.
                unwanted.append(self._every(fields))
            else:
                wanted.append(self._every(fields))
        found: Keywords = wanted[0] if len(wanted) == 1 else Some(tuple(wanted))
        return Every((found, *unwanted)) if unwanted else found

    def _every(self, fields: tuple[str, ...]) -> Keywords:
        parts = [self._excluded(fields)]
        while self._peek("AND"):
            self._at += 1
            parts.append(self._excluded(fields))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _excluded(self, fields: tuple[str, ...]) -> Keywords:
        negated = False
        while self._peek("NOT"):
            self._at += 1
            negated = not negated
        part = self._one(fields)
        return Excluded(part) if negated else part

    def _one(self, fields: tuple[str, ...]) -> Keywords:
        if self._at >= len(self._tokens) or self._peek("AND", "OR", ")"):
            raise UsageError(
                "Something is missing in the keywords beside AND, OR, NOT or a parenthesis.",
                hint="Write a word there, or put the text in quotes to search for it as it is.",
            )
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "field":
            return self._one(_field(token.text) or fields)
        if token.kind == "open":
            return self._group(fields)
        return self._leaf(token, fields)

    def _group(self, fields: tuple[str, ...]) -> Keywords:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UsageError("The parentheses are nested too deeply.", hint=f"Use {_DEEPEST} levels at most.")
        tree = self._some(fields)
        if not self._peek(")"):
            raise UsageError("A '(' in the keywords is never closed.", hint="Close it, or put the text in quotes.")
        self._at += 1
        self._depth -= 1
        return tree

    def _leaf(self, token: _Token, fields: tuple[str, ...]) -> Keywords:
        if token.text == "*" and token.kind == "word":
            return Everything()
        last = self._open_ended and self._at == len(self._tokens)
        if token.kind == "phrase":
            return Word(token.text, "phrase", fields, False, token.start, token.end)
        if "*" not in token.text and "?" not in token.text:
            return Word(token.text, "word", fields, last, token.start, token.end)
        if token.text[0] in "*?":
            raise UsageError(
                f"'{token.text}' begins with a wildcard.",
                hint="Begin with a letter: 'sal*', 'c?st'. '*' finds everything.",
            )
        # Each wildcard multiplies what the library has to prepare.
        if len(token.text) > 100 or len(re.findall("[*?]", token.text)) > _MOST_WILDCARDS:
            raise UsageError(
                f"A pattern has 100 characters and {_MOST_WILDCARDS} wildcards at most.", hint="Use fewer of them."
            )
        if not words(fold(token.text)):
            raise UsageError("A pattern has a letter or digit beside its wildcards.", hint="Add one: 'sal*'.")
        return Word(token.text, "pattern", fields, False, token.start, token.end)
