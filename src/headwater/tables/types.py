"""The types that travel: what each M type becomes in a published Delta table, and what comes back.

=============  =====================================  ==============================================================
M type         stored as                              lost or refused
=============  =====================================  ==============================================================
logical        boolean
Int64.Type     long
number         double
decimal        decimal(precision, scale)              more than 38 digits has no plan type, so it never gets here
text           string
date           date
time           long: ticks of 100 ns since midnight   Delta has no time
datetime       timestamp, its clock taken as UTC      ticks below a microsecond, counted as a loss
datetimezone   timestamp (the instant), and a short   ticks below a microsecond, counted as a loss
               column ``NAME.offset`` (minutes)
duration       long: ticks of 100 ns                  Delta has no duration
binary         binary
record         struct, members as their own types     a datetimezone inside is a struct of ticks and offset
list           array
any            refused: a published column has one type
=============  =====================================  ==============================================================

An error cell becomes null and is counted, or fails the entity, by the caller's policy. Column names that differ only
by case, the empty name and a column that is called like another's offset column are refused by name.

A datetime is stored as ``timestamp`` and not as ``timestamp_ntz``: the latter needs a table of reader version 3,
which older readers cannot open. A reader that shows timestamps in a zone of its own shows a datetime moved by that
zone's offset; Headwater's readers, and any that shows UTC, do not.

Each column's field carries its M type: ``headwater.type`` in its metadata is the type as :func:`type_to_json` writes
it, and ``comment`` says in words what the stored form does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from headwater.errors import TableError
from headwater.plan.nodes import OFFSET_SUFFIX, Column
from headwater.plan.types import DataType, Field, Kind, from_arrow, to_arrow

TYPE_KEY = "headwater.type"
COMMENT_KEY = "comment"

UTC = pa.timestamp("us", "UTC")

_COMMENTS = {
    Kind.TIME: "M type time, in ticks of 100 ns since midnight",
    Kind.DURATION: "M type duration, in ticks of 100 ns",
    Kind.DATETIME: "M type datetime; its clock is stored as UTC",
    Kind.DATETIMEZONE: "M type datetimezone: the instant; its offset is the next column",
}
_OFFSET_COMMENT = "minutes that the clock of the column before is ahead of UTC"


@dataclass(frozen=True, slots=True)
class PublishedColumn:
    """A column of a published table, by its M name. ``id`` is the column of the stream it is staged from."""

    name: str
    type: DataType
    id: str = field(default="", compare=False)

    @property
    def stored(self) -> tuple[pa.Field[Any], ...]:
        """The Arrow fields it is stored in: one, or two for a datetimezone."""
        metadata = {TYPE_KEY: json.dumps(type_to_json(self.type), separators=(",", ":"))}
        if self.type.kind in _COMMENTS:
            metadata[COMMENT_KEY] = _COMMENTS[self.type.kind]
        fields = [pa.field(self.name, stored_type(self.type), metadata=metadata)]
        if self.type.kind is Kind.DATETIMEZONE:
            fields.append(pa.field(self.name + OFFSET_SUFFIX, pa.int16(), metadata={COMMENT_KEY: _OFFSET_COMMENT}))
        return tuple(fields)


@dataclass(frozen=True, slots=True)
class PublishedSchema:
    """The columns of a published table, in order; made by :func:`published_schema`, which checks them."""

    columns: tuple[PublishedColumn, ...]

    @property
    def stored(self) -> pa.Schema:
        """The Arrow schema of the table's files."""
        return pa.schema([stored for column in self.columns for stored in column.stored])

    def to_json(self) -> list[dict[str, Any]]:
        """JSON values: a list of columns with name and type."""
        return [{"name": c.name, "type": type_to_json(c.type), "id": c.id} for c in self.columns]

    @classmethod
    def from_json(cls, columns: Iterable[Mapping[str, Any]]) -> PublishedSchema:
        """What :meth:`to_json` wrote."""
        return cls(tuple(PublishedColumn(c["name"], type_from_json(c["type"]), c.get("id", "")) for c in columns))


def published_schema(columns: Sequence[Column]) -> PublishedSchema:
    """The schema that a plan's columns are published with.

    Raises:
        TableError: names that Delta cannot hold side by side, or a name that is empty.

    >>> from headwater.plan.types import DOUBLE
    >>> published_schema([Column("p", "Delay probability", DOUBLE)]).stored.names
    ['Delay probability']
    """
    published = tuple(PublishedColumn(c.name, c.type, c.id) for c in columns)
    stored = [one.name for column in published for one in column.stored]
    _check_names(stored, "column")
    for column in columns:
        _check_members(column.type, column.name)
    return PublishedSchema(published)


