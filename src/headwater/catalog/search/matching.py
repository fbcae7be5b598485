"""Which rows the keywords match, and what each is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headwater.catalog.search.keywords import DEFAULT_FIELDS, Every, Everything, Excluded, Keywords, Some, Word
from headwater.catalog.search.queries import (
    BEGINS_NAME,
    BEGINS_NAME_PARTLY,
    EXACT_NAME,
    NAME,
    fuzzy_query,
    tolerance,
    word_parts,
    word_query,
)
from headwater.catalog.search.rows import NAME_HEAD
from headwater.catalog.search.view import Matched, View
from headwater.catalog.search.words import fold, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Found", "Matching"]

# Each matched word counts so much that no rank of a single one outweighs another word.
_WORD, _RARITY = 100.0, 5.0
_NEARLY = 50.0
_WHOLE_NAME, _BEGINNING_OF_NAME = 50.0, 20.0


@dataclass(frozen=True, slots=True)
class Found:
    """Which rows match, and their scores."""

    mask: NDArray[np.bool_]
    scores: NDArray[np.float32]


class Matching:
    """The keywords over the rows that may be read.

    Everything it looks at is readable: how rare a word is, whether any document has it, and what is near it.
    """

    def __init__(self, view: View, readable: NDArray[np.bool_], *, tolerant: bool) -> None:
        self._view = view
        self._readable = readable
        self._tolerant = tolerant
        self._known = int(readable.sum())
        self.unmatched: list[Word] = []
        """Words that nothing readable has, and that something near was taken for."""

    def find(self, tree: Keywords) -> Found:
        """Which rows match, and their scores.

        Raises:
            UsageError: a pattern is too complicated.
        """
        found = self._found(tree)
        if isinstance(tree, Some) and all(_plain(part) for part in tree.parts):
            self._prefer_whole_names(found, [part.text for part in tree.parts if isinstance(part, Word)])
        return found

    def _found(self, tree: Keywords) -> Found:
        if isinstance(tree, Word):
            return self._word(tree)
        if isinstance(tree, Everything):
            return Found(self._readable.copy(), self._zeros())
        if isinstance(tree, Excluded):
            return Found(self._readable & ~self._strict(tree.part), self._zeros())
        parts = [self._found(part) for part in tree.parts]
        return self._every(parts) if isinstance(tree, Every) else self._some(parts)

    def _strict(self, tree: Keywords) -> NDArray[np.bool_]:
        """What is excluded is excluded as it is written."""
        return Matching(self._view, self._readable, tolerant=False)._found(tree).mask

    def _some(self, parts: Sequence[Found]) -> Found:
        found = Found(self._nothing(), self._zeros())
        for part in parts:
            found.mask[:] |= part.mask
            found.scores[:] += part.scores
        return found

    def _every(self, parts: Sequence[Found]) -> Found:
        found = Found(self._readable.copy(), self._zeros())
        for part in parts:
            found.mask[:] &= part.mask
            found.scores[:] += part.scores
        found.scores[~found.mask] = 0
        return found

    def _word(self, word: Word) -> Found:
        matched = self._ranked(word)
        found = self._of(matched, _WORD)
        if self._tolerant and word.kind == "word" and not found.mask.any():
            nearly = self._nearly(word)
            if nearly.mask.any():
                return nearly
        return found

    def _of(self, matched: Matched, each: float) -> Found:
        import numpy as np

        found = Found(self._nothing(), self._zeros())
        keep = self._readable[matched.rows]
        rows = matched.rows[keep]
        if len(rows):
            rarity = 1.0 - np.log1p(len(rows)) / np.log1p(self._known + 1)
            found.mask[rows] = True
            found.scores[rows] = each + _RARITY * rarity + matched.worth[keep]
        return found

    def _ranked(self, word: Word) -> Matched:
        """A word's rows, with names that are the word, or begin with it, told from those that merely have it."""
        key = replace(word, start=0, end=0)
        matched = self._view.match(("word", key), lambda: word_query(word))
        if word.kind == "pattern" or "name" not in word.fields:
            return matched
        return self._view.match_derived(("ranked", key), lambda: self._by_names(matched, fold(word.text)))

    def _by_names(self, matched: Matched, text: str) -> Matched:
        import numpy as np

        rows = self._view.rows
        beginning, whole, parted, unclear = _beginnings(rows.name_heads[matched.rows], text)
        worth = matched.worth.copy()
        for at in np.flatnonzero(unclear).tolist():
            name = rows.names[matched.rows[at]]
            beginning[at], whole[at] = name.startswith(text), name == text
            parted[at] = len(name) > len(text) and not name[len(text)].isalnum()
        worth[beginning] = np.where(worth >= NAME, worth, np.maximum(worth, BEGINS_NAME_PARTLY))[beginning]
        worth[beginning & parted & (worth >= NAME)] = BEGINS_NAME
        worth[beginning & whole] = EXACT_NAME
        if len(words(text)) > 1:
            for at in [at for at, row in enumerate(matched.rows.tolist()) if rows.qualified_names[row] == text]:
                worth[at] = EXACT_NAME
        return Matched(matched.rows, worth)

    def _nearly(self, word: Word) -> Found:
        """A word that nothing has: each of its parts as it is or, where nothing has it either, what is near it."""
        parts = word_parts(word)
        if not parts:
            return self._of(self._view.nothing(), 0)
        if len(parts[-1]) > 1:
            return self._every([self._word(replace(word, text=part, last=False)) for part in parts[-1]])
        part = parts[-1][0]
        if not tolerance(part):
            return self._of(self._view.nothing(), 0)
        near = self._view.match(("near", part, word.fields), lambda: fuzzy_query(part, word.fields))
        found = self._of(near, _NEARLY)
        if found.mask.any():
            self.unmatched.append(word)
        return found

    def _prefer_whole_names(self, found: Found, texts: list[str]) -> None:
        """Several words that are one name, or how one begins."""
        import numpy as np

        text, names = fold(" ".join(texts)), self._view.rows.names
        for row in np.flatnonzero(found.scores >= _WORD * len(texts)).tolist():
            if names[row].startswith(text):
                found.scores[row] += _WHOLE_NAME if names[row] == text else _BEGINNING_OF_NAME

    def _nothing(self) -> NDArray[np.bool_]:
        import numpy as np

        return np.zeros(len(self._readable), dtype=np.bool_)

    def _zeros(self) -> NDArray[np.float32]:
        import numpy as np

        return np.zeros(len(self._readable), dtype=np.float32)


def _plain(tree: Keywords) -> bool:
    return isinstance(tree, Word) and tree.kind == "word" and tree.fields == DEFAULT_FIELDS


def _beginnings(heads: NDArray[np.uint8], text: str) -> tuple[NDArray[np.bool_], ...]:
    """Which names begin with a text, are it, go on with another word, and of which their first bytes do not tell."""
    import numpy as np

    start = np.frombuffer(text.encode()[:NAME_HEAD], dtype=np.uint8)
    beginning = (heads[:, : len(start)] == start).all(axis=1)
    no = np.zeros(len(heads), dtype=np.bool_)
    if len(start) == NAME_HEAD:
        return beginning, no, no.copy(), beginning.copy()
    following = heads[:, len(start)]
    goes_on = np.array([0 < byte < 0x80 and not chr(byte).isalnum() for byte in range(256)])
    return beginning, following == 0, goes_on[following], beginning & (following >= 0x80)
