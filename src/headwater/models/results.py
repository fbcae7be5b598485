"""The form in which a call gives its results: the prediction alone, or with the model's version and the moment."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from headwater.errors import UsageError
from headwater.models.arrow import Array, compute, nulls
from headwater.models.signature import Signature
from headwater.plan.types import DATETIMEZONE, TEXT, DataType, Field, Kind, to_arrow

__all__ = ["ResultForm"]

MODEL_VERSION, SCORED_AT = "ModelVersion", "ScoredAt"

#: Ticks of 100 ns from 0001-01-01 to 1970-01-01.
_EPOCH_TICKS = 719_162 * 864_000_000_000


@dataclass(frozen=True, slots=True)
class ResultForm:
    """``version`` is the model's, for results that name it; None: the prediction alone.

    >>> from headwater.models.schemas.mlflow import from_mlflow
    >>> signature = from_mlflow([{"name": "x", "type": "double"}], [{"name": "delay", "type": "double"}])
    >>> [f.name for f in ResultForm(signature, "3").type.fields]
    ['delay', 'ModelVersion', 'ScoredAt']
    """

    signature: Signature
    version: str | None = None

    def check(self, function: str) -> None:
        """Refuse a form that would have two fields of one name.

        Raises:
            UsageError: the model has an output of such a name.
        """
        names = {output.name for output in self.signature.outputs}
        taken = sorted(names & {MODEL_VERSION, SCORED_AT}) if self.version is not None else []
        if taken:
            raise UsageError(
                f"{function} has an output '{taken[0]}' of its own.",
                code="model.option",
                place=function,
                hint="Leave IncludeModel out.",
            )

    @property
    def type(self) -> DataType:
        """The type of one result."""
        if self.version is None:
            return self.signature.result
        told = (Field(MODEL_VERSION, TEXT), Field(SCORED_AT, DATETIMEZONE))
        return DataType(Kind.RECORD, fields=(*self.signature.outputs, *told))

    def with_model(self, values: Array, scored_at: Array) -> Array:
        """Predictions with the model's version and when each was made; null stays null."""
        several = len(self.signature.outputs) > 1
        outputs = values.flatten() if several else [values]
        ticks = compute.add(compute.multiply(scored_at.cast(pa.int64()), 10), _EPOCH_TICKS)
        when = pa.StructArray.from_arrays([ticks, pa.array([0] * len(ticks), pa.int16())], names=["instant", "offset"])
        versions = compute.fill_null(nulls(len(values), pa.string()), self.version)
        whole = to_arrow(self.type)
        fields = [whole.field(i) for i in range(len(self.type.fields))]
        absent = values.is_null() if several else None
        return pa.StructArray.from_arrays([*outputs, versions, when], fields=fields, mask=absent)
