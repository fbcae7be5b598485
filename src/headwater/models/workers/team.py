"""Several processes with one model, for work that one of them is long at.

The first starts when there is something to score. Another one costs the time and memory of loading the model once
more, so it starts when those there are have spent several times that on scoring and are still busy; and it is given
work when its model is loaded, so that nothing waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.workers.process import IN_FLIGHT, WorkerScorer

__all__ = ["WorkerTeam"]

#: How many times what starting a process costs has to have been spent on scoring before there is another.
WORTH_IT = 2.5


@dataclass(slots=True)
class _Member:
    worker: WorkerScorer
    under_way: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether its model is loaded."""
        return self.worker.startup_cpu_seconds() > 0 and not self.worker.failed


class WorkerTeam:
    """A :class:`~headwater.models.scorer.Scorer` over one process or more.

    Args:
        make: makes the worker of this number, not yet started.
        most: how many there may be.
    """

    def __init__(self, make: Callable[[int], WorkerScorer], most: int) -> None:
        self._make = make
        self._most = most
        self._lock = threading.Lock()
        self._members = [_Member(make(0))]

    @property
    def workers(self) -> tuple[WorkerScorer, ...]:
        """Those there are, the first one first."""
        with self._lock:
            return tuple(member.worker for member in self._members)

    @property
    def failed(self) -> bool:
        """Whether scoring has ended for good: the first worker's has. Another one that fails is let go."""
        return self._members[0].worker.failed

    @property
    def window(self) -> int:
        """For each process whose model is loaded, one being scored and one waiting."""
        with self._lock:
            return IN_FLIGHT * max(1, sum(member.is_ready for member in self._members))

    @property
    def batch_rows(self) -> int:
        """As many as cost the least CPU time a row."""
        return self._members[0].worker.batch_rows

    def warm(self) -> None:
        """Start the first process."""
        self._members[0].worker.warm()

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        """Score a batch in the background, by the worker with the least to do."""
        with self._lock:
            self._grow()
            ready = [member for member in self._members[1:] if member.is_ready]
            member = min([self._members[0], *ready], key=lambda one: one.under_way)
            member.under_way += 1
        future = member.worker.submit(batch, params)
        future.add_done_callback(partial(self._done, member))
        return future

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        """Score a batch and wait for it; ScoringError when the model, or its process, failed as a whole."""
        return self.submit(batch, params).result()

    def cpu_seconds(self) -> float:
        """CPU seconds that all of them spent on scoring."""
        return sum(worker.cpu_seconds() for worker in self.workers)

    def startup_cpu_seconds(self) -> float:
        """CPU seconds that were spent on starting them and loading the model."""
        return sum(worker.startup_cpu_seconds() for worker in self.workers)

    def close(self) -> None:
        """Kill all processes. Batches that were not answered fail with ``ScoringError``."""
        with self._lock:
            self._most = 0
            members = list(self._members)
        for member in members:
            member.worker.close()

    def _grow(self) -> None:
        """Start another one, where there may be one, all are busy, and it is worth it."""
        members = self._members
        if len(members) >= self._most or not all(one.is_ready and one.under_way >= IN_FLIGHT - 1 for one in members):
            return
        spent = sum(member.worker.cpu_seconds() for member in members)
        if spent < WORTH_IT * members[0].worker.startup_cpu_seconds() * len(members):
            return
        members.append(_Member(self._make(len(members))))
        members[-1].worker.warm()

    def _done(self, member: _Member, _: Future[ScoredBatch]) -> None:
        with self._lock:
            member.under_way -= 1
