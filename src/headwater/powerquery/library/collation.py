"""How texts are compared: by character, whatever their case, or as a dictionary orders them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.library.tailoring import tailored
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.equality import compare
from headwater.powerquery.values.functions import Function

TextKey = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class TextComparison:
    """Where a comparer of texts came from: two texts are equal when their keys are."""

    key: TextKey


def ordinal_upper(text: str) -> str:
    """Each character in its capital form where that is one character; the length never changes.

    >>> ordinal_upper("straße")
    'STRAßE'
    """
    if text.isascii():
        return text.upper()
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in text)


_EXPANSIONS = str.maketrans({"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss"})


def linguistic_key(text: str, *, ignore_case: bool, language: str = "") -> tuple[str, str, str]:
    """A key by which words sort as in a dictionary: letters first, then accents, then case, small before capital.

    A language may have letters of its own (ö after z in Swedish); texts in Chinese or Japanese go by their characters.

    >>> sorted(["b", "B", "a", "é", "e"], key=lambda word: linguistic_key(word, ignore_case=False))
    ['a', 'b', 'B', 'e', 'é']
    """
    own = tailored(unicodedata.normalize("NFC", text), language) if language else text
    decomposed = unicodedata.normalize("NFKD", own.translate(_EXPANSIONS))
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    accents = "".join(c if unicodedata.combining(c) else "\0" for c in decomposed)
    return letters.casefold(), accents, "" if ignore_case else letters.swapcase()


def ordinal_key(text: str) -> str:
    """The text itself."""
    return text


_DECLARED: dict[str, TextKey] = {"Comparer.Ordinal": ordinal_key, "Comparer.OrdinalIgnoreCase": ordinal_upper}


def text_key(comparer: Function | None) -> TextKey | None:
    """The key by which a comparer tells texts apart; None where it is a function of somebody's own.

    No comparer at all compares ordinally.
    """
    if comparer is None:
        return ordinal_key
    origin = comparer.origin
    if isinstance(origin, TextComparison):
        return origin.key
    return _DECLARED.get(origin.name) if isinstance(origin, Declaration) else None


def compare_by(key: TextKey, left: Value, right: Value) -> int:
    """-1, 0 or 1 for two values, texts by their keys.

    Raises:
        MError: Expression.Error, the two cannot be ordered.
    """
    left, right = plain(left), plain(right)
    if isinstance(left, str) and isinstance(right, str):
        first, second = key(left), key(right)
        return -1 if first < second else 1 if first > second else 0
    return compare(left, right)
