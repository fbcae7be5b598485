"""The index as a search sees it: rows and words of one state, kept together and brought up to date together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.catalog.search.documents import Record
from headwater.catalog.search.rows import Rows
from headwater.catalog.search.schema import schema
from headwater.catalog.search.storage import DAMAGED, State, Storage
from headwater.errors import HomeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tantivy import DocAddress, Query, Searcher

__all__ = ["Matched", "View"]

# How many matched rows are remembered between two changes of the index, over all words.
_MOST_REMEMBERED = 4_000_000


@dataclass(frozen=True, slots=True)
class Matched:
    """The rows that a query matches, with what each is worth."""

    rows: NDArray[np.int64]
    worth: NDArray[np.float32]


class View:
    """Rows and words. Whoever uses it holds ``lock``: the rows change in place."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.lock = threading.RLock()
        self.rows = Rows()
        self._state = State()
        self._searcher: Searcher | None = None
        self._removed: set[int] = set()
        self._remembered: OrderedDict[Hashable, Matched] = OrderedDict()
        self._remembered_rows = 0

    @property
    def searcher(self) -> Searcher:
        assert self._searcher is not None
        return self._searcher

    def removing(self, identities: Iterable[int]) -> None:
        """Be told what this process removes, which saves looking for it."""
        with self.lock:
            self._removed.update(identities)

    def refresh(self) -> None:
        """Bring rows and words up to date.

        Raises:
            HomeError: the index is damaged; it is empty from now on, to be built anew.
        """
        try:
            searcher, state = self._storage.searcher()
            if searcher is self._searcher:
                return
            if state.epoch != self._state.epoch:
                self.rows, self._state = Rows(), State()
            self._catch_up(searcher)
        except (ValueError, HomeError) as error:
            if isinstance(error, HomeError) and error.code != DAMAGED:
                raise
            self._storage.reset()
            raise self._storage.damaged() from error
        self._searcher, self._state = searcher, state
        self._remembered.clear()
        self._remembered_rows = 0

    def _catch_up(self, searcher: Searcher) -> None:
        """Take over what changed. The counts say whether that was all; one entry of the index is its state."""
        self.rows.remove(self._removed)
        self._removed.clear()
        self._take_over(searcher, self._state.sequence)
        if len(self.rows) > self._expected(searcher):
            self._forget_removed(searcher)  # by another process
        if len(self.rows) != self._expected(searcher):
            self.rows = Rows()
            self._take_over(searcher, 0)

    @staticmethod
    def _expected(searcher: Searcher) -> int:
        return max(searcher.num_docs - 1, 0)

    def _take_over(self, searcher: Searcher, sequence: int) -> None:
        """Read the documents that were written after an update."""
        from tantivy import FieldType, Query

        if searcher.num_docs == 0:
            return
        news = Query.range_query(schema(), "sequence", FieldType.Unsigned, sequence + 1, None)
        addresses = [address for _, address in _hits(searcher, news)]
        for start in range(0, len(addresses), 10_000):
            self.rows.put([_record(searcher, address) for address in addresses[start : start + 10_000]])

    def _forget_removed(self, searcher: Searcher) -> None:
        from tantivy import Query

        addresses = [address for _, address in _hits(searcher, Query.all_query())]
        self.rows.keep({int(i) for i in searcher.fast_field_values("id", addresses) if i is not None})

    def match(self, key: Hashable, query: Callable[[], Query | None]) -> Matched:
        """The rows that a query matches; remembered by its key until the index changes."""
        matched = self._remembered.get(key)
        if matched is not None:
            self._remembered.move_to_end(key)
            return matched
        made = query()
        return self._remember(key, self._matched(made) if made is not None else self.nothing())

    def match_derived(self, key: Hashable, derived: Callable[[], Matched]) -> Matched:
        """What was made of a match; remembered as matches are."""
        matched = self._remembered.get(key)
        return matched if matched is not None else self._remember(key, derived())

    def _remember(self, key: Hashable, matched: Matched) -> Matched:
        self._remembered[key] = matched
        self._remembered_rows += len(matched.rows)
        while self._remembered_rows > _MOST_REMEMBERED and len(self._remembered) > 1:
            self._remembered_rows -= len(self._remembered.popitem(last=False)[1].rows)
        return matched

    @staticmethod
    def nothing() -> Matched:
        """No rows at all."""
        import numpy as np

        return Matched(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))

    def _matched(self, query: Query) -> Matched:
        import numpy as np

        found = _hits(self.searcher, query)
        if not found:
            return self.nothing()
        ids = self.searcher.fast_field_values("id", [address for _, address in found])
        rows = self.rows.of_ids(np.array(ids, dtype=np.int64))
        return Matched(rows, np.array([worth for worth, _ in found], dtype=np.float32))

    def records(self, identities: Sequence[int]) -> dict[int, Record]:
        """What is kept of documents, by their number."""
        from tantivy import Query

        if not identities:
            return {}
        query = Query.term_set_query(schema(), "key", [str(identity) for identity in identities])
        hits = self.searcher.search(query, limit=len(identities), count=False).hits
        records = [Record.decode(_record(self.searcher, address)) for _, address in hits]
        return {record.id: record for record in records}


def _hits(searcher: Searcher, query: Query) -> list[tuple[Any, DocAddress]]:
    """All that a query matches. Counting first is cheap, and the library makes room for the limit that it is given."""
    count = searcher.search(query, limit=1).count  # type: ignore[attr-defined]  # the library's stubs lack it
    return searcher.search(query, limit=count, count=False).hits if count else []


def _record(searcher: Searcher, address: DocAddress) -> str:
    return bytes(searcher.doc(address)["record"][0]).decode()
