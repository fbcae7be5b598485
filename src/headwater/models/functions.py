"""A model version as a batch function: what a call node in a plan carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from headwater.models.ledger import LedgerPredictions
from headwater.models.options import CallOptions
from headwater.models.predictions import Predictions
from headwater.models.results import ResultForm
from headwater.models.run import Calling, ScoringRun
from headwater.models.signature import Signature
from headwater.models.statistics import ScoringStatistics
from headwater.plan.cells import error_column
from headwater.plan.types import DataType, Field, to_arrow

__all__ = ["ModelFunction"]


@dataclass(frozen=True, slots=True)
class _Model:
    """What is the same for all calls of a version: its qualified name and version, and where predictions are kept."""

    identity: str
    version: str
    predictions: Callable[[Mapping[str, Any]], Predictions | None]


class ModelFunction:
    """One immutable model version as a :class:`headwater.plan.functions.BatchFunction`.

    With predictions that are kept, only distinct inputs that this exact call never scored before are sent. Without,
    rows stream through, and only equal rows of the same window share a call. Rows that fail are errors in their
    cells; they are not kept, so they are tried again the next time.

    Args:
        identity: the version's qualified name, for lineage.
        version: its number or name, for results that tell it.
        calling: what is called; its name is as M calls it: ``demo.arrival_delay``.
        predictions: where predictions of a call with these params are kept; None where they are not.
    """

    def __init__(
        self,
        identity: str,
        version: str,
        calling: Calling,
        *,
        predictions: Callable[[Mapping[str, Any]], Predictions | None] = lambda _: None,
    ) -> None:
        self.statistics = ScoringStatistics()
        self._model = _Model(identity, version, predictions)
        self._calling = replace(calling, predictions=predictions(calling.options.params))

    @property
    def name(self) -> str:
        """As M calls it."""
        return self._calling.function

    @property
    def identity(self) -> str:
        """The version's qualified name."""
        return self._model.identity

    @property
    def recipe(self) -> str:
        """What decides its results besides its arguments; "" where the same call may have others tomorrow."""
        kept, options = self._calling.predictions, self._calling.options
        if not isinstance(kept, LedgerPredictions) or not kept.hold or options.rescore or options.on_error == "null":
            return ""
        return f"{kept.fingerprint} {self._model.version if options.include_model else ''}"

    @property
    def signature(self) -> Signature:
        """Parameters with their wire types, outputs and params."""
        return self._calling.signature

    @property
    def parameters(self) -> tuple[Field, ...]:
        """Name and type of each argument; a type that takes null is nullable."""
        return self.signature.fields

    @property
    def result(self) -> DataType:
        """One result's type: a scalar or list, or a record of several outputs."""
        return self._calling.result.type

    def configured(self, options: Mapping[str, Any]) -> ModelFunction:
        """The same function with these options; it counts into the same statistics.

        Args:
            options: by their names in M (:data:`headwater.models.options.OPTION_NAMES`), as plain Python values.

        Raises:
            UsageError: there is no such option, or it cannot have this value.
        """
        read = CallOptions.read(options, self.signature, self.name)
        form = ResultForm(self.signature, self._model.version if read.include_model else None)
        form.check(self.name)
        calling = replace(self._calling, options=read, result=form)
        made = ModelFunction(self._model.identity, self._model.version, calling, predictions=self._model.predictions)
        made.statistics = self.statistics
        return made

    def warm(self) -> None:
        """Start what runs the model, in the background."""
        self._calling.scorer().warm()

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        """The rows of ``batches`` with a prediction each; see ``BatchFunction.apply``.

        A number argument may be of any numeric type: what does not fit the model's own type is an error in its row.

        Raises (while being read):
            ScoringError: the model, or what runs it, failed as a whole; or it was called off.
            ForbiddenError: whoever runs it may not call the model, or no longer.
            UsageError: an argument's column is of a kind that its parameter does not take.
        """
        schema = batches.schema.append(pa.field(result, to_arrow(self.result)))
        schema = schema.append(pa.field(error_column(result), pa.string()))
        run = ScoringRun(self._calling, self.statistics)
        return pa.RecordBatchReader.from_batches(schema, run.batches(batches, tuple(arguments), schema))
