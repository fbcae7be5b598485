"""A batch that was submitted, taken in parts and put together again."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

import pyarrow as pa

from headwater.errors import ScoringError
from headwater.models.arrow import nulls
from headwater.models.scorer import ScoredBatch

__all__ = ["Job", "merged"]


class Job:
    """A batch on its way: which rows were taken, and what came of them. The future is settled once, whoever does it."""

    def __init__(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> None:
        self.batch = batch
        self.params = params
        self.future: Future[ScoredBatch] = Future()
        self._taken = 0
        self._done = 0
        self._parts: list[tuple[int, ScoredBatch]] = []
        self._settled = False
        self._lock = threading.Lock()

    @property
    def all_taken(self) -> bool:
        """Whether no row is left to take."""
        return self._taken == self.batch.num_rows

    @property
    def settled(self) -> bool:
        """Whether the future has its result or error."""
        return self._settled

    def begin(self) -> bool:
        """Whether it is still wanted; asked before rows are taken. From the first time on it cannot be cancelled."""
        return self._taken > 0 or self.future.set_running_or_notify_cancel()

    def take(self, rows: int) -> tuple[int, int]:
        """The next rows, so many at most: where they start, and how many they are."""
        start, count = self._taken, min(rows, self.batch.num_rows - self._taken)
        self._taken += count
        return start, count

    def add(self, start: int, scored: ScoredBatch) -> None:
        """What came of the rows that start there; settles the future when they are the last ones."""
        with self._lock:
            self._parts.append((start, scored))
            self._done += len(scored.values)
            if self._settled or self._done < self.batch.num_rows:
                return
            self._settled = True
        self.future.set_result(merged([part for _, part in sorted(self._parts, key=lambda part: part[0])]))

    def fail(self, error: BaseException) -> None:
        """Settle the future with an error, unless it is settled."""
        with self._lock:
            if self._settled:
                return
            self._settled = True
        with suppress(InvalidStateError):  # cancelled
            self.future.set_exception(error)

    def check_wanted(self) -> None:
        """Refuse to go on for a batch whose future is settled already.

        Raises:
            ScoringError: it is; nobody will see this error.
        """
        if self._settled:
            raise ScoringError("The batch has failed already.", code="model.stopped")


def merged(parts: list[ScoredBatch]) -> ScoredBatch:
    """Scored batches as one, in the order given; at least one."""
    if len(parts) == 1:
        return parts[0]
    errors = None
    if any(part.errors is not None for part in parts):
        errors = pa.concat_arrays(
            nulls(len(part.values), pa.string()) if part.errors is None else part.errors for part in parts
        )
    return ScoredBatch(
        pa.concat_arrays([part.values for part in parts]),
        errors,
        sum(part.calls for part in parts),
        sum(part.retries for part in parts),
    )
