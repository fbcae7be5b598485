"""The one interface to whatever scores: a checked Arrow batch in, values and errors out.

A scorer is given batches of the signature's wire schema that passed :mod:`headwater.models.checks`. It answers with
one value or one error per row, in order. Behind it stands a process that loaded the model, or a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import pyarrow as pa

from headwater.models.arrow import Array

__all__ = ["NO_PARAMS", "ScoredBatch", "Scorer"]

#: The settings of a call that sets none.
NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """The answer to one batch, row for row.

    ``values`` has the Arrow type of the signature's result. ``errors`` holds sentinel texts (see
    :mod:`headwater.plan.cells`), null where the row is good; None when all are. ``calls`` counts how often the model
    was asked, which is more than once when a failing batch was taken apart; ``retries`` how often of these because
    a service said "not now" or did not answer.
    """

    values: Array
    errors: Array | None = None
    calls: int = 1
    retries: int = 0


class Scorer(Protocol):
    """Scores batches. ``submit`` may be called from any thread; answers come in any order."""

    @property
    def window(self) -> int:
        """How many batches are best under way at once, as of now: at least 1."""
        ...

    @property
    def batch_rows(self) -> int:
        """How many rows the next batch is best given, as of now: at least 1. More are scored, too, in several calls."""
        ...

    def warm(self) -> None:
        """Get ready in the background, so that the first batch need not wait."""
        ...

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        """Score a batch in the background. The future raises ``ScoringError`` when no row could be scored.

        Args:
            batch: rows in the signature's wire schema.
            params: settings of the call, by the name of the signature's param; the others have their defaults.
        """
        ...

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        """Score a batch and wait for the answer.

        Raises:
            ScoringError: the model, or what runs it, failed as a whole; a row that fails alone is an error value.
        """
        ...

    def cpu_seconds(self) -> float:
        """CPU time that this scorer's other processes spent on scoring so far, getting ready excluded."""
        ...

    def close(self) -> None:
        """Stop what runs the model, at once; batches that were not answered fail."""
        ...
