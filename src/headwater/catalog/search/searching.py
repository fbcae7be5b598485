"""One search: matched, filtered, trimmed, counted, ordered, marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from headwater.catalog.search.filtering import Filtering
from headwater.catalog.search.highlights import Marker
from headwater.catalog.search.keywords import Word, leaves, parse_keywords
from headwater.catalog.search.matching import Matching
from headwater.catalog.search.ordering import Ordering
from headwater.catalog.search.queries import tolerance
from headwater.catalog.search.requests import FACETS, FacetRequest, FacetValue, Hit, SearchRequest, SearchResult
from headwater.catalog.search.view import View
from headwater.catalog.search.words import camel_words, fold, words
from headwater.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Searching", "passing"]

_DEEPEST_OFFSET, _MOST_HITS = 100_000, 1_000
# A correction is looked for in so many of the documents that it finds.
_SAMPLE = 200
# Less than what tells one rank from the next.
_ENDORSED: Mapping[str, float] = {"certified": 0.15, "promoted": 0.1}


def passing(view: View, request: SearchRequest) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows that may be read, and those of them that pass the filter too.

    Raises:
        UsageError: an operator of the filter does not go with its value.
    """
    readable = view.rows.readable(request.scopes)
    return readable, readable & Filtering(view).mask(request.filter) if request.filter else readable


class Searching:
    """A search over a view, whose lock is held.

    Raises:
        UsageError: the keywords or the page make no sense.
    """

    def __init__(self, view: View, request: SearchRequest) -> None:
        if not 0 <= request.limit <= _MOST_HITS or not 0 <= request.offset <= _DEEPEST_OFFSET:
            raise UsageError(
                f"A page has {_MOST_HITS:,} results at most and begins at {_DEEPEST_OFFSET:,} at most.",
                hint="Go deeper by the continuation of the last page.",
            )
        if request.after and request.offset:
            raise UsageError("A search has an offset or a continuation, not both.", hint="Leave one out.")
        self._view = view
        self._request = request
        self._tree = parse_keywords(request.keywords)
        self._readable, self._passing = passing(view, request)

    def result(self) -> SearchResult:
        """What is found.

        Raises:
            UsageError: the order, the continuation or a pattern makes no sense.
        """
        import numpy as np

        matching = Matching(self._view, self._readable, tolerant=True)
        found = matching.find(self._tree)
        rows = np.flatnonzero(found.mask & self._passing)
        nearest = self._nearest(matching.unmatched, rows)
        self._prefer_endorsed(found.scores, rows)
        ordering = Ordering(self._view.rows, found.scores, self._request.order_by)
        page, more = self._page(ordering, rows)
        return SearchResult(
            total=len(rows),
            hits=self._hits(page, found.scores, self._marker(nearest)),
            facets={facet.name: self._facet(facet, rows) for facet in self._request.facets},
            corrected=_corrected(self._request.keywords, nearest) if nearest and self._nothing_as_typed() else "",
            continuation=ordering.token(page[-1]) if more and page else "",
        )

    def _nothing_as_typed(self) -> bool:
        strict = Matching(self._view, self._readable, tolerant=False).find(self._tree)
        return not (strict.mask & self._passing).any()

    def _prefer_endorsed(self, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        column = self._view.rows.columns["endorsement"]
        for value, bonus in _ENDORSED.items():
            endorsed = column.having_one_of(frozenset({value}), self._view.rows.used)
            scores[rows[endorsed[rows]]] += bonus

    def _page(self, ordering: Ordering, rows: NDArray[np.int64]) -> tuple[list[int], bool]:
        """The page's rows, and whether there are more."""
        request = self._request
        if request.after:
            page = ordering.following(rows, request.after, request.limit + 1)
        else:
            page = ordering.page(rows, request.offset, request.limit + 1)
        return page[: request.limit], len(page) > request.limit

    def _hits(self, page: Sequence[int], scores: NDArray[np.float32], marker: Marker | None) -> list[Hit]:
        ids, guids = self._view.rows.ids, self._view.rows.guids
        records = self._view.records([int(ids[row]) for row in page]) if marker else {}
        hits = []
        for row in page:
            record = records.get(int(ids[row]))
            marked = marker.marked(record) if marker and record else {}
            hits.append(Hit(int(ids[row]), guids[row], round(float(scores[row]), 3), marked))
        return hits

    def _marker(self, nearest: Mapping[Word, str]) -> Marker | None:
        wanted = [*leaves(self._tree), *(replace(word, text=text) for word, text in nearest.items())]
        return Marker(wanted) if self._request.highlight and wanted else None

    def _facet(self, facet: FacetRequest, rows: NDArray[np.int64]) -> list[FacetValue]:
        counts = self._view.rows.columns[FACETS[facet.name]].counts(rows)
        by, direction = facet.sort
        if by == "value":
            counts.sort(reverse=direction == "desc")
        elif direction == "desc":
            counts.sort(key=lambda pair: (-pair[1], pair[0]))
        else:
            counts.sort(key=lambda pair: (pair[1], pair[0]))
        return [FacetValue(value, count) for value, count in counts[: facet.count or None]]

    def _nearest(self, unmatched: Sequence[Word], rows: NDArray[np.int64]) -> dict[Word, str]:
        """What words that nothing has were taken for: the nearest word in what was found, the commonest of several."""
        if not unmatched or not len(rows):
            return {}
        records = self._view.records(self._view.rows.ids[rows[:_SAMPLE]].tolist()).values()
        present = Counter(
            part
            for record in records
            for text in record.texts()
            for part in {*words(fold(text)), *words(camel_words(text))}
        )
        found = ((word, _nearest(words(fold(word.text))[0], present)) for word in unmatched)
        return {word: near for word, near in found if near}


def _nearest(part: str, present: Counter[str]) -> str:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = process.extract(part, list(present), scorer=OSA.distance, score_cutoff=tolerance(part), limit=None)
    return min(near, key=lambda match: (match[1], -present[match[0]], match[0]))[0] if near else ""


def _corrected(keywords: str, nearest: Mapping[Word, str]) -> str:
    """The keywords with words replaced by what they were taken for."""
    for word, near in sorted(nearest.items(), key=lambda pair: -pair[0].start):
        segment = keywords[word.start : word.end]
        at = segment.lower().rfind(word.text.lower())
        replaced = segment[:at] + near + segment[at + len(word.text) :] if at >= 0 else near
        keywords = keywords[: word.start] + replaced + keywords[word.end :]
    return keywords
