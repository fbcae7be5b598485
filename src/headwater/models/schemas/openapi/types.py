"""The types of a description, as the plan's and Arrow's.

=============================  ==========  ==============  ====================
OpenAPI                        plan        wire            written as
=============================  ==========  ==============  ====================
boolean                        LOGICAL     bool            true
integer (int8 … uint64)        INT64       int64, or so    1
number (float, double)         DOUBLE      float, double   1.5
string, enum, uuid, time       TEXT        string          "x"
string: date                   DATE        date32          "2026-01-31"
string: date-time              DATETIME    timestamp[us]   "2026-01-31T08:30:00"
string: byte, binary, base64   BINARY      binary          Base64
array                          LIST        list            […]
object with properties         RECORD      struct          {…}
=============================  ==========  ==============  ====================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from headwater.models.schemas.openapi.nodes import Node
from headwater.models.schemas.openapi.refusals import refusal
from headwater.models.signature import ModelParam
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LOGICAL,
    TEXT,
    DataType,
    Kind,
    list_type,
    record_type,
)

__all__ = ["Reader", "Typed", "by_example", "param_of", "takes_null", "typed"]

Reader: TypeAlias = Literal["json", "pandas", "numpy", "python"]
"""Who reads a value at the service: it decides which types have a null, and how bytes are written. ``json`` is whoever
keeps to the description; the others are the three kinds of parameters that Azure's decorators know."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A type of the plan, and the one in which checked batches hold its values."""

    plan: DataType
    wire: pa.DataType


_INTEGERS: Mapping[str, pa.DataType] = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
}

_STRINGS: Mapping[str, Typed] = {
    "date": Typed(DATE, pa.date32()),
    "date-time": Typed(DATETIME, pa.timestamp("us")),
    "byte": Typed(BINARY, pa.binary()),
    "binary": Typed(BINARY, pa.binary()),
    "base64": Typed(BINARY, pa.binary()),
}

_TEXT = Typed(TEXT, pa.string())


def typed(node: Node, name: str, reader: Reader, model: str) -> Typed:
    """The type of ``node``, called ``name`` in messages.

    Raises:
        SchemaError: it has none that a parameter or result can have.
    """
    match node.kind:
        case "boolean":
            return Typed(LOGICAL, pa.bool_())
        case "integer":
            return Typed(INT64, _INTEGERS.get(node.format.lower(), pa.int64()))
        case "number":
            return Typed(DOUBLE, pa.float32() if node.format.lower() == "float" else pa.float64())
        case "string":
            return _string(node.format.lower(), reader)
        case "array" if node.items is not None:
            item = typed(node.items, f"{name}[]", reader, model)
            return Typed(list_type(item.plan), pa.list_(item.wire))
        case "object" if node.properties:
            members = {key: typed(member, f"{name}.{key}", reader, model) for key, member in node.properties.items()}
            wire = pa.struct([pa.field(key, member.wire) for key, member in members.items()])
            return Typed(record_type({key: member.plan for key, member in members.items()}), wire)
    why = node.why or ("it is a map of any names" if node.values else "it is an object without properties")
    raise refusal("type", f"In the description of {model}, '{name}' cannot be typed: {why}.", model)


def _string(kind: str, reader: Reader) -> Typed:
    # NumPy's bytes are not decoded at the service: what is sent is what it gets.
    if reader == "numpy" and kind in {"byte", "binary"}:
        return _TEXT
    return _STRINGS.get(kind, _TEXT)


#: What a null becomes at the service is a missing value for these alone: an entry script's truth values become false,
#: NumPy's texts "None", and whole numbers fail.
_NULLABLE: Mapping[Reader, frozenset[Kind]] = {
    "pandas": frozenset({Kind.DOUBLE, Kind.TEXT, Kind.DATETIME}),
    "numpy": frozenset({Kind.DOUBLE, Kind.DATETIME}),
    "python": frozenset(),
    "json": frozenset(),
}


def takes_null(kind: DataType, reader: Reader) -> bool:
    """Whether a service that says nothing of nulls takes one for this type."""
    return kind.kind in _NULLABLE[reader]


def param_of(node: Node, name: str, model: str, default: Any) -> ModelParam:
    """A setting of the call; raises SchemaError where it is neither a scalar nor a list of scalars."""
    inner = node.items if node.kind == "array" and node.items is not None else node
    if not inner.scalar:
        raise refusal("type", f"In the description of {model}, the setting '{name}' is no single value.", model)
    return ModelParam(name, _param_type(inner), default, is_list=node.kind == "array")


def _param_type(node: Node) -> str:
    if node.kind == "integer":
        return "integer" if node.format.lower() in {"int8", "int16", "int32"} else "long"
    if node.kind == "number":
        return "float" if node.format.lower() == "float" else "double"
    if node.kind == "string" and node.format.lower() == "date-time":
        return "datetime"
    return node.kind


def by_example(values: list[Any]) -> Node:
    """What the values of one column are, by themselves: for forms whose description tells no column's type.

    >>> by_example([1, 2.5]).kind, by_example(["2026-01-31T08:30:00.000", None]).format
    ('number', 'date-time')
    """
    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"integer", "number"}:
        return Node("number", format="double")
    if len(kinds) != 1:
        return Node("any", why="its examples are of several types" if kinds else "it has no example")
    (kind,) = kinds
    if kind == "string" and all(value is None or _is_moment(value) for value in values):
        return Node("string", format="date-time")
    if kind == "array":
        return replace(Node("array"), items=by_example([item for value in values if value for item in value]))
    return Node(kind, why="its examples are objects" if kind == "any" else "")


def _kind(value: object) -> str:
    names = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "any")


def _is_moment(text: str) -> bool:
    """Exactly as pandas writes moments: a text that people write is hardly ever that."""
    return len(text.removesuffix("Z")) == len("2026-01-31T08:30:00.000") and text[10] == "T" and text[19] == "."
