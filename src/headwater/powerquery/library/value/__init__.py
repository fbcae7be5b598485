"""Functions on any value: type, metadata, comparison."""

from __future__ import annotations

from headwater.powerquery.library.arguments import names_of, record_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.value import arithmetic, hosting, identities, plans, reading, sql, surroundings, trees
from headwater.powerquery.tables.retyping import replace_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, WithMetadata, metadata_of, plain
from headwater.powerquery.values.operators import ascribe

__all__ = ["arithmetic", "hosting", "identities", "plans", "reading", "sql", "surroundings", "trees"]


@function(
    "Value.Type(value as any) as type",
    examples=[('Value.Type("a")', "type text")],
)
def value_type(value: Value) -> Value:
    """The type of a value; a function's documentation is in its metadata."""
    found = t.type_of(value)
    return WithMetadata(found, found.metadata) if isinstance(found, t.FunctionType) and found.metadata else found


@function(
    "Value.Is(value as any, type as type) as logical",
    examples=[("Value.Is(1, type number)", "true"), ("Value.Is(null, type number)", "false")],
)
def value_is(value: Value, expected: t.Type) -> bool:
    """Whether a value conforms to a type."""
    return t.conforms(value, expected)


@function(
    "Value.As(value as any, type as type) as any",
    examples=[("Value.As(123, Number.Type)", "123")],
)
def value_as(value: Value, expected: t.Type) -> Value:
    """The value, if it conforms to the type; an error otherwise."""
    return ascribe(value, expected)


@function(
    "Value.ReplaceType(value as any, type as type) as any",
    examples=[("Value.Type(Value.ReplaceType({1}, type {number}))", "type {number}")],
)
def value_replace_type(value: Value, of: t.Type) -> Value:
    """The value with another type ascribed; nothing is converted."""
    return replace_type(value, of)


@function(
    "Value.Metadata(value as any) as any",
    examples=[('Value.Metadata(1 meta [Unit = "km"])', '[Unit = "km"]')],
)
def value_metadata(value: Value) -> Value:
    """The metadata record of a value."""
    return metadata_of(value)


@function(
    "Value.RemoveMetadata(value as any, optional metaValue as any) as any",
    examples=[
        ('Value.Metadata(Value.RemoveMetadata(1 meta [Unit = "km"]))', "[]"),
        ('Value.Metadata(Value.RemoveMetadata(1 meta [Unit = "km", Source = "map"], "Unit"))', '[Source = "map"]'),
    ],
)
def value_remove_metadata(value: Value, names: Value = None) -> Value:
    """The value without its metadata, or without the fields of it that a text or a list of texts names."""
    bare = plain(value)
    if plain(names) is None:
        return bare
    gone = names_of(names)
    left = {name: member for name, member in metadata_of(value).raw().items() if name not in gone}
    return WithMetadata(bare, Record.of(left)) if left else bare


@function(
    "Value.ReplaceMetadata(value as any, metaValue as any) as any",
    examples=[("Value.Metadata(Value.ReplaceMetadata(1 meta [A = 1], [B = 2]))", "[B = 2]")],
)
def value_replace_metadata(value: Value, metadata: Value) -> Value:
    """The value with other metadata: a record."""
    return WithMetadata(plain(value), record_of(metadata))
