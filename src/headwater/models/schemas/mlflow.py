"""The signature that MLflow writes beside a model.

===================  ==========================  =================
MLflow               plan                        wire
===================  ==========================  =================
boolean              LOGICAL                     bool
integer, long        INT64                       int32, int64
float, double        DOUBLE                      float, double
string               TEXT                        string
binary               BINARY                      binary
datetime             DATETIME                    timestamp[ns]
array, tensor        LIST                        list
object               RECORD                      struct
map                  LIST of RECORD (key, value) list of struct
sparkml-vector       LIST of DOUBLE              list of double
===================  ==========================  =================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from headwater.errors import SchemaError
from headwater.models.signature import INPUT, PREDICTION, ModelParam, Parameter, Signature, holds_null
from headwater.plan.types import (
    BINARY,
    DATETIME,
    DOUBLE,
    INT64,
    LOGICAL,
    TEXT,
    DataType,
    Field,
    list_type,
    record_type,
)

__all__ = ["from_mlflow"]


def from_mlflow(
    inputs: Sequence[Mapping[str, Any]] | None,
    outputs: Sequence[Mapping[str, Any]] | None,
    params: Sequence[Mapping[str, Any]] | None = None,
    *,
    model: str = "the model",
    descriptions: Mapping[str, str] | None = None,
) -> Signature:
    """The signature that MLflow's parsed ``signature.inputs``, ``outputs`` and ``params`` declare.

    Args:
        inputs: the parsed JSON list, or None where the model was logged without.
        outputs: likewise.
        params: likewise; None means no params.
        model: the model's name, for messages.
        descriptions: a text per parameter name.

    Raises:
        SchemaError: inputs or outputs are missing, or a type has no place in a plan.

    >>> signature = from_mlflow(
    ...     [{"name": "distance", "type": "long", "required": True}],
    ...     [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}],
    ... )
    >>> [(p.name, p.type.kind.name, str(p.wire)) for p in signature.parameters]
    [('distance', 'INT64', 'int64')]
    >>> signature.outputs[0].name, signature.result.kind.name
    ('prediction', 'DOUBLE')
    """
    _require(inputs, "inputs", model)
    _require(outputs, "outputs", model)
    texts = descriptions or {}
    taken = [_parameter(spec, name, texts.get(name, ""), model) for spec, name in _named(inputs or (), INPUT)]
    given = [Field(name, _output_type(spec, name, model)) for spec, name in _named(outputs or (), PREDICTION)]
    settings = [
        ModelParam(str(p["name"]), str(p["type"]), p.get("default"), is_list=p.get("shape") is not None)
        for p in params or ()
    ]
    return Signature(tuple(taken), tuple(given), tuple(settings))


def _require(columns: Sequence[Mapping[str, Any]] | None, part: str, model: str) -> None:
    if columns:
        return
    raise SchemaError(
        f"The signature of {model} has no {part}, so its function cannot be typed.",
        code=f"model.schema.no_{part}",
        place=model,
        hint="Log the model with signature=mlflow.models.infer_signature(inputs, model.predict(inputs)).",
    )


def _named(specs: Sequence[Mapping[str, Any]], alone: str) -> list[tuple[Mapping[str, Any], str]]:
    """Each spec with its name; nameless ones are called ``alone``, or ``alone_1``, ``alone_2`` … when several."""
    if len(specs) == 1:
        return [(specs[0], specs[0].get("name") or alone)]
    return [(spec, spec.get("name") or f"{alone}_{position}") for position, spec in enumerate(specs, start=1)]


@dataclass(frozen=True, slots=True)
class _Typed:
    plan: DataType
    wire: pa.DataType
    shape: tuple[int, ...] = ()


_SCALARS: dict[str, _Typed] = {
    "boolean": _Typed(LOGICAL, pa.bool_()),
    "integer": _Typed(INT64, pa.int32()),
    "long": _Typed(INT64, pa.int64()),
    "float": _Typed(DOUBLE, pa.float32()),
    "double": _Typed(DOUBLE, pa.float64()),
    "string": _Typed(TEXT, pa.string()),
    "binary": _Typed(BINARY, pa.binary()),
    "datetime": _Typed(DATETIME, pa.timestamp("ns")),
    "sparkml-vector": _Typed(list_type(DOUBLE), pa.list_(pa.float64())),
}


def _parameter(spec: Mapping[str, Any], name: str, description: str, model: str) -> Parameter:
    typed = _typed(spec, name, model)
    required = bool(spec.get("required", True))
    nullable = not required and holds_null(typed.wire)
    return Parameter(name, replace(typed.plan, nullable=nullable), typed.wire, required, description, typed.shape)


def _output_type(spec: Mapping[str, Any], name: str, model: str) -> DataType:
    return _typed(spec, name, model).plan


def _typed(spec: Mapping[str, Any], name: str, model: str) -> _Typed:
    kind = str(spec.get("type"))
    if kind in _SCALARS:
        return _SCALARS[kind]
    nested: dict[str, Callable[[Mapping[str, Any], str, str], _Typed]] = {
        "tensor": _tensor,
        "array": _array,
        "object": _object,
        "map": _map,
    }
    if kind not in nested:
        raise _untyped(f"'{name}' has the type '{kind}'", model)
    return nested[kind](spec, name, model)


def _array(spec: Mapping[str, Any], name: str, model: str) -> _Typed:
    item = _typed(spec["items"], name, model)
    return _Typed(list_type(item.plan), pa.list_(item.wire))


def _object(spec: Mapping[str, Any], name: str, model: str) -> _Typed:
    members = {key: _typed(value, f"{name}.{key}", model) for key, value in spec["properties"].items()}
    return _record(members)


def _map(spec: Mapping[str, Any], name: str, model: str) -> _Typed:
    entry = _record({"key": _SCALARS["string"], "value": _typed(spec["values"], name, model)})
    return _Typed(list_type(entry.plan), pa.list_(entry.wire))


def _record(members: Mapping[str, _Typed]) -> _Typed:
    plan = record_type({key: member.plan for key, member in members.items()})
    return _Typed(plan, pa.struct([pa.field(key, member.wire) for key, member in members.items()]))


def _tensor(spec: Mapping[str, Any], name: str, model: str) -> _Typed:
    tensor = spec["tensor-spec"]
    batch, *inner = tensor["shape"]
    if batch != -1:
        raise _untyped(f"'{name}' is a tensor without a batch dimension (-1) in front", model)
    typed = _tensor_element(str(tensor["dtype"]), name, model)
    for _ in inner:
        typed = _Typed(list_type(typed.plan), pa.list_(typed.wire))
    return replace(typed, shape=tuple(inner))


#: NumPy's names of element types, by what they start with, beside those that Arrow knows by the same name.
_TENSOR_PREFIXES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("datetime64",), "datetime"),
    (("str", "object", "<U", "U"), "string"),
    (("bytes", "|S", "S"), "binary"),
)

_TENSOR_NUMBERS: dict[str, _Typed] = {
    "bool": _SCALARS["boolean"],
    **{n: _Typed(INT64, pa.type_for_alias(n)) for n in ("int8", "int16", "int32", "int64")},
    **{n: _Typed(INT64, pa.type_for_alias(n)) for n in ("uint8", "uint16", "uint32", "uint64")},
    "float16": _Typed(DOUBLE, pa.float32()),
    "float32": _SCALARS["float"],
    "float64": _SCALARS["double"],
}


def _tensor_element(dtype: str, name: str, model: str) -> _Typed:
    if dtype in _TENSOR_NUMBERS:
        return _TENSOR_NUMBERS[dtype]
    for prefixes, scalar in _TENSOR_PREFIXES:
        if dtype.startswith(prefixes):
            return _SCALARS[scalar]
    raise _untyped(f"'{name}' is a tensor of '{dtype}'", model)


def _untyped(what: str, model: str) -> SchemaError:
    return SchemaError(
        f"In the signature of {model}, {what}, which no function parameter or result can have.",
        code="model.schema.type",
        place=model,
        hint=f"Log the model with a signature of {_listed(_SCALARS)}, arrays, objects, maps or tensors of these.",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name != "sparkml-vector")
