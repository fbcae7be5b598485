"""Functions on any value: type, metadata, comparison."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.retyping import replace_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, WithMetadata, metadata_of, plain
from headwater.powerquery.values.equality import compare, equal
from headwater.powerquery.values.operators import ascribe


@function(
    "Value.Type(value as any) as type",
    examples=[('Value.Type("a")', "type text")],
)
def value_type(value: Value) -> t.Type:
    """The type of a value."""
    return t.type_of(value)


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
    examples=[('Value.Metadata(Value.RemoveMetadata(1 meta [Unit = "km"]))', "[]")],
)
def value_remove_metadata(value: Value, _metadata: Value = None) -> Value:
    """The value without its metadata."""
    return plain(value)


@function(
    "Value.ReplaceMetadata(value as any, metaValue as record) as any",
    examples=[("Value.Metadata(Value.ReplaceMetadata(1 meta [A = 1], [B = 2]))", "[B = 2]")],
)
def value_replace_metadata(value: Value, metadata: Record) -> Value:
    """The value with its metadata replaced."""
    return WithMetadata(plain(value), metadata)


@function(
    "Value.Equals(value1 as any, value2 as any, optional precision as nullable number) as logical",
    examples=[("Value.Equals({1, 2}, {1, 2})", "true")],
)
def value_equals(first: Value, second: Value, _precision: Value = None) -> bool:
    """Whether two values are equal."""
    return equal(first, second)


@function(
    "Value.NullableEquals(value1 as any, value2 as any, optional precision as nullable number) as nullable logical",
    examples=[("Value.NullableEquals(1, null)", "null")],
)
def value_nullable_equals(first: Value, second: Value, _precision: Value = None) -> bool | None:
    """Whether two values are equal; null when either is null."""
    return None if plain(first) is None or plain(second) is None else equal(first, second)


@function(
    "Value.Compare(value1 as any, value2 as any, optional precision as nullable number) as number",
    examples=[("Value.Compare(1, 2)", "-1")],
)
def value_compare(first: Value, second: Value, _precision: Value = None) -> int:
    """-1, 0 or 1 as the first value is less than, equal to or greater than the second."""
    return compare(first, second)
