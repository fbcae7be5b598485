"""The type of all values that conform to one of several types."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from headwater.powerquery.library.declarations import function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.operators import cannot_convert


@function(
    "Type.Union(types as list) as type",
    examples=[
        ("Type.Union({type text, type nullable text})", "type nullable text"),
        ("Type.Union({type [a = text], type [a = text, b = number]})", "type [a = text, optional b = number]"),
        ("Type.Union({type text, type number})", "type any"),
        ("Type.Union({})", "type none"),
    ],
)
def union(types: List) -> t.Type:
    """The type that all values of the listed types conform to: fields that not all record types have are optional,
    types of different kinds make any.
    """
    start: t.Type = t.NONE
    return reduce(_joint, (_type(of) for of in types.plain()), start)


def _type(of: Value) -> t.Type:
    of = plain(of)
    if isinstance(of, t.Type):
        return of
    raise cannot_convert(of, "Type")


def _joint(left: t.Type, right: t.Type) -> t.Type:
    if right in (left, t.NONE):
        return left
    if left == t.NONE:
        return right
    if t.ANY in (left, right):
        return t.ANY
    if t.NULL in (left, right):
        return t.nullable(right if left == t.NULL else left)
    together = _joint_inner(t.non_nullable(left), t.non_nullable(right))
    return t.nullable(together) if left.nullable or right.nullable else together


def _joint_inner(left: t.Type, right: t.Type) -> t.Type:
    match left, right:
        case (t.RecordType(), t.RecordType()):
            return _joint_records(left, right)
        case (t.TableType(), t.TableType()):
            return _joint_tables(left, right)
        case (t.ListType(), t.ListType()):
            return t.ListType(_joint(left.item, right.item))
    kinds = {t.primitive_name(left), t.primitive_name(right)}
    return left if left == right else t.PRIMITIVES[kinds.pop()] if len(kinds) == 1 else t.ANY


def _joint_records(left: t.RecordType, right: t.RecordType) -> t.RecordType:
    return t.RecordType(tuple(_joint_fields(left, right)), left.open or right.open)


def _joint_fields(left: t.RecordType, right: t.RecordType) -> Sequence[t.FieldType]:
    names = dict.fromkeys(field.name for field in (*left.fields, *right.fields))
    joint = []
    for name in names:
        found = [field for field in (left.field(name), right.field(name)) if field is not None]
        of = reduce(_joint, (field.type for field in found))
        joint.append(t.FieldType(name, of, len(found) == 1 or any(field.optional for field in found)))
    return joint


def _joint_tables(left: t.TableType, right: t.TableType) -> t.TableType:
    """Tables have no optional columns: a column that only one of the two has may be null in the other's rows."""
    joint = _joint_records(left.row, right.row)
    fields = (t.FieldType(f.name, t.nullable(f.type) if f.optional else f.type) for f in joint.fields)
    return t.TableType(t.RecordType(tuple(fields), joint.open))
