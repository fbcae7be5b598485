"""A model version as a batch function: what a call node in a plan carries."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from headwater.models.run import Memory, ScoringRun
from headwater.models.scorer import Scorer
from headwater.models.signature import Signature
from headwater.models.statistics import Progress, ScoringStatistics
from headwater.plan.cells import error_column
from headwater.plan.types import DataType, Field, to_arrow

__all__ = ["BATCH_ROWS", "ModelFunction"]

#: Rows in one call of a model in its own process. A fifth of it costs a sixth more CPU time; twice it gains nothing.
BATCH_ROWS = 50_000


class ModelFunction:
    """One immutable model version as a :class:`headwater.plan.functions.BatchFunction`.

    With a memory, only distinct inputs that this exact call never scored before are sent, and what is scored is kept.
    Without one, rows stream through, and only equal rows of the same window share a call. Rows that fail are errors
    in their cells; they are not kept, so they are tried again the next time.

    Args:
        name: as M calls it: ``demo.arrival_delay``.
        identity: the version's qualified name, for lineage.
        signature: the model's.
        scorer: gives the scorer; first called when something has to be sent.
        permit: called before each call of the model; raises where it may not be made, or no longer.
        memory: where predictions are kept.
        batch_rows: the most rows in one call of the model.
        on_progress: told the rows done, from the thread that reads the results.
    """

    def __init__(
        self,
        name: str,
        identity: str,
        signature: Signature,
        scorer: Callable[[], Scorer],
        *,
        permit: Callable[[], None] = lambda: None,
        memory: Memory | None = None,
        batch_rows: int = BATCH_ROWS,
        on_progress: Progress | None = None,
    ) -> None:
        self.statistics = ScoringStatistics()
        self._name = name
        self._identity = identity
        self._signature = signature
        self._scorer = scorer
        self._permit = permit
        self._memory = memory
        self._batch_rows = batch_rows
        self._on_progress = on_progress

    @property
    def name(self) -> str:
        """As M calls it."""
        return self._name

    @property
    def identity(self) -> str:
        """The version's qualified name."""
        return self._identity

    @property
    def signature(self) -> Signature:
        """Parameters with their wire types, outputs and params."""
        return self._signature

    @property
    def parameters(self) -> tuple[Field, ...]:
        """Name and type of each argument; a type that takes null is nullable."""
        return self._signature.fields

    @property
    def result(self) -> DataType:
        """One prediction's type: a scalar or list, or a record of several outputs."""
        return self._signature.result

    def warm(self) -> None:
        """Start what runs the model, in the background."""
        self._scorer().warm()

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        """The rows of ``batches`` with a prediction each; see ``BatchFunction.apply``.

        A number argument may be of any numeric type: what does not fit the model's own type is an error in its row.

        Raises (while being read):
            ScoringError: the model, or its process, failed as a whole.
            ForbiddenError: whoever runs it may not call the model, or no longer.
            UsageError: an argument's column is of a kind that its parameter does not take.
        """
        schema = batches.schema.append(pa.field(result, to_arrow(self.result)))
        schema = schema.append(pa.field(error_column(result), pa.string()))
        run = ScoringRun(
            self._signature,
            self._name,
            self._scorer,
            permit=self._permit,
            memory=self._memory,
            statistics=self.statistics,
            batch_rows=self._batch_rows,
            on_progress=self._on_progress,
        )
        return pa.RecordBatchReader.from_batches(schema, run.batches(batches, tuple(arguments), schema))
