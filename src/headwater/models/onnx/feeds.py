"""From a checked batch to what an ONNX graph takes.

As MLflow does it: a graph with one input gets all columns side by side in the order of the signature, one with several
gets the column of each input's name. Numbers are converted to what the graph takes; null is NaN where it takes
floating-point numbers, and has no form elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from headwater.errors import SchemaError
from headwater.models.arrow import Array, compute
from headwater.models.onnx.graph import Port
from headwater.models.signature import Parameter, Signature

__all__ = ["Feeds", "UnfitError"]

NumPy: TypeAlias = np.ndarray[Any, Any]


class UnfitError(Exception):
    """A batch holds a value for which the graph has no form. The message holds no value."""


@dataclass(frozen=True, slots=True)
class Feeds:
    """How batches of a signature become what a graph takes: the positions of the columns of each input."""

    columns: tuple[tuple[Port, tuple[int, ...]], ...]

    @classmethod
    def match(cls, ports: Sequence[Port], signature: Signature) -> Feeds:
        """Find the columns of each input.

        Raises:
            SchemaError: the graph takes something else than the signature says.
        """
        parameters = signature.parameters
        if len(ports) == 1:
            chosen = [(ports[0], tuple(range(len(parameters))))]
        else:
            positions = {parameter.name: position for position, parameter in enumerate(parameters)}
            missing = [port.name for port in ports if port.name not in positions]
            if missing:
                raise _mismatch(f"takes {_listed(missing)}, which the signature lacks")
            chosen = [(port, (positions[port.name],)) for port in ports]
        for port, indices in chosen:
            _check(port, [parameters[i] for i in indices])
        return cls(tuple(chosen))

    def arrays(self, batch: pa.RecordBatch) -> dict[str, NumPy]:
        """One array for each input.

        Raises:
            UnfitError: see there.
        """
        return {port.name: _array(port, [batch.column(i) for i in indices]) for port, indices in self.columns}


def _check(port: Port, parameters: Sequence[Parameter]) -> None:
    for parameter in parameters:
        element, depth = _element(parameter.wire)
        if not _takes(port.element, element):
            raise _mismatch(f"takes {port.element} for '{parameter.name}', which the signature has as {element}")
        rank = depth + 1 if len(parameters) == 1 else 2
        if len(port.shape) != rank and not (rank == 1 and len(port.shape) == 2 and port.shape[1] in (1, -1)):
            raise _mismatch(f"takes arrays of rank {len(port.shape)} for '{parameter.name}'")
        if depth and len(parameters) > 1:
            raise _mismatch(f"has one input for several parameters, and '{parameter.name}' is itself a list")
    width = port.shape[1] if len(port.shape) == 2 else -1
    if len(parameters) > 1 and width not in (-1, len(parameters)):
        raise _mismatch(f"takes {width} columns, and the signature has {len(parameters)}")


def _element(wire: pa.DataType) -> tuple[pa.DataType, int]:
    depth = 0
    while pa.types.is_list(wire):
        wire, depth = wire.value_type, depth + 1
    return wire, depth


def _takes(element: str, wire: pa.DataType) -> bool:
    """Whether values of the wire type become elements of the graph's without losing what they say."""
    if element == "string" or pa.types.is_string(wire):
        return element == "string" and bool(pa.types.is_string(wire))
    if element == "bool":
        return bool(pa.types.is_boolean(wire))
    if pa.types.is_floating(wire):
        return element in ("float", "double", "float16")
    return bool(pa.types.is_integer(wire) or pa.types.is_boolean(wire))


_DTYPES = {"float": "float32", "double": "float64", "string": "object"}


def _array(port: Port, columns: Sequence[Array]) -> NumPy:
    dtype = np.dtype(_DTYPES.get(port.element, port.element))
    if len(columns) == 1:
        flat, lengths = _flattened(columns[0], port.name)
        lengths += [1] * (len(port.shape) - len(lengths))
        return _values(flat, dtype, port.name).reshape(lengths)
    table = np.empty((len(columns), len(columns[0])), dtype)
    for position, column in enumerate(columns):
        table[position] = _values(column, dtype, port.name)
    return np.ascontiguousarray(table.T)  # turned at once: writing columns between each other takes twice as long


def _flattened(column: Array, name: str) -> tuple[Array, list[int]]:
    """The items of nested lists, and the lengths of the array they make, which have to be the same in each row."""
    lengths = [len(column)]
    while pa.types.is_list(column.type):
        shortest, longest = compute.min_max(compute.list_value_length(column)).as_py().values()
        if column.null_count or shortest != longest:
            raise UnfitError(f"the rows for '{name}' have lists of different lengths, or none")
        lengths.append(longest or 0)
        column = column.flatten()
    return column, lengths


def _values(column: Array, dtype: np.dtype[Any], name: str) -> NumPy:
    if column.null_count and dtype.kind != "f":
        raise UnfitError(f"there is a null for '{name}', of which the graph has no form")
    if column.null_count and pa.types.is_boolean(column.type):
        column = column.cast(pa.float32())
    values: NumPy = column.to_numpy(zero_copy_only=False)
    if dtype.kind in "iu" and values.dtype != dtype and values.dtype.kind in "iu" and len(values):
        limits = np.iinfo(dtype)
        if int(values.min()) < limits.min or int(values.max()) > limits.max:
            raise UnfitError(f"a whole number for '{name}' is beyond what the graph holds")
    return values.astype(dtype, copy=False)


def _mismatch(what: str) -> SchemaError:
    return SchemaError(
        f"The ONNX graph {what}.",
        code="model.schema.graph",
        hint="Log the model with the signature of what its graph takes, or let it be taken from the graph.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
