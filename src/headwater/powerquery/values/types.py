"""M's types as values.

A named type such as ``Int64.Type`` is a primitive type with a facet: it ascribes a representation, and ``is``/``as``
look at the primitive alone.

>>> type_text(nullable(TEXT)), type_text(TableType(RecordType((FieldType("A", INT64),))))
('type nullable text', 'type table [A = Int64.Type]')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from headwater.powerquery.language import quote_identifier
from headwater.powerquery.values.core import EMPTY_RECORD, Binary, List, Record, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.structured import TypedList, TypedRecord
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time
from headwater.powerquery.values.views import ViewedBytes


class Type:
    """Base of all types."""

    @property
    def nullable(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class PrimitiveType(Type):
    """``name`` as in ``type NAME``; ``facet`` the named type it was written as, e.g. ``Int64.Type``.

    ``facets`` are what ``Type.Facets`` tells beside that; they say something about a type without making it another.
    """

    name: str
    facet: str = ""
    facets: tuple[tuple[str, Any], ...] = field(default=(), compare=False)

    @property
    def nullable(self) -> bool:
        return self.name in ("any", "null")


@dataclass(frozen=True, slots=True)
class NullableType(Type):
    inner: Type

    @property
    def nullable(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class ListType(Type):
    item: Type


@dataclass(frozen=True, slots=True)
class FieldType:
    name: str
    type: Type = PrimitiveType("any")
    optional: bool = False


@dataclass(frozen=True, slots=True)
class RecordType(Type):
    fields: tuple[FieldType, ...] = ()
    open: bool = False

    def field(self, name: str) -> FieldType | None:
        """The field of this name, or None."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class TableType(Type):
    """``keys`` are (column names, is primary); ``partition`` names the columns that say which partition a row is in."""

    row: RecordType = RecordType()
    keys: tuple[tuple[tuple[str, ...], bool], ...] = ()
    partition: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FunctionType(Type):
    """``parameters`` as fields; those optional come last.

    ``metadata`` is what the type carried when it was given to a function: there a function's documentation stands.
    """

    parameters: tuple[FieldType, ...] = ()
    result: Type = PrimitiveType("any")
    metadata: Record = field(default=EMPTY_RECORD, compare=False)


ANY = PrimitiveType("any")
ANYNONNULL = PrimitiveType("anynonnull")
NONE = PrimitiveType("none")
NULL = PrimitiveType("null")
LOGICAL = PrimitiveType("logical")
NUMBER = PrimitiveType("number")
TEXT = PrimitiveType("text")
DATE = PrimitiveType("date")
TIME = PrimitiveType("time")
DATETIME = PrimitiveType("datetime")
DATETIMEZONE = PrimitiveType("datetimezone")
DURATION = PrimitiveType("duration")
BINARY = PrimitiveType("binary")
LIST = PrimitiveType("list")
RECORD = PrimitiveType("record")
TABLE = PrimitiveType("table")
FUNCTION = PrimitiveType("function")
TYPE = PrimitiveType("type")
INT64 = PrimitiveType("number", "Int64.Type")

PRIMITIVES: dict[str, PrimitiveType] = {
    t.name: t
    for t in (
        ANY, ANYNONNULL, NONE, NULL, LOGICAL, NUMBER, TEXT, DATE, TIME, DATETIME, DATETIMEZONE, DURATION, BINARY,
        LIST, RECORD, TABLE, FUNCTION, TYPE, PrimitiveType("action"),
    )
}  # fmt: skip

FACETS: dict[str, PrimitiveType] = {
    **{
        f"{name}.Type": PrimitiveType("number", f"{name}.Type")
        for name in (
            "Byte", "Int8", "Int16", "Int32", "Int64", "Single", "Double", "Decimal", "Currency", "Percentage",
        )
    },
    "Number.Type": NUMBER,
    "Text.Type": TEXT,
    "Logical.Type": LOGICAL,
    "Date.Type": DATE,
    "Time.Type": TIME,
    "DateTime.Type": DATETIME,
    "DateTimeZone.Type": DATETIMEZONE,
    "Duration.Type": DURATION,
    "Binary.Type": BINARY,
    "List.Type": LIST,
    "Record.Type": RECORD,
    "Table.Type": TABLE,
    "Function.Type": FUNCTION,
    "Type.Type": TYPE,
    "Any.Type": ANY,
    "None.Type": NONE,
    "Null.Type": NULL,
    "Character.Type": PrimitiveType("text", "Character.Type"),
    "Guid.Type": PrimitiveType("text", "Guid.Type"),
    "Uri.Type": PrimitiveType("text", "Uri.Type"),
    "Password.Type": PrimitiveType("text", "Password.Type"),
}  # fmt: skip


