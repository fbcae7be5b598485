"""What a model takes and gives: its parameters and outputs as plan types.

Every parameter has two types. ``type`` is the plan's, which M sees; ``wire`` is the Arrow type that the model itself
declares (``int32``, ``float32`` …), in which checked batches are sent. Where a signature comes from is the matter of
:mod:`headwater.models.schemas`.

A required parameter takes no null. Neither does an optional one that the model holds as integers or booleans, since
those have no form for null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headwater.plan.types import DataType, Field, Kind, to_arrow

__all__ = ["INPUT", "PREDICTION", "ModelParam", "Parameter", "Signature", "holds_null"]

#: The name given to a single output that has none.
PREDICTION = "prediction"

#: The name given to a single tensor input that has none.
INPUT = "input"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a model.

    ``required`` is the model's word; ``type.nullable`` says whether null may be passed. ``shape`` holds the inner
    dimensions of a tensor (-1: any length) and is empty for everything else.
    """

    name: str
    type: DataType
    wire: pa.DataType
    required: bool = True
    description: str = ""
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelParam:
    """A setting of the whole call (MLflow's ``params``), with the default it has when nobody sets it.

    ``type`` is MLflow's name of a column type; ``is_list`` says that the setting is a list of those.
    """

    name: str
    type: str
    default: Any
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives. There is at least one parameter and one output."""

    parameters: tuple[Parameter, ...]
    outputs: tuple[Field, ...]
    params: tuple[ModelParam, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """The parameters as a plan's function shows them."""
        return tuple(Field(p.name, p.type) for p in self.parameters)

    @property
    def result(self) -> DataType:
        """The type of one prediction: the only output's, or a record of all outputs."""
        if len(self.outputs) == 1:
            return self.outputs[0].type
        return DataType(Kind.RECORD, fields=self.outputs)

    @property
    def wire_schema(self) -> pa.Schema:
        """The schema of the batches a scorer is given: one column per parameter, in order."""
        return pa.schema([pa.field(p.name, p.wire) for p in self.parameters])

    @property
    def output_schema(self) -> pa.Schema:
        """One Arrow column per output."""
        return pa.schema([pa.field(f.name, to_arrow(f.type)) for f in self.outputs])

    def describe(self) -> dict[str, Any]:
        """The signature as JSON: what a fingerprint covers and documentation shows."""
        return {
            "parameters": [[p.name, str(p.wire), p.required, list(p.shape)] for p in self.parameters],
            "outputs": [[f.name, str(to_arrow(f.type))] for f in self.outputs],
            "params": {p.name: p.default for p in self.params},
        }


def holds_null(wire: pa.DataType) -> bool:
    """Whether a model that declares this type can be given a null: integers and booleans have no form for one."""
    return not (pa.types.is_integer(wire) or pa.types.is_boolean(wire))
