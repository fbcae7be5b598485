"""Named types, and functions on types."""

from __future__ import annotations

from headwater.powerquery.library.arguments import record_of
from headwater.powerquery.library.declarations import constant, function
from headwater.powerquery.library.type import facets, partitions, schema, structure, union
from headwater.powerquery.library.type.structure import record_type_of
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record
from headwater.powerquery.values.operators import cannot_convert

__all__ = ["facets", "partitions", "schema", "structure", "union"]

for _name, _type in t.FACETS.items():
    constant(_name, _type, summary=f"The type {_name}.")


@function(
    "Type.Is(type1 as type, type2 as type) as logical",
    examples=[("Type.Is(type number, type nullable number)", "true"), ("Type.Is(type [a = any], type record)", "true")],
)
def type_is(first: t.Type, second: t.Type) -> bool:
    """Whether every value of the first type conforms to the second, by their primitives."""
    if second == t.ANY:
        return True
    if first.nullable and not second.nullable:
        return False
    bare, wanted = t.non_nullable(first), t.non_nullable(second)
    if isinstance(wanted, t.PrimitiveType):
        return wanted.name in ("anynonnull", t.primitive_name(bare)) or bare in (t.NULL, t.NONE)
    return bare == wanted


@function(
    "Type.NonNullable(type as type) as type",
    examples=[("Type.NonNullable(type nullable number)", "type number")],
)
def type_non_nullable(of: t.Type) -> t.Type:
    """The type without null."""
    return t.non_nullable(of)


@function(
    "Type.IsNullable(type as type) as logical",
    examples=[("Type.IsNullable(type nullable text)", "true"), ("Type.IsNullable(type text)", "false")],
)
def type_is_nullable(of: t.Type) -> bool:
    """Whether null conforms to the type."""
    return of.nullable


@function(
    "Type.ForRecord(fields as record, open as logical) as type",
    examples=[
        ("Type.ForRecord([A = [Type = type number, Optional = false]], false)", "type [A = number]"),
    ],
)
def type_for_record(fields: Record, is_open: bool) -> t.Type:
    """The record type whose fields are described by records of Type and Optional."""
    return t.RecordType(tuple(_described(name, record_of(field)) for name, field in fields.items()), is_open)


def _described(name: str, description: Record) -> t.FieldType:
    of, optional = description.plain("Type", t.ANY), description.plain("Optional", False)
    if not isinstance(of, t.Type):
        raise cannot_convert(of, "Type")
    if not isinstance(optional, bool):
        raise cannot_convert(optional, "Logical")
    return t.FieldType(name, of, optional)


@function(
    "Type.RecordFields(type as type) as record",
    examples=[("Type.RecordFields(type [A = text])", "[A = [Type = type text, Optional = false]]")],
)
def type_record_fields(of: t.Type) -> Record:
    """The fields of a record type, each as [Type, Optional]."""
    row = of.row if isinstance(of, t.TableType) else record_type_of(of)
    return Record.of({f.name: Record.of({"Type": f.type, "Optional": f.optional}) for f in row.fields})


@function(
    "Type.TableKeys(tableType as type) as list",
    examples=[("Type.TableKeys(type table [A = number])", "{}")],
)
def type_table_keys(of: t.Type) -> List:
    """The keys of a table type, each as [Columns, Primary]."""
    keys = of.keys if isinstance(of, t.TableType) else ()
    return List([Record.of({"Columns": List(list(names)), "Primary": primary}) for names, primary in keys])
