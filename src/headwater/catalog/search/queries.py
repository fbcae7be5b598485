"""A word of the keywords as queries of the index, and how much a document that has it is worth.

Ranks are constants and not the library's statistics on purpose: those count documents that the one who asks may not
read, so that scores would tell what hidden assets hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from headwater.catalog.search.keywords import Word
from headwater.catalog.search.schema import schema
from headwater.catalog.search.words import camel_words, fold, words
from headwater.errors import UsageError

if TYPE_CHECKING:
    from tantivy import Query

__all__ = [
    "BEGINS_NAME",
    "BEGINS_NAME_PARTLY",
    "EXACT_NAME",
    "NAME",
    "fuzzy_query",
    "tolerance",
    "word_parts",
    "word_query",
]

# What a matched word is worth beside what every matched word is: the best of these counts.
EXACT_NAME, BEGINS_NAME, NAME = 9.0, 8.0, 7.0
_FIELD_RANKS: Mapping[str, float] = {
    "name": NAME,
    "term": 5.8,
    "classification": 5.6,
    "label": 5.4,
    "tag": 5.2,
    "column": 5.0,
    "description": 4.5,
    "qualified_name": 4.0,
}
_OTHER = 5.0
BEGINS_NAME_PARTLY, _NAME_PARTLY, _PARTLY, _FUZZY = 3.0, 2.0, 1.0, 0.25

_LONGEST_BEGINNING = 100
# Letters that stand for wildcards while a pattern is cut into words; both are letters without case or accents.
_MANY, _ONE = "\U00010900", "\U00010901"


def word_parts(word: Word) -> list[list[str]]:
    """The words that a typed one is made of; a camelCase one in two ways."""
    ways = [words(fold(word.text))]
    parted = words(camel_words(word.text)) if word.kind == "word" else []
    if parted and parted != ways[0]:
        ways.append(parted)
    return [way for way in ways if way]


def word_query(word: Word) -> Query | None:
    """The query of a word, phrase or pattern; None where nothing can have it.

    Raises:
        UsageError: a pattern is too complicated.
    """
    from tantivy import Query

    clauses = [
        Query.const_score_query(query, rank)
        for query, rank in (_patterns(word) if word.kind == "pattern" else _occurrences(word))
    ]
    return Query.disjunction_max_query(clauses) if clauses else None


def _occurrences(word: Word) -> Iterator[tuple[Query, float]]:
    # One letter begins nearly everything there is; in names it is worth it.
    shortest = 1 if word.fields == ("name",) else 2
    for parts in word_parts(word):
        for name in word.fields:
            yield _sequence(name, parts), _FIELD_RANKS.get(name, _OTHER)
            if word.last and shortest <= len(parts[-1]) <= _LONGEST_BEGINNING:
                yield _beginning(name, parts), _NAME_PARTLY if name == "name" else _PARTLY


def _sequence(name: str, parts: list[str]) -> Query:
    from tantivy import Query

    if len(parts) == 1:
        return Query.term_query(schema(), name, parts[0])
    return Query.phrase_query(schema(), name, list(parts))


def _beginning(name: str, parts: list[str]) -> Query:
    """The parts in a row, the last one perhaps longer. Words hold nothing that a regular expression takes amiss."""
    from tantivy import Query

    if len(parts) == 1:  # no letter wrong, and then anything: cheaper than the expression
        return Query.fuzzy_term_query(schema(), name, parts[0], 0, True, True)
    return _regular(name, [*parts[:-1], f"{parts[-1]}.*"])


def _regular(name: str, patterns: list[str]) -> Query:
    from tantivy import Query

    if len(patterns) == 1:
        return Query.regex_query(schema(), name, patterns[0])
    return Query.regex_phrase_query(schema(), name, list(patterns))


def _patterns(word: Word) -> Iterator[tuple[Query, float]]:
    from tantivy import Query

    text = fold(word.text)
    pieces = words(text.replace("*", _MANY).replace("?", _ONE))
    expressions = [piece.replace(_MANY, ".*").replace(_ONE, ".") for piece in pieces]
    try:
        for name in word.fields:
            yield _regular(name, expressions), _FIELD_RANKS.get(name, _OTHER)
        if "name" in word.fields:
            whole = "".join(_escaped(character) for character in text)
            yield Query.regex_query(schema(), "exact", whole), BEGINS_NAME
    except ValueError as error:
        raise UsageError(
            "A pattern has too many wildcards.", hint="Use fewer of them, or a shorter pattern."
        ) from error


def _escaped(character: str) -> str:
    if character == "*":
        return ".*"
    if character == "?":
        return "."
    return f"\\{character}" if character.isascii() and not character.isalnum() and character != " " else character


def tolerance(part: str) -> int:
    """How many letters may be wrong in a word. None in numbers: another year or version is another thing.

    >>> [tolerance(word) for word in ("abc", "abcd", "abcdefgh", "2024")]
    [0, 1, 2, 0]
    """
    if len(part) < 4 or any(character.isdigit() for character in part):
        return 0
    return 1 if len(part) < 8 else 2


def fuzzy_query(part: str, fields: tuple[str, ...]) -> Query:
    """Documents with a word that is nearly this one. Addresses are left out: their words are in the names too."""
    from tantivy import Query

    names = [name for name in fields if name != "qualified_name"] or list(fields)
    near = [Query.fuzzy_term_query(schema(), name, part, tolerance(part)) for name in names]
    return Query.disjunction_max_query([Query.const_score_query(query, _FUZZY) for query in near])
