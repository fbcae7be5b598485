"""The one interface to whatever scores: a checked Arrow batch in, values and errors out.

A scorer is given batches of the signature's wire schema that passed :mod:`headwater.models.checks`. It answers with
one value or one error per row, in order. Behind it stands a process that loaded the model, or a service.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from headwater.models.arrow import Array

__all__ = ["ScoredBatch", "Scorer"]


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """The answer to one batch, row for row.

    ``values`` has the Arrow type of the signature's result. ``errors`` holds sentinel texts (see
    :mod:`headwater.plan.cells`), null where the row is good; None when all are. ``calls`` counts how often the model
    was asked, which is more than once when a failing batch was taken apart.
    """

    values: Array
    errors: Array | None = None
    calls: int = 1


class Scorer(Protocol):
    """Scores batches. ``submit`` may be called from any thread; answers come in any order."""

    def warm(self) -> None:
        """Get ready in the background, so that the first batch need not wait."""
        ...

    def submit(self, batch: pa.RecordBatch) -> Future[ScoredBatch]:
        """Score a batch in the background. The future raises ``ScoringError`` when no row could be scored."""
        ...

    def score(self, batch: pa.RecordBatch) -> ScoredBatch:
        """Score a batch and wait for the answer.

        Raises:
            ScoringError: the model, or what runs it, failed as a whole; a row that fails alone is an error value.
        """
        ...

    def cpu_seconds(self) -> float:
        """CPU time that this scorer's other processes spent on scoring so far, getting ready excluded."""
        ...

    def close(self) -> None:
        """Stop what runs the model; batches that were not answered fail."""
        ...
