"""Facets: what a primitive type says about its values beside their kind, such as the greatest length of a text."""

from __future__ import annotations

from dataclasses import replace

from headwater.errors import MError
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import ascribe

FACETS: dict[str, t.PrimitiveType] = {
    "NumericPrecisionBase": t.NUMBER,
    "NumericPrecision": t.NUMBER,
    "NumericScale": t.NUMBER,
    "IsSigned": t.LOGICAL,
    "DateTimePrecision": t.NUMBER,
    "MaxLength": t.NUMBER,
    "IsVariableLength": t.LOGICAL,
    "NativeTypeName": t.TEXT,
    "NativeDefaultExpression": t.TEXT,
    "NativeExpression": t.TEXT,
}
"""Their names and the types of their values, in the order in which they are shown."""


def facets_of(of: t.Type) -> dict[str, Value]:
    """All facets of a type, null those that it does not say."""
    inner = of.inner if isinstance(of, t.NullableType) else of
    said = dict(inner.facets) if isinstance(inner, t.PrimitiveType) else {}
    return {name: said.get(name) for name in FACETS}


@function(
    "Type.Facets(type as type) as record",
    examples=[
        ("Type.Facets(Type.ReplaceFacets(type text, [MaxLength = 10]))[MaxLength]", "10"),
        ("Record.FieldCount(Record.SelectFields(Type.Facets(type number), {\"NumericScale\", \"IsSigned\"}))", "2"),
    ],
)  # fmt: skip
def facets(of: t.Type) -> Record:
    """The facets of a type; those that it does not say are null."""
    return Record.of(facets_of(of))


@function(
    "Type.ReplaceFacets(type as type, facets as record) as type",
    examples=[
        ("Type.Facets(Type.ReplaceFacets(type number, [NumericScale = 2]))[NumericScale]", "2"),
        ("Type.Facets(Type.ReplaceFacets(Type.ReplaceFacets(type text, [MaxLength = 9]), []))[MaxLength]", "null"),
    ],
)
def replace_facets(of: t.Type, new: Record) -> t.Type:
    """The type with these facets and no others; what values conform to it stays the same."""
    inner = of.inner if isinstance(of, t.NullableType) else of
    if not isinstance(inner, t.PrimitiveType):
        raise MError("Expression.Error", "Only a primitive type has facets.", of)
    said = tuple((name, _checked(name, value, new)) for name, value in new.items())
    changed = replace(inner, facets=said)
    return t.NullableType(changed) if isinstance(of, t.NullableType) else changed


def _checked(name: str, value: Value, given: Record) -> Value:
    if name not in FACETS:
        raise MError("Expression.Error", f"The facet '{name}' is not supported.", given)
    return plain(ascribe(value, t.nullable(FACETS[name])))
