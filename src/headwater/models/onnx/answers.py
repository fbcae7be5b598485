"""From what an ONNX graph gives to one column for each output of a signature.

Outputs are found by name; one alone is itself, whatever it is called. Tensors become values or lists; the probabilities
by class that classifiers made from scikit-learn give become records, lists of keys and values, or lists of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headwater.errors import SchemaError
from headwater.models.arrow import Array
from headwater.models.forms.base import FormError, LengthError
from headwater.models.onnx.graph import Port
from headwater.models.signature import PREDICTION, Signature

__all__ = ["Answers"]


@dataclass(frozen=True, slots=True)
class Answers:
    """Which of a graph's outputs are asked for, and what they become."""

    names: tuple[str, ...]
    schema: pa.Schema

    @classmethod
    def match(cls, ports: Sequence[Port], signature: Signature) -> Answers:
        """Find the graph's output for each of the signature's.

        Raises:
            SchemaError: the graph gives something else than the signature says.
        """
        given, wanted = [port.name for port in ports], [field.name for field in signature.outputs]
        unnamed = [f"{PREDICTION}_{position}" for position in range(1, len(given) + 1)]
        if set(wanted) <= set(given):
            return cls(tuple(wanted), signature.output_schema)
        if len(given) == len(wanted) == 1 or wanted == unnamed:
            return cls(tuple(given), signature.output_schema)
        raise SchemaError(
            f"The ONNX graph gives {', '.join(given)}, and the signature says {', '.join(wanted)}.",
            code="model.schema.graph",
            hint="Log the model with outputs of the names that its graph has, or let them be taken from the graph.",
        )

    def batch(self, values: Sequence[Any], rows: int) -> pa.RecordBatch:
        """What the graph gave, as a batch of the signature's output schema.

        Raises:
            LengthError: it has another number of rows.
            FormError: it holds values of another type.
        """
        columns = [_column(value, field, rows) for value, field in zip(values, self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _column(values: Any, field: Any, rows: int) -> Array:
    is_list = isinstance(values, list)
    if not is_list and not (isinstance(values, np.ndarray) and values.ndim):
        raise FormError(f"the answer for '{field.name}' is no column")
    if len(values) != rows:
        raise LengthError(f"{len(values)} rows for {rows}")
    try:
        return _from_maps(values, field.type) if is_list else _from_tensor(values, field.type)
    except (pa.ArrowException, TypeError, ValueError, KeyError):
        # Without the cause: Arrow quotes the value.
        raise FormError(f"the answer for '{field.name}' does not convert to {field.type}") from None


def _from_tensor(tensor: np.ndarray[Any, Any], kind: pa.DataType) -> Array:
    if tensor.ndim == 2 and tensor.shape[1] == 1 and not pa.types.is_list(kind):
        tensor = tensor[:, 0]
    flat = tensor.reshape(-1)
    column = pa.array(flat.tolist(), pa.string()) if tensor.dtype.kind in "OU" else pa.array(flat)
    element = kind
    while pa.types.is_list(element):
        element = element.value_type
    column = column.cast(element)
    for axis in range(tensor.ndim - 1, 0, -1):
        lists, length = int(np.prod(tensor.shape[:axis])), tensor.shape[axis]
        offsets = pa.array(np.arange(lists + 1, dtype=np.int64) * length, pa.int32())
        column = pa.ListArray.from_arrays(offsets, column)
    return column.cast(kind)


def _from_maps(maps: list[Mapping[Any, Any]], kind: pa.DataType) -> Array:
    if not all(isinstance(each, dict) for each in maps):
        raise TypeError("no sequence of maps")
    if pa.types.is_struct(kind):
        named = [{str(key): value for key, value in each.items()} for each in maps]
        columns = [pa.array([each[member.name] for each in named], member.type) for member in kind]
        return pa.StructArray.from_arrays(columns, fields=list(kind))
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        entries = [[{"key": str(key), "value": value} for key, value in each.items()] for each in maps]
        return pa.array(entries, kind)
    return pa.array([list(each.values()) for each in maps], kind)