def stored_type(data_type: DataType) -> pa.DataType:
    """The Arrow type that a column, or a part of one, is stored in; a datetimezone's is that of its instant.

    >>> from headwater.plan.types import DATETIME_TICKS
    >>> str(stored_type(DATETIME_TICKS))
    'timestamp[us, tz=UTC]'
    """
    if data_type.kind is Kind.DATETIMEZONE:
        return UTC
    return _member_type(data_type)


def plan_type(stored: pa.Field[Any]) -> DataType | None:
    """The plan type of a stored field: what its metadata says, or for another writer's column what Arrow says."""
    noted = (stored.metadata or {}).get(TYPE_KEY.encode())
    if noted is not None:
        return restored(type_from_json(json.loads(noted)))
    if pa.types.is_timestamp(stored.type) and stored.type.unit == "us":
        return DataType(Kind.DATETIME)
    return from_arrow(stored.type)


def restored(data_type: DataType) -> DataType:
    """The type that a published column has when it is read: datetimes come back in microseconds."""
    if data_type.kind is Kind.DATETIME:
        return DataType(Kind.DATETIME)
    members = tuple(Field(f.name, restored(f.type)) for f in data_type.fields)
    item = None if data_type.item is None else restored(data_type.item)
    return DataType(data_type.kind, fields=members, item=item, precision=data_type.precision, scale=data_type.scale)


def type_to_json(data_type: DataType) -> Any:
    """A type as JSON values: its kind, or an object where the kind alone does not say it all.

    >>> from headwater.plan.types import DOUBLE, record_type
    >>> type_to_json(record_type({"p": DOUBLE}))
    {'kind': 'record', 'fields': [{'name': 'p', 'type': 'number'}]}
    """
    kind = data_type.kind.value
    match data_type.kind:
        case Kind.DECIMAL:
            return {"kind": kind, "precision": data_type.precision, "scale": data_type.scale}
        case Kind.DATETIME if data_type.unit == "tick":
            return {"kind": kind, "unit": "tick"}
        case Kind.RECORD:
            return {"kind": kind, "fields": [{"name": f.name, "type": type_to_json(f.type)} for f in data_type.fields]}
        case Kind.LIST:
            assert data_type.item is not None, "a list type has an item type"
            return {"kind": kind, "item": type_to_json(data_type.item)}
        case _:
            return kind


def type_from_json(value: Any) -> DataType:
    """What :func:`type_to_json` wrote.

    Raises:
        TableError: it is no such type.
    """
    parts: Any = {"kind": value} if isinstance(value, str) else value
    try:
        return DataType(
            Kind(parts["kind"]),
            fields=tuple(Field(f["name"], type_from_json(f["type"])) for f in parts.get("fields", ())),
            item=type_from_json(parts["item"]) if "item" in parts else None,
            precision=parts.get("precision", 38),
            scale=parts.get("scale", 4),
            unit="tick" if parts.get("unit") == "tick" else "us",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TableError("A column's type is written in a way that this version does not know.") from error


def _member_type(data_type: DataType) -> pa.DataType:
    match data_type.kind:
        case Kind.DATETIME:
            return UTC
        case Kind.RECORD:
            return pa.struct([pa.field(f.name, _member_type(f.type)) for f in data_type.fields])
        case Kind.LIST:
            assert data_type.item is not None, "a list type has an item type"
            # Delta's own name for the items of an array.
            return pa.list_(pa.field("element", _member_type(data_type.item)))
        case _:
            return to_arrow(data_type)


def _check_names(names: Sequence[str], what: str) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not name:
            raise TableError(f"A {what} without a name cannot be published.", hint="Give it a name.")
        twin = seen.setdefault(name.lower(), name)
        if twin is not name:
            raise TableError(
                f"The {what}s '{twin}' and '{name}' cannot be published together: Delta tables do not tell names apart"
                " by case.",
                hint="Rename one of them.",
            )


def _check_members(data_type: DataType, name: str) -> None:
    if data_type.kind is Kind.RECORD:
        if not data_type.fields:
            raise TableError(f"The column '{name}' cannot be published: its records have no fields.")
        _check_names([f.name for f in data_type.fields], f"field of column '{name}'")
    for member in (*(f.type for f in data_type.fields), *([data_type.item] if data_type.item else [])):
        _check_members(member, name)
