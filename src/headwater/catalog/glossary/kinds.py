"""The kinds of relation between two terms: each has a word from either side, and is stored under one of them.

>>> stored_as("isA"), stored_as("classifies"), stored_as("synonyms")
(('isA', True), ('isA', False), ('synonyms', True))
"""

from __future__ import annotations

__all__ = ["RELATION_WORDS", "SYMMETRIC", "stored_as", "word_of"]

#: Relations that read the same from both sides.
SYMMETRIC = frozenset({"seeAlso", "synonyms", "antonyms"})

#: The word from the side that a relation is stored by, and the word from the other one.
_PAIRS = {
    "preferredTerms": "preferredToTerms",
    "replacementTerms": "replacedBy",
    "translationTerms": "translatedTerms",
    "isA": "classifies",
    "validValues": "validValuesFor",
}
_INVERSE = {other: kind for kind, other in _PAIRS.items()}

#: Every word that a term's JSON has for its relations.
RELATION_WORDS = (*sorted(SYMMETRIC), *_PAIRS, *_INVERSE)


def stored_as(word: str) -> tuple[str, bool]:
    """The kind that a word stands for, and whether the term that says it is the first of the two."""
    return (_INVERSE[word], False) if word in _INVERSE else (word, True)


def word_of(kind: str, *, is_first: bool) -> str:
    """The word for a stored kind from one side.

    >>> word_of("isA", is_first=False), word_of("seeAlso", is_first=False)
    ('classifies', 'seeAlso')
    """
    return kind if is_first else _PAIRS.get(kind, kind)
