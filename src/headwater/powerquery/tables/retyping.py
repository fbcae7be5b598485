"""Ascribing a type to a value that is there already."""

from __future__ import annotations

from headwater.errors import MError
from headwater.plan.nodes import select
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, WithMetadata, metadata_of, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.structured import TypedList, TypedRecord
from headwater.powerquery.values.table import Table


def replace_type(value: Value, of: t.Type) -> Value:
    """``Value.ReplaceType``: the same value, which from now on says that it is of this type."""
    bare, metadata = plain(value), metadata_of(value)
    if not t.conforms(bare, of):
        raise cannot_convert(bare, t.title_of(t.primitive_name(of)))
    typed = _typed(bare, t.non_nullable(of))
    return WithMetadata(typed, metadata) if len(metadata) else typed


def _typed(value: Value, of: t.Type) -> Value:
    match of:
        case t.TableType() if isinstance(value, Table):
            return _typed_table(value, of)
        case t.ListType():
            return TypedList(value, of)
        case t.RecordType():
            return TypedRecord(value, of)
        case t.FunctionType() if isinstance(value, Function):
            return Function(
                value.call,
                lambda: of,
                minimum=value.minimum,
                maximum=value.maximum,
                name=value.name,
                origin=value.origin,
                batch=value.batch,
                many=value.many,
            )
    return value


def _typed_table(value: Table, of: t.TableType) -> Table:
    if len(of.row.fields) != len(value.names):
        raise MError("Expression.Error", "The type has another number of columns than the table.")
    if isinstance(value, PlanTable):
        renamed = [c.renamed(f.name) for c, f in zip(value.plan.columns, of.row.fields, strict=True)]
        same = all(a == b for a, b in zip(renamed, value.plan.columns, strict=True))
        typed = PlanTable(value.plan if same else select(value.plan, renamed), value.session, of)
        typed.on_rows = None if value.on_rows is None else lambda: RowTable(of, value.made_on_rows().rows)
        return typed
    typed_rows = RowTable(of, value.rows)
    typed_rows.outside = value.outside if isinstance(value, RowTable) else None
    return typed_rows
