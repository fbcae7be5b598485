"""The types of a plan's columns, and how each travels in Arrow.

A plan column always has one concrete type: columns that mix kinds of values stay with the evaluator. The Arrow form
of each kind, the only one that engines and model calls see:

=============  =======================================================================
kind           Arrow
=============  =======================================================================
LOGICAL        bool
INT64          int64; never passes through a double
DOUBLE         float64
DECIMAL        decimal128(precision, scale)
TEXT           string
DATE           date32
TIME           int64, ticks of 100 ns since midnight
DATETIME       unit "us": timestamp[us]; unit "tick": int64, ticks of 100 ns since 0001-01-01
DATETIMEZONE   struct<instant: int64 ticks (UTC) since 0001-01-01, offset: int16 minutes>
DURATION       int64, ticks of 100 ns
BINARY         binary
RECORD         struct
LIST           list
=============  =======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

import pyarrow as pa


class Kind(Enum):
    LOGICAL = "logical"
    INT64 = "int64"
    DOUBLE = "number"
    DECIMAL = "decimal"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DATETIMEZONE = "datetimezone"
    DURATION = "duration"
    BINARY = "binary"
    RECORD = "record"
    LIST = "list"


NUMERIC = frozenset({Kind.INT64, Kind.DOUBLE, Kind.DECIMAL})


@dataclass(frozen=True, slots=True)
class Field:
    """A named member of a record type, or a parameter of a function."""

    name: str
    type: DataType


@dataclass(frozen=True, slots=True)
class DataType:
    """A column type.

    ``fields`` belong to RECORD, ``item`` to LIST, ``precision`` and ``scale`` to DECIMAL, ``unit`` to DATETIME.
    """

    kind: Kind
    nullable: bool = True
    fields: tuple[Field, ...] = ()
    item: DataType | None = None
    precision: int = 38
    scale: int = 4
    unit: Literal["us", "tick"] = "us"

    def as_nullable(self) -> DataType:
        return self if self.nullable else replace(self, nullable=True)

    def same_kind(self, other: DataType) -> bool:
        """True when both hold values of one M kind in one Arrow type (time and int64 share only the latter)."""
        return _shape(self) == _shape(other)


LOGICAL = DataType(Kind.LOGICAL)
INT64 = DataType(Kind.INT64)
DOUBLE = DataType(Kind.DOUBLE)
TEXT = DataType(Kind.TEXT)
DATE = DataType(Kind.DATE)
TIME = DataType(Kind.TIME)
DATETIME = DataType(Kind.DATETIME)
DATETIME_TICKS = DataType(Kind.DATETIME, unit="tick")
DATETIMEZONE = DataType(Kind.DATETIMEZONE)
DURATION = DataType(Kind.DURATION)
BINARY = DataType(Kind.BINARY)


def record_type(fields: dict[str, DataType]) -> DataType:
    """A record with these fields, in this order."""
    return DataType(Kind.RECORD, fields=tuple(Field(name, kind) for name, kind in fields.items()))


def list_type(item: DataType) -> DataType:
    """A list of such items."""
    return DataType(Kind.LIST, item=item)


_SIMPLE_ARROW: dict[Kind, pa.DataType] = {
    Kind.LOGICAL: pa.bool_(),
    Kind.INT64: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.TEXT: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.int64(),
    Kind.DURATION: pa.int64(),
    Kind.BINARY: pa.binary(),
    Kind.DATETIMEZONE: pa.struct([("instant", pa.int64()), ("offset", pa.int16())]),
}


def to_arrow(data_type: DataType) -> pa.DataType:
    """The Arrow type that values of ``data_type`` travel in.

    >>> str(to_arrow(record_type({"p": DOUBLE, "late": LOGICAL})))
    'struct<p: double, late: bool>'
    """
    match data_type.kind:
        case Kind.DECIMAL:
            return pa.decimal128(data_type.precision, data_type.scale)
        case Kind.DATETIME:
            return pa.timestamp("us") if data_type.unit == "us" else pa.int64()
        case Kind.RECORD:
            return pa.struct([pa.field(f.name, to_arrow(f.type)) for f in data_type.fields])
        case Kind.LIST:
            assert data_type.item is not None, "a list type has an item type"
            return pa.list_(to_arrow(data_type.item))
        case simple:
            return _SIMPLE_ARROW[simple]


def _shape(data_type: DataType) -> tuple[object, ...]:
    members = tuple((f.name, _shape(f.type)) for f in data_type.fields)
    item = None if data_type.item is None else _shape(data_type.item)
    return data_type.kind, to_arrow(data_type), members, item


def from_arrow(arrow: pa.DataType) -> DataType | None:
    """The plan type for a foreign Arrow type (a Parquet or Delta column), or None where there is none.

    Integers narrower than 64 bits become INT64, floats DOUBLE, timestamps without zone DATETIME. uint64, nanosecond
    timestamps and zoned timestamps are refused (None): the caller converts or reports them, nothing is rounded here.
    """
    if pa.types.is_boolean(arrow):
        return LOGICAL
    if pa.types.is_integer(arrow):
        return None if pa.types.is_uint64(arrow) else INT64
    if pa.types.is_floating(arrow):
        return DOUBLE
    if pa.types.is_decimal128(arrow):
        return DataType(Kind.DECIMAL, precision=arrow.precision, scale=arrow.scale)
    if pa.types.is_string(arrow) or pa.types.is_large_string(arrow) or pa.types.is_string_view(arrow):
        return TEXT
    if pa.types.is_binary(arrow) or pa.types.is_large_binary(arrow):
        return BINARY
    if pa.types.is_date32(arrow):
        return DATE
    if pa.types.is_timestamp(arrow) and arrow.tz is None and arrow.unit != "ns":
        return DATETIME
    return _nested_from_arrow(arrow)


def _nested_from_arrow(arrow: pa.DataType) -> DataType | None:
    if pa.types.is_struct(arrow):
        members = {arrow.field(i).name: from_arrow(arrow.field(i).type) for i in range(arrow.num_fields)}
        known = {name: kind for name, kind in members.items() if kind is not None}
        return record_type(known) if len(known) == len(members) else None
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        item = from_arrow(arrow.value_type)
        return None if item is None else list_type(item)
    return None
