"""The columns of a table type, described by a table."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.type.facets import FACETS, facets_of
from headwater.powerquery.library.type.structure import table_type_of
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.table import Table

_COLUMNS: dict[str, t.Type] = {
    "Name": t.TEXT,
    "Position": t.NUMBER,
    "TypeName": t.TEXT,
    "Kind": t.TEXT,
    "IsNullable": t.LOGICAL,
    **{name: t.nullable(of) for name, of in FACETS.items()},
    "Description": t.nullable(t.TEXT),
    "IsWritable": t.nullable(t.LOGICAL),
    "FieldCaption": t.nullable(t.TEXT),
}


def schema_of(of: t.TableType) -> Table:
    """A row a column: its name, position, type, nullability and facets."""
    rows = [
        [
            field.name,
            at,
            _type_name(field.type),
            t.primitive_name(field.type),
            field.type.nullable,
            *facets_of(field.type).values(),
            None,
            None,
            None,
        ]
        for at, field in enumerate(of.row.fields)
    ]
    return RowTable.held(table_type(list(_COLUMNS), list(_COLUMNS.values())), rows)


def _type_name(of: t.Type) -> str:
    """The name of the type, such as ``Int64.Type``, where it has one, else of the primitive one it belongs to."""
    inner = of.inner if isinstance(of, t.NullableType) else of
    if isinstance(inner, t.PrimitiveType) and inner.facet:
        return inner.facet
    kind = t.primitive_name(inner)
    return next((name for name, named in t.FACETS.items() if named == t.PRIMITIVES[kind]), kind)


@function(
    "Type.TableSchema(tableType as type) as table",
    examples=[
        ('Type.TableSchema(type table [A = nullable Int64.Type])[TypeName]', '{"Int64.Type"}'),
        ('Type.TableSchema(type table [A = text, B = any])[IsNullable]', "{false, true}"),
    ],
)  # fmt: skip
def table_schema(of: t.Type) -> Table:
    """A row for each column of the table type: its name, position, type, nullability and facets."""
    return schema_of(table_type_of(of))
