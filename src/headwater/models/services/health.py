"""Whether a service works at all."""

from __future__ import annotations

import threading
import time

from headwater.models.scorer import ScoredBatch

__all__ = ["Health"]

#: So many batches in succession, of so many rows together, and no good row among them, mean that the service is broken.
_BARREN_BATCHES = 8
_BARREN_ROWS = 1_000


class Health:
    """What has succeeded and what has not, over all batches. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proven = False
        self._last_answer = 0.0
        self._barren_batches = 0
        self._barren_rows = 0

    @property
    def proven(self) -> bool:
        """Whether anything was scored yet."""
        return self._proven

    @property
    def last_answer(self) -> float:
        """The moment (monotonic) of the last answer to a batch, good or bad; 0 where there was none yet."""
        return self._last_answer

    def answered(self) -> None:
        """The service has dealt with a batch."""
        self._last_answer = time.monotonic()

    def scored(self) -> None:
        """A batch was scored."""
        self._proven = True

    def barren(self, scored: ScoredBatch) -> bool:
        """Count a batch that was settled; True where too many in succession had no good row."""
        rows = len(scored.values)
        good = scored.errors is None or scored.errors.null_count > 0
        with self._lock:
            self._barren_batches = 0 if good else self._barren_batches + 1
            self._barren_rows = 0 if good else self._barren_rows + rows
            return self._barren_batches >= _BARREN_BATCHES and self._barren_rows >= _BARREN_ROWS
