"""A signature as JSON, the way it is kept in the database.

Types of the plan are objects with a ``kind``; Arrow types are the names below, ``{"list": …}`` or
``{"struct": [[name, type], …]}``. In the defaults of params, a number that JSON has no form for is
``{"number": "NaN"}``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from headwater.errors import SchemaError
from headwater.models.signature import ModelParam, Parameter, Signature
from headwater.plan.types import DataType, Field, Kind

__all__ = ["signature_from_json", "signature_to_json"]

_VERSION = 1

_ARROW: Mapping[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp[s]": pa.timestamp("s"),
    "timestamp[ms]": pa.timestamp("ms"),
    "timestamp[us]": pa.timestamp("us"),
    "timestamp[ns]": pa.timestamp("ns"),
}
_NAMES = {kind: name for name, kind in _ARROW.items()}

_FAILURES = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def signature_to_json(signature: Signature) -> dict[str, Any]:
    """The signature as plain JSON values.

    Raises:
        SchemaError: a wire type has no name here.
    """
    return {
        "version": _VERSION,
        "parameters": [_parameter_to_json(parameter) for parameter in signature.parameters],
        "outputs": [[output.name, _type_to_json(output.type)] for output in signature.outputs],
        "params": [
            {"name": p.name, "type": p.type, "default": _default_to_json(p.default), "is_list": p.is_list}
            for p in signature.params
        ],
    }


def signature_from_json(content: Mapping[str, Any]) -> Signature:
    """What :func:`signature_to_json` wrote.

    Raises:
        SchemaError: it did not write this, or a later version did.
    """
    version = content.get("version") if isinstance(content, Mapping) else None
    if version != _VERSION:
        raise _unreadable(f"version {version} of it is not known here" if isinstance(version, int) else "it is none")
    try:
        signature = Signature(
            tuple(_parameter_from_json(parameter) for parameter in content["parameters"]),
            tuple(Field(str(name), _type_from_json(kind)) for name, kind in content["outputs"]),
            tuple(
                ModelParam(str(p["name"]), str(p["type"]), _default_from_json(p["default"]), is_list=bool(p["is_list"]))
                for p in content["params"]
            ),
        )
    except _FAILURES as error:
        raise _unreadable("a part of it is missing or of another form") from error
    if not signature.parameters or not signature.outputs:
        raise _unreadable("it has no parameter or no output")
    return signature


def _parameter_to_json(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "type": _type_to_json(parameter.type),
        "wire": _arrow_to_json(parameter.wire),
        "required": parameter.required,
        "description": parameter.description,
        "shape": list(parameter.shape),
    }


def _parameter_from_json(content: Mapping[str, Any]) -> Parameter:
    return Parameter(
        str(content["name"]),
        _type_from_json(content["type"]),
        _arrow_from_json(content["wire"]),
        bool(content["required"]),
        str(content["description"]),
        tuple(int(length) for length in content["shape"]),
    )


def _type_to_json(kind: DataType) -> dict[str, Any]:
    content: dict[str, Any] = {"kind": kind.kind.value, "nullable": kind.nullable}
    if kind.kind is Kind.DECIMAL:
        content |= {"precision": kind.precision, "scale": kind.scale}
    if kind.kind is Kind.DATETIME:
        content["unit"] = kind.unit
    if kind.kind is Kind.RECORD:
        content["fields"] = [[member.name, _type_to_json(member.type)] for member in kind.fields]
    if kind.item is not None:
        content["item"] = _type_to_json(kind.item)
    return content


def _type_from_json(content: Mapping[str, Any]) -> DataType:
    kind = Kind(content["kind"])
    unit = content.get("unit", "us")
    if unit not in {"us", "tick"} or (kind is Kind.LIST) != ("item" in content):
        raise ValueError("no type")
    return DataType(
        kind,
        nullable=bool(content["nullable"]),
        fields=tuple(Field(str(name), _type_from_json(member)) for name, member in content.get("fields", ())),
        item=_type_from_json(content["item"]) if "item" in content else None,
        precision=int(content.get("precision", 38)),
        scale=int(content.get("scale", 4)),
        unit=unit,
    )


def _arrow_to_json(kind: pa.DataType) -> Any:
    if kind in _NAMES:
        return _NAMES[kind]
    if pa.types.is_list(kind):
        return {"list": _arrow_to_json(kind.value_type)}
    if pa.types.is_struct(kind):
        return {"struct": [[kind.field(i).name, _arrow_to_json(kind.field(i).type)] for i in range(kind.num_fields)]}
    if pa.types.is_decimal128(kind):
        return {"decimal": [kind.precision, kind.scale]}
    raise SchemaError(
        f"A signature with the type {kind} cannot be kept.",
        code="model.schema.type",
        hint="Give the schema with whole numbers, numbers, texts, dates, lists and records alone.",
    )


def _arrow_from_json(content: Any) -> pa.DataType:
    if isinstance(content, str):
        return _ARROW[content]
    ((kind, inner),) = content.items()
    if kind == "list":
        return pa.list_(_arrow_from_json(inner))
    if kind == "decimal":
        precision, scale = inner
        return pa.decimal128(precision, scale)
    if kind != "struct":
        raise ValueError("no type")
    return pa.struct([pa.field(str(name), _arrow_from_json(member)) for name, member in inner])


def _default_to_json(default: Any) -> Any:
    if isinstance(default, float) and not math.isfinite(default):
        return {"number": str(default)}
    return [_default_to_json(item) for item in default] if isinstance(default, list | tuple) else default


def _default_from_json(content: Any) -> Any:
    if isinstance(content, Mapping):
        return float(content["number"])
    return [_default_from_json(item) for item in content] if isinstance(content, list) else content


def _unreadable(why: str) -> SchemaError:
    return SchemaError(
        f"A stored schema cannot be read: {why}.",
        code="model.schema.stored",
        hint="Supply the model's schema again, or run the version of Headwater that stored it.",
    )
