"""The types of JSON values, and what a column of them is.

Several values of one column are one type together: whole numbers and others are numbers, null beside anything makes it
nullable, objects have all members that any of them has, and a member that one of them lacks is nullable. Values of
kinds that do not go together are nobody's type, and an error that names the field.

===============  =========  =========================================
JSON             plan       wire
===============  =========  =========================================
true, false      LOGICAL    bool
whole number     INT64      int64
other number     DOUBLE     double
text             TEXT       string; a date or a moment is text too
array            LIST       list of what its items are together
object           RECORD     struct of its members
===============  =========  =========================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import pyarrow as pa

from headwater.errors import SchemaError
from headwater.plan.types import DOUBLE, INT64, LOGICAL, TEXT, DataType, Kind, list_type, record_type

__all__ = ["DEEPEST", "Typed", "typed_column", "typed_values"]

_INT64_MAX = 2**63 - 1

#: Nobody's values are nested deeper; each level here is a call of this module's functions.
DEEPEST = 32

_STATE = "State the type of that field, or give a sample in which it has a value."


@dataclass(frozen=True, slots=True)
class Typed:
    """A type in a plan (nullable or not), the Arrow type it is sent in, and whether every row has the field.

    ``shape`` holds the lengths of nested lists that are as long in each row (-1 where they are not), for columns that
    are tensors.
    """

    plan: DataType
    wire: pa.DataType
    present: bool = True
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one field: ``kind`` is None as long as there was nothing but null."""

    kind: Kind | None
    nullable: bool = False
    present: bool = True
    members: Mapping[str, _Seen] = field(default_factory=dict)
    item: _Seen | None = None
    length: int = -1


def typed_values(values: Iterable[Any], name: str) -> Typed:
    """The type that all values of a column have together.

    Args:
        values: parsed JSON.
        name: the column's, for messages.

    Raises:
        SchemaError: they do not go together, or there is nothing but null or empty arrays to tell a type by.

    >>> typed_values([1, 2.5, None], "x").wire, typed_values([[1], [2, 3]], "x").plan.item.kind
    (DataType(double), <Kind.INT64: 'int64'>)
    """
    return typed_column([{name: value} for value in values], name)


def typed_column(rows: Sequence[Mapping[str, Any]], name: str) -> Typed:
    """The type of one member of several objects, some of which may lack it; see :func:`typed_values`."""
    seen = [_look(row[name], name, 0) if name in row else _ABSENT for row in rows]
    return _typed(reduce(lambda one, other: _together(one, other, name), seen, _NOTHING), name)


_NOTHING = _Seen(None)
_ABSENT = _Seen(None, nullable=True, present=False)


def _look(value: Any, name: str, depth: int) -> _Seen:
    if depth > DEEPEST:
        raise SchemaError(f"'{name}' is nested too deeply to be typed.", code="model.schema.type", place=name)
    match value:
        case None:
            return _Seen(None, nullable=True)
        case bool():
            return _Seen(Kind.LOGICAL)
        case int():
            return _Seen(_whole(value, name))
        case float():
            return _Seen(Kind.DOUBLE)
        case str():
            return _Seen(Kind.TEXT)
        case dict():
            return _Seen(Kind.RECORD, members={k: _look(v, f"{name}.{k}", depth + 1) for k, v in value.items()})
        case list():
            items = (_look(item, name, depth + 1) for item in value)
            item = reduce(lambda one, other: _together(one, other, name), items, _NOTHING)
            return _Seen(Kind.LIST, item=item, length=len(value))
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _whole(value: int, name: str) -> Kind:
    if -_INT64_MAX - 1 <= value <= _INT64_MAX:
        return Kind.INT64
    raise SchemaError(
        f"'{name}' holds a whole number beyond 64 bits.",
        code="model.schema.type",
        place=name,
        hint="State the type of that field: Double.Type, or text where digits matter.",
    )


_NUMBERS = frozenset({Kind.INT64, Kind.DOUBLE})


def _together(one: _Seen, other: _Seen, name: str) -> _Seen:
    nullable, present = one.nullable or other.nullable, one.present and other.present
    if one.kind is None or other.kind is None:
        return replace(one if other.kind is None else other, nullable=nullable, present=present)
    if {one.kind, other.kind} == _NUMBERS:
        return _Seen(Kind.DOUBLE, nullable, present)
    if one.kind is not other.kind:
        raise SchemaError(
            f"'{name}' holds {one.kind.value} in one place and {other.kind.value} in another.",
            code="model.schema.mixed",
            place=name,
            hint="A parameter or result has one type: give a sample in which each field does.",
        )
    length = one.length if one.length == other.length else -1
    return _Seen(one.kind, nullable, present, _members(one, other, name), _item(one, other, name), length)


def _members(one: _Seen, other: _Seen, name: str) -> dict[str, _Seen]:
    names = [*one.members, *(key for key in other.members if key not in one.members)]
    return {
        key: _together(one.members.get(key, _ABSENT), other.members.get(key, _ABSENT), f"{name}.{key}") for key in names
    }


def _item(one: _Seen, other: _Seen, name: str) -> _Seen | None:
    return None if one.item is None or other.item is None else _together(one.item, other.item, name)


_SCALARS: dict[Kind, tuple[DataType, pa.DataType]] = {
    Kind.LOGICAL: (LOGICAL, pa.bool_()),
    Kind.INT64: (INT64, pa.int64()),
    Kind.DOUBLE: (DOUBLE, pa.float64()),
    Kind.TEXT: (TEXT, pa.string()),
}


def _typed(seen: _Seen, name: str) -> Typed:
    if seen.kind is None:
        raise SchemaError(
            f"'{name}' has no value in the sample, so its type cannot be told.",
            code="model.schema.untold",
            place=name,
            hint=_STATE,
        )
    if seen.kind in _SCALARS:
        plan, wire = _SCALARS[seen.kind]
        return Typed(replace(plan, nullable=seen.nullable), wire, seen.present)
    if seen.kind is Kind.LIST:
        assert seen.item is not None, "a list was seen with its items"
        item = _typed(seen.item, name)
        plan = replace(list_type(item.plan.as_nullable()), nullable=seen.nullable)
        return Typed(plan, pa.list_(item.wire), seen.present, (seen.length, *item.shape))
    return _typed_record(seen, name)


def _typed_record(seen: _Seen, name: str) -> Typed:
    if not seen.members:
        raise SchemaError(
            f"'{name}' is an object without members, so its type cannot be told.",
            code="model.schema.untold",
            place=name,
            hint=_STATE,
        )
    members = {key: _typed(member, f"{name}.{key}") for key, member in seen.members.items()}
    plan = record_type({key: member.plan.as_nullable() for key, member in members.items()})
    wire = pa.struct([pa.field(key, member.wire) for key, member in members.items()])
    return Typed(replace(plan, nullable=seen.nullable), wire, seen.present)
