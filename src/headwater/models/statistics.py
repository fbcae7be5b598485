"""What a run of a model function did, counted while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import TypeAlias

__all__ = ["Progress", "ScoringProgress", "ScoringStatistics"]


@dataclass(frozen=True, slots=True)
class ScoringProgress:
    """How far a run of a function is.

    Attributes:
        function: its name.
        rows_done: rows that have their result.
        rows_total: rows that there will be; None where nobody knows.
        rows_per_second: since the first of them came.
        seconds_left: None where nobody knows.
        sent: inputs that were sent to the model so far.
        reused: rows that got a prediction without being sent.
        failed: rows whose result is an error.
        retries: calls that were made again because a service said "not now" or did not answer.
    """

    function: str
    rows_done: int
    rows_total: int | None
    rows_per_second: float
    seconds_left: float | None
    sent: int
    reused: int
    failed: int
    retries: int


Progress: TypeAlias = Callable[[ScoringProgress], None]
"""Told how far a run is, from the thread that reads the results."""


@dataclass(slots=True)
class ScoringStatistics:
    """Counts over all runs of one function.

    Attributes:
        rows: rows that came in.
        distinct: distinct good inputs among them; counted anew in each window of rows.
        reused: rows that got a prediction without being sent: from the ledger, or from an equal row's.
        sent: inputs that were sent to the model.
        failed: rows whose result is an error of this call's: the model or the checks before it said so.
        calls: how often the model was asked.
        retries: how many of these calls were made again because a service was busy or did not answer.
        seconds: wall time spent on the above; reading the source and writing results excluded.
        cpu_seconds: CPU time spent on it, here and in the scoring process; starting that excluded.
    """

    rows: int = 0
    distinct: int = 0
    reused: int = 0
    sent: int = 0
    failed: int = 0
    calls: int = 0
    retries: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """All counts by name."""
        return asdict(self)

    @classmethod
    def total(cls, counted: Iterable[ScoringStatistics]) -> ScoringStatistics:
        """What several came to together.

        >>> ScoringStatistics.total([ScoringStatistics(rows=1), ScoringStatistics(rows=2, calls=1)]).rows
        3
        """
        parts = list(counted)
        return cls(**{field.name: sum(getattr(part, field.name) for part in parts) for field in fields(cls)})

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the wall and CPU time that the block takes on this thread."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - wall
            self.cpu_seconds += time.thread_time() - cpu
