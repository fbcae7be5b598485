"""What a search box shows while somebody types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.catalog.search.filters import Filter
from headwater.catalog.search.highlights import Marker
from headwater.catalog.search.keywords import Every, Word
from headwater.catalog.search.matching import Matching
from headwater.catalog.search.ordering import Ordering
from headwater.catalog.search.requests import Hit, SearchRequest
from headwater.catalog.search.searching import passing
from headwater.catalog.search.view import View
from headwater.catalog.search.words import fold, words
from headwater.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["completions", "suggested"]

_MOST, _MOST_CHARACTERS, _MOST_WORDS = 100, 200, 10
# Completions are taken from so many names at most.
_SAMPLE = 20_000


def suggested(view: View, text: str, scopes: frozenset[int] | None, limit: int, filter: Filter | None) -> list[Hit]:
    """Documents whose names have all the words typed, the last perhaps not to its end.

    Raises:
        UsageError: the limit or the filter makes no sense.
    """
    _check(limit)
    typed = _typed(text)
    if not typed:
        return []
    found, rows, scores = _found(view, typed, scopes, filter)
    ordering = Ordering(view.rows, scores, [("relevance", "desc"), ("name", "asc")])
    page = ordering.page(rows, 0, limit)
    ids = [int(view.rows.ids[row]) for row in page]
    records, marker = view.records(ids), Marker(found)
    return [
        Hit(number, view.rows.guids[row], round(float(scores[row]), 3), marker.marked(records[number]))
        for row, number in zip(page, ids, strict=True)
    ]


def completions(view: View, text: str, scopes: frozenset[int] | None, limit: int, filter: Filter | None) -> list[str]:
    """What the last word may become, the commonest first.

    Raises:
        UsageError: the limit or the filter makes no sense.
    """
    _check(limit)
    typed = _typed(text)[-1:]
    if not typed or text[-1:].isspace():
        return []
    beginning = fold(typed[0].text)
    _, rows, _ = _found(view, typed, scopes, filter)
    names = (view.rows.names[row] for row in rows[:_SAMPLE].tolist())
    counts = Counter(_completing(names, beginning))
    return sorted(counts, key=lambda word: (-counts[word], word))[:limit]


def _completing(names: Iterator[str], beginning: str) -> Iterator[str]:
    whole = words(beginning) != [beginning]
    for name in names:
        candidates = {name} if whole else set(words(name))
        yield from (word for word in candidates if word.startswith(beginning))


def _typed(text: str) -> list[Word]:
    parts = [part for part in text[:_MOST_CHARACTERS].split()[:_MOST_WORDS] if words(fold(part))]
    return [Word(part, "word", ("name",), last=part is parts[-1]) for part in parts]


def _found(
    view: View, typed: list[Word], scopes: frozenset[int] | None, filter: Filter | None
) -> tuple[list[Word], NDArray[np.int64], NDArray[np.float32]]:
    import numpy as np

    readable, allowed = passing(view, SearchRequest(scopes=scopes, filter=filter))
    found = Matching(view, readable, tolerant=True).find(Every(tuple(typed)))
    return typed, np.flatnonzero(found.mask & allowed), found.scores


def _check(limit: int) -> None:
    if not 1 <= limit <= _MOST:
        raise UsageError(f"{limit} suggestions cannot be given.", hint=f"Ask for 1 to {_MOST}.")
