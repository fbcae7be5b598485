"""What an ONNX graph takes and gives, and the session that runs it.

=============================  =========  ==================
element of a tensor            plan       wire
=============================  =========  ==================
float, float16                 DOUBLE     float
double                         DOUBLE     double
int8 … int64, uint8 … uint64   INT64      the same
bool                           LOGICAL    bool
string                         TEXT       string
=============================  =========  ==================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.errors import ModelError, SchemaError
from headwater.models.onnx.artifact import OnnxArtifact, open_artifact
from headwater.models.signature import Parameter, Signature
from headwater.plan.types import DOUBLE, INT64, LOGICAL, TEXT, DataType, Field, list_type, record_type

__all__ = ["Port", "Session", "failures", "inputs_of", "open_session", "outputs_of", "signature_from_onnx"]

Session = Any
"""An ``onnxruntime.InferenceSession``."""

_ELEMENTS: dict[str, tuple[DataType, pa.DataType]] = {
    "float": (DOUBLE, pa.float32()),
    "float16": (DOUBLE, pa.float32()),
    "double": (DOUBLE, pa.float64()),
    **{name: (INT64, pa.type_for_alias(name)) for name in ("int8", "int16", "int32", "int64")},
    **{name: (INT64, pa.type_for_alias(name)) for name in ("uint8", "uint16", "uint32", "uint64")},
    "bool": (LOGICAL, pa.bool_()),
    "string": (TEXT, pa.string()),
}

_TENSOR = re.compile(r"tensor\((\w+)\)")
_MAPS = re.compile(r"seq\(map\(\w+,tensor\(\w+\)\)\)")


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph: ``type`` as ONNX writes it; ``shape`` has -1 where any length will do."""

    name: str
    type: str
    shape: tuple[int, ...]

    @property
    def element(self) -> str:
        """What a tensor holds; "" of anything but tensors."""
        match = _TENSOR.fullmatch(self.type)
        return match[1] if match else ""


def open_session(artifact: OnnxArtifact) -> Session:
    """A session of ONNX Runtime: on the CPU, in the thread that calls it, silent, without operators of others.

    Raises:
        ModelError: ONNX Runtime cannot load the graph.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 4  # what it logs of a failure quotes values
    try:
        return onnxruntime.InferenceSession(str(artifact.path), options, providers=["CPUExecutionProvider"])
    except failures() as error:
        raise ModelError(
            f"ONNX Runtime cannot load the graph ({type(error).__name__}).",
            code="model.load",
            hint="Check it with onnx.checker.check_model, and that it needs no operators of its own.",
        ) from None


def failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; these have no class in common that nothing else has."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    known = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*known, RuntimeError, ValueError, TypeError, MemoryError)


def inputs_of(session: Session) -> tuple[Port, ...]:
    """What the graph takes.

    Raises:
        SchemaError: an input is none that a row has a part of.
    """
    ports = tuple(_port(node) for node in session.get_inputs())
    for port in ports:
        if port.element not in _ELEMENTS or not port.shape:
            raise _untyped(f"takes '{port.name}', which is {port.type} of rank {len(port.shape)}")
        if port.shape[0] >= 0:
            raise SchemaError(
                f"The ONNX graph takes exactly {port.shape[0]} rows at a time.",
                code="model.schema.batch",
                place=port.name,
                hint="Export it with a first dimension of any length, e.g. dynamic_axes={'input': {0: 'batch'}}.",
            )
    return ports


def outputs_of(session: Session) -> tuple[Port, ...]:
    """What the graph gives."""
    return tuple(_port(node) for node in session.get_outputs())


def _port(node: Any) -> Port:
    lengths = (length if isinstance(length, int) else -1 for length in node.shape or ())
    return Port(node.name, node.type, tuple(lengths))


def signature_from_onnx(folder: Path) -> Signature:
    """The signature that the graph of an ONNX model in an MLflow artifact declares itself.

    An input of one value for each row is a parameter of its own; one of several is a list. Names are the graph's. The
    probabilities that a classifier gives by class are a record.

    Raises:
        ModelError: there is no ONNX model, or it cannot be loaded.
        SchemaError: it takes or gives something that no row has a part of.
    """
    artifact = open_artifact(folder)
    session = open_session(artifact)
    parameters = tuple(_parameter(port) for port in inputs_of(session))
    return Signature(parameters, _outputs(outputs_of(session), artifact.labels))


def _parameter(port: Port) -> Parameter:
    plan, wire, shape = _typed(port)
    return Parameter(port.name, replace(plan, nullable=False), wire, shape=shape)


def _typed(port: Port) -> tuple[DataType, pa.DataType, tuple[int, ...]]:
    plan, wire = _ELEMENTS[port.element]
    inner = () if port.shape[1:] == (1,) else port.shape[1:]
    for _ in inner:
        plan, wire = list_type(plan), pa.list_(wire)
    return plan, wire, inner


def _outputs(ports: Sequence[Port], labels: Mapping[str, tuple[str, ...]]) -> tuple[Field, ...]:
    return tuple(Field(port.name, _output_type(port, labels.get(port.name, ()))) for port in ports)


def _output_type(port: Port, labels: tuple[str, ...]) -> DataType:
    if _MAPS.fullmatch(port.type):
        if labels:
            return record_type(dict.fromkeys(labels, DOUBLE))
        return list_type(record_type({"key": TEXT, "value": DOUBLE}))
    if port.element not in _ELEMENTS or not port.shape:
        raise _untyped(f"gives '{port.name}', which is {port.type} of rank {len(port.shape)}")
    return _typed(port)[0]


def _untyped(what: str) -> SchemaError:
    return SchemaError(
        f"The ONNX graph {what}: rows have no part of that.",
        code="model.schema.type",
        hint="Export a graph whose inputs and outputs are tensors of numbers, texts or booleans, one row each.",
    )
