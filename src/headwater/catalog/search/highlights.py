"""The found words, marked in the texts they were found in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from headwater.catalog.search.documents import Record
from headwater.catalog.search.keywords import Word
from headwater.catalog.search.words import camel_words, fold, words

__all__ = ["Marker"]

_WORD = re.compile(r"[^\W_]+")
_FRAGMENT = 160
_MOST_COLUMNS = 5


class Marker:
    """Marks words of the keywords in a document's texts."""

    def __init__(self, wanted: Iterable[Word]) -> None:
        self._whole: set[str] = set()
        self._beginnings: tuple[str, ...] = ()
        self._judged: dict[str, bool] = {}
        for word in wanted:
            self._learn(word)
        self._sought = self._whole.union(self._beginnings)

    def _learn(self, word: Word) -> None:
        if word.kind == "pattern":
            self._beginnings += tuple(words(fold(re.split("[*?]", word.text, maxsplit=1)[0]))[-1:])
            return
        parts = words(fold(word.text)) + words(camel_words(word.text))
        self._whole.update(parts)
        if word.last:
            self._beginnings += tuple(parts[-1:])

    def marked(self, record: Record) -> Mapping[str, tuple[str, ...]]:
        """The marked texts of a document by field; only fields in which something is marked."""
        found = {
            "name": self._texts([record.name]),
            "qualifiedName": self._texts([record.qualified_name]),
            "description": self._texts([record.description]),
            "column": self._texts(record.columns)[:_MOST_COLUMNS],
        }
        return {name: texts for name, texts in found.items() if texts}

    def _texts(self, texts: Iterable[str]) -> tuple[str, ...]:
        marked = (self._text(text) for text in texts if text)
        return tuple(text for text in marked if text)

    def _text(self, text: str) -> str:
        """A text with its words marked, cut around the first one; "" where there is none."""
        plain = fold(text)
        if not any(word in plain for word in self._sought):
            return ""  # most texts: not worth taking apart
        spans = [match.span() for match in _WORD.finditer(text) if self._is_wanted(match[0])]
        if not spans:
            return ""
        start = max(0, spans[0][0] - _FRAGMENT // 2) if len(text) > _FRAGMENT else 0
        end = min(len(text), max(start + _FRAGMENT, spans[0][1]))
        pieces, at = [], start
        for first, beyond in spans:
            if beyond <= end:
                pieces += [text[at:first], "<em>", text[first:beyond], "</em>"]
                at = beyond
        return "".join((*pieces, text[at:end]))

    def _is_wanted(self, token: str) -> bool:
        """Whether a word is marked; the same few come again and again."""
        judged = self._judged.get(token)
        if judged is None:
            judged = self._judged[token] = any(map(self._is_sought, (fold(token), *words(camel_words(token)))))
        return judged

    def _is_sought(self, word: str) -> bool:
        return word in self._whole or word.startswith(self._beginnings)
