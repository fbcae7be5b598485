"""Taking a failing batch apart, to find the rows that the model cannot score.

A model that raises on a batch gets its halves, and so on down to single rows: one bad row in 10,000 costs 27 calls.
Three limits hold. After :data:`CALL_LIMIT` calls the rows not yet tried are marked as failed with their batch. When
the first :data:`SYSTEMIC_LEAVES` single rows all fail, as many more from all over the batch are tried, and if none of
those succeeds either, the model is broken and no row's fault: scoring stops. (Of a model that has scored before, and so
is known to work, that is not concluded from one batch.) And an answer with another number of rows is never taken apart
nor aligned: a model that adds or drops rows cannot be trusted with a smaller batch either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from headwater.errors import ScoringError
from headwater.models.arrow import Array, nulls
from headwater.models.scorer import ScoredBatch
from headwater.plan.cells import encode_error

__all__ = ["Answer", "Failed", "Score", "score_apart"]

#: Calls that taking one batch apart may cost.
CALL_LIMIT = 400

#: So many single rows, and no good one among them, mean that the model itself is broken.
SYSTEMIC_LEAVES = 8

#: The M reason of a failed row.
REASON = "DataSource.Error"


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer.

    ``kind`` is ``length`` where there is one with another number of rows, ``batch`` where the whole batch fails for
    another reason; everything else (``model``, ``form``, ``size``) may be one row's fault, and is taken apart.
    """

    kind: str
    message: str


Answer: TypeAlias = pa.RecordBatch | Failed

Score: TypeAlias = Callable[[pa.RecordBatch], Array]
"""From an answer's columns to one value per row."""


def score_apart(
    batch: pa.RecordBatch,
    first: Answer,
    ask: Callable[[pa.RecordBatch], Answer],
    values: Score,
    *,
    result: pa.DataType,
    name: str,
    proven: bool = False,
) -> ScoredBatch:
    """The scores of a batch whose first answer is known; asks again, for parts of it, where that is a failure.

    Args:
        batch: what was sent.
        first: what came back.
        ask: sends a part and waits for the answer.
        values: one value per row of an answer.
        result: the Arrow type of those values.
        name: the function's name, for messages.
        proven: whether the model is known to work, from other batches.

    Raises:
        ScoringError: every row that was tried alone failed.
    """
    search = _Search(batch, ask, values, result, name, succeeded=proven)
    search.settle(0, batch.num_rows, first)
    return search.result()


@dataclass(slots=True)
class _Search:
    batch: pa.RecordBatch
    ask: Callable[[pa.RecordBatch], Answer]
    values: Score
    kind: pa.DataType
    name: str
    calls: int = 1
    failed_leaves: int = 0
    succeeded: bool = False
    parts: list[Array | int] = field(default_factory=list)  # values, or the number of failed rows
    errors: list[str | None] = field(default_factory=list)

    def settle(self, start: int, count: int, answer: Answer) -> None:
        """Take in the answer for these rows; on a failure, ask for each half."""
        if isinstance(answer, pa.RecordBatch):
            self.succeeded = True
            self.parts.append(self.values(answer))
            self.errors += [None] * count
        elif answer.kind == "length":
            self._fail(count, f"{self.name} answered a batch with {answer.message}")
        elif answer.kind == "batch":
            self._fail_with_batch(count, answer)
        elif count <= 1:
            self._fail(count, f"{self.name} failed on this row: {answer.message}")
            self._check_systemic(start + count, answer)
        elif self.calls >= CALL_LIMIT:
            self._fail_with_batch(count, answer)
        else:
            half = count // 2
            for first, rows in ((start, half), (start + half, count - half)):
                self.settle(first, rows, self._call(first, rows))

    def result(self) -> ScoredBatch:
        arrays = [nulls(part, self.kind) if isinstance(part, int) else part for part in self.parts]
        errors = pa.array(self.errors, pa.string())
        return ScoredBatch(pa.concat_arrays(arrays), errors if errors.null_count < len(errors) else None, self.calls)

    def _call(self, start: int, count: int) -> Answer:
        self.calls += 1
        return self.ask(self.batch.slice(start, count))

    def _fail(self, count: int, message: str) -> None:
        self.parts.append(count)
        self.errors += [encode_error(REASON, f"{message}.")] * count

    def _fail_with_batch(self, count: int, answer: Failed) -> None:
        self._fail(count, f"{self.name} failed on the batch that holds this row: {answer.message}")

    def _check_systemic(self, untried: int, answer: Failed) -> None:
        """After the first few rows have all failed alone, see whether any row at all succeeds."""
        self.failed_leaves += 1
        if self.failed_leaves != SYSTEMIC_LEAVES or self.succeeded:
            return
        left = self.batch.num_rows - untried
        probes = sorted({untried + left * i // SYSTEMIC_LEAVES for i in range(SYSTEMIC_LEAVES)}) if left else []
        if any(isinstance(self._call(row, 1), pa.RecordBatch) for row in probes):
            self.succeeded = True
            return
        raise ScoringError(
            f"{self.name} failed on every row that it was tried with: {answer.message}.",
            code="model.systemic",
            place=self.name,
            hint="Try the model with its input example, and see what it printed in its log.",
        )
