"""How text becomes words: the same for what is searched and for what is typed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tantivy import TextAnalyzer

__all__ = ["ANALYZER", "analyzer", "camel_words", "clean", "fold", "words"]

ANALYZER = "words"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def clean(text: str) -> str:
    """Text that can be stored: no control characters (they separate our fields) and no half of a character.

    >>> clean("a\\x1fb")
    'a b'
    """
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def fold(text: str) -> str:
    """Text as it is compared: without case, accents and superfluous white space.

    >>> fold("  Crème  BRÛLÉE ")
    'creme brulee'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    return " ".join(_unaccented(clean(text)).casefold().split())


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    # Case is folded in between, because it can bring forth new accents (the Turkish dotted I).
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def camel_words(text: str) -> str:
    """The humps of a camelCase name as words of their own; "" where it has none.

    >>> camel_words("HTTPServerName_v2")
    'http server name_v2'
    >>> camel_words("orders")
    ''
    """
    if text.islower() or text.isupper():
        return ""
    plain = _unaccented(clean(text))
    parted = _HUMP.sub(" ", plain)
    return fold(parted) if parted != plain else ""


@lru_cache(maxsize=1)
def analyzer() -> TextAnalyzer:
    """The index's own way of cutting text, for what is typed as well, so that the two never differ."""
    from tantivy import TextAnalyzerBuilder, Tokenizer

    return TextAnalyzerBuilder(Tokenizer.simple()).build()


def words(text: str) -> list[str]:
    """The words of folded text.

    >>> words("sales_orders-2024.csv")
    ['sales', 'orders', '2024', 'csv']
    """
    return analyzer().analyze(text)
