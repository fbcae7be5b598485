"""How many rows a call gets: measured."""

from __future__ import annotations

import threading

from headwater.models.services.options import ServiceOptions

__all__ = ["BatchSize"]

#: What is known of a row's size fades with each call, so that one with long texts does not keep batches small for good.
_FADING = 0.9


class BatchSize:
    """The size of batches, from how long calls take and how large requests are. For any thread.

    Two sizes are kept. :attr:`batch_rows` is what the service scores in about the time that a call should take;
    :attr:`call_rows` is as much of it as one request holds, given the form, the payload and what the service has
    refused for its size.

    >>> size = BatchSize(ServiceOptions(first_rows=100, target_seconds=1.0), max_rows=None)
    >>> size.scored(100, seconds=0.01)
    >>> size.batch_rows  # twice at most, each time
    200
    >>> size.scored(200, seconds=2.5)
    >>> size.batch_rows  # half at least
    100
    """

    def __init__(self, options: ServiceOptions, max_rows: int | None) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._rows = max(1, min(options.first_rows, options.most_rows))
        self._limit = options.most_rows if max_rows is None else max_rows
        self._row_bytes = 0.0

    @property
    def batch_rows(self) -> int:
        """Rows that are scored in about the time wanted, in as many calls as it takes."""
        return self._rows

    @property
    def call_rows(self) -> int:
        """Rows of one call."""
        with self._lock:
            return self._call_rows()

    def encoded(self, rows: int, size: int) -> None:
        """A request for so many rows has so many bytes."""
        with self._lock:
            self._row_bytes = max(size / rows, self._row_bytes * _FADING)

    def scored(self, rows: int, seconds: float) -> None:
        """So many rows were scored in one call, in so many seconds."""
        in_time = int(rows * self._options.target_seconds / max(seconds, 1e-6))
        with self._lock:
            if 2 * rows < self._call_rows() and in_time >= self._rows:
                return  # the rest of a batch: it says nothing about more
            grown = max(self._rows // 2, min(in_time, 2 * self._rows))
            self._rows = max(1, min(grown, self._options.most_rows))

    def too_large(self, rows: int) -> None:
        """So many rows are more than the service takes."""
        with self._lock:
            self._limit = max(1, min(self._limit, rows // 2))

    def too_slow(self, rows: int) -> None:
        """So many rows were not scored in time."""
        with self._lock:
            self._rows = max(1, min(self._rows, rows // 2))

    def _call_rows(self) -> int:
        fitting = int(self._options.payload_bytes / self._row_bytes) if self._row_bytes else self._rows
        return max(1, min(self._rows, self._limit, fitting))
