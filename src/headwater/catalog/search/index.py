"""The catalog's search index: derived from the metadata database, the same whatever that runs on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from headwater.catalog.search.documents import SearchDocument
from headwater.catalog.search.filters import Filter
from headwater.catalog.search.requests import Hit, SearchRequest, SearchResult
from headwater.catalog.search.searching import Searching
from headwater.catalog.search.storage import Storage
from headwater.catalog.search.suggestions import completions, suggested
from headwater.catalog.search.view import View
from headwater.errors import HomeError, UsageError

__all__ = ["SearchIndex"]


class SearchIndex:
    """Search over documents that somebody else reads from the database and keeps up to date here.

    Threads may share one. Processes may share a folder: one writes at a time, the others see what it committed at
    their next search.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> index = SearchIndex.open(None)
    >>> index.update([SearchDocument(1, "guid-1", 7, "table", "sales_orders", "db://sales_orders", now, now)], [], 1)
    >>> [hit.id for hit in index.search(SearchRequest("sales")).hits]
    [1]
    >>> index.search(SearchRequest("sales", scopes=frozenset({8}))).total
    0
    >>> index.close()
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._view = View(storage)

    @classmethod
    def open(cls, folder: Path | None, *, patience: float = 30.0) -> Self:
        """Open the index of a folder (None: one in memory). A damaged one, or one of another format, begins anew.

        Args:
            folder: where it is, or will be.
            patience: seconds to wait for another process that writes.

        Raises:
            HomeError: the folder cannot be used, or another process keeps writing.
        """
        index = cls(Storage(folder, patience=patience))
        with index._view.lock:
            try:
                index._view.refresh()
            except HomeError:
                index._view.refresh()
        return index

    @property
    def position(self) -> int:
        """Up to which change of the database it knows; 0: nothing."""
        return self._storage.state.position

    def update(self, documents: Iterable[SearchDocument], removed: Iterable[int], position: int) -> None:
        """Add or replace documents and remove others, all of it or, after a crash, nothing.

        The next search of this process sees it. On disk it is a second later, and ``position`` there with it. An
        update of an earlier position than is known is left out: another process was ahead.

        Who fills an index whose position is 0 begins with :meth:`reset`, because an earlier attempt may have been cut
        short, and gives the batches position 0 and only the last one the position that all of them go up to.

        Raises:
            HomeError: another process keeps writing, or the index cannot be written.
            UsageError: a document holds what cannot be written; nothing of the update was.
        """
        gone = list(removed)
        try:
            self._storage.write(list(documents), gone, position)
        except (ValueError, OverflowError) as error:
            raise UsageError(
                "A document cannot be indexed.", hint="Its numbers must be whole and not negative."
            ) from error
        self._view.removing(gone)

    def reset(self) -> None:
        """Forget everything, position and all: the database is another one."""
        self._storage.reset()

    def flush(self) -> None:
        """Make everything durable and visible to other processes now."""
        self._storage.commit()

    def close(self) -> None:
        """Commit, and let go of the folder."""
        self._storage.close()

    def search(self, request: SearchRequest) -> SearchResult:
        """What matches, counted and ordered.

        Raises:
            UsageError: the keywords, filter, order or page make no sense.
            HomeError: the index is damaged; it begins anew.
        """
        with self._view.lock:
            self._view.refresh()
            return Searching(self._view, request).result()

    def suggest(
        self, text: str, scopes: frozenset[int] | None = None, limit: int = 10, filter: Filter | None = None
    ) -> list[Hit]:
        """Documents whose names have the words, the last of them perhaps not typed to its end; for a search box.

        Raises:
            UsageError: the limit or the filter makes no sense.
            HomeError: the index is damaged; it begins anew.
        """
        with self._view.lock:
            self._view.refresh()
            return suggested(self._view, text, scopes, limit, filter)

    def autocomplete(
        self, text: str, scopes: frozenset[int] | None = None, limit: int = 10, filter: Filter | None = None
    ) -> list[str]:
        """What the last word may become: words of names, or whole names where it has an underscore or dash.

        Raises:
            UsageError: the limit or the filter makes no sense.
            HomeError: the index is damaged; it begins anew.
        """
        with self._view.lock:
            self._view.refresh()
            return completions(self._view, text, scopes, limit, filter)