def nullable(inner: Type) -> Type:
    """``type nullable inner``; a type that allows null already is itself."""
    return inner if inner.nullable else NullableType(inner)


def non_nullable(outer: Type) -> Type:
    """The type without its null: ``type nullable text`` gives ``type text``."""
    if isinstance(outer, NullableType):
        return outer.inner
    return ANYNONNULL if outer == ANY else outer


_KIND_OF_CLASS: dict[type, str] = {
    type(None): "null",
    bool: "logical",
    int: "number",
    float: "number",
    Decimal: "number",
    str: "text",
    bytes: "binary",
    ViewedBytes: "binary",
    Binary: "binary",
    List: "list",
    TypedList: "list",
    Record: "record",
    TypedRecord: "record",
    Function: "function",
    Date: "date",
    Time: "time",
    DateTime: "datetime",
    DateTimeZone: "datetimezone",
    Duration: "duration",
}


def kind_of(value: Any) -> str:
    """The name of the value's primitive type."""
    value = plain(value)
    kind = _KIND_OF_CLASS.get(type(value))
    if kind is not None:
        return kind
    if isinstance(value, Table):
        return "table"
    if isinstance(value, Type):
        return "type"
    raise TypeError(f"not an M value: {type(value).__name__}")


_TITLES = {"datetime": "DateTime", "datetimezone": "DateTimeZone", "anynonnull": "AnyNonNull"}


def title_of(name: str) -> str:
    """The name of a primitive type as M's messages write it."""
    return _TITLES.get(name) or name.capitalize()


def type_of(value: Any) -> Type:
    """The type a value has when none was ascribed (``Value.Type``)."""
    value = plain(value)
    if isinstance(value, Table):
        ascribed: Type = value.type
        return ascribed
    if isinstance(value, Function):
        signature: Type = value.type
        return signature
    if isinstance(value, TypedList | TypedRecord):
        return value.type
    return PRIMITIVES[kind_of(value)]


_PRIMITIVE_OF_STRUCTURED = {ListType: "list", RecordType: "record", TableType: "table", FunctionType: "function"}


def primitive_name(of: Type) -> str:
    """The name of the primitive type that a type belongs to; a nullable one counts as what it allows beside null."""
    inner = non_nullable(of) if isinstance(of, NullableType) else of
    return inner.name if isinstance(inner, PrimitiveType) else _PRIMITIVE_OF_STRUCTURED[type(inner)]


def conforms(value: Any, expected: Type) -> bool:
    """``value is expected``: M looks at the primitive and nullability, not inside structured types."""
    if isinstance(expected, NullableType):
        return plain(value) is None or conforms(value, expected.inner)
    name = primitive_name(expected)
    if name == "any":
        return True
    kind = kind_of(value)
    return kind != "null" if name == "anynonnull" else kind == name


def type_text(of: Type) -> str:
    """Canonical text of a type, itself M: ``type nullable text``."""
    if isinstance(of, PrimitiveType) and of.facet:
        return of.facet
    return "type " + _inner_text(of)


def _inner_text(of: Type) -> str:
    match of:
        case PrimitiveType(name=name, facet=facet):
            return facet or name
        case NullableType(inner=inner):
            return "nullable " + _inner_text(inner)
        case ListType(item=item):
            return "{" + _inner_text(item) + "}"
        case RecordType():
            return _record_text(of)
        case TableType(row=row):
            return "table " + _record_text(row)
        case FunctionType(parameters=parameters, result=result):
            listed = ", ".join(
                ("optional " if p.optional else "") + f"{p.name} as {_inner_text(p.type)}" for p in parameters
            )
            return f"function ({listed}) as {_inner_text(result)}"
    raise TypeError(f"not an M type: {of!r}")


def _record_text(of: RecordType) -> str:
    members = [
        ("optional " if f.optional else "") + f"{quote_identifier(f.name)} = {_inner_text(f.type)}" for f in of.fields
    ]
    if of.open:
        members.append("...")
    return "[" + ", ".join(members) + "]"
