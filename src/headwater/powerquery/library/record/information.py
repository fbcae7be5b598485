"""What a record holds, and records from lists and back."""

from __future__ import annotations

from collections.abc import Iterable

from headwater.errors import MError
from headwater.powerquery.library.arguments import names_of, record_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, name_taken, plain, wrong_width


def missing_field(name: str, record: Record) -> MError:
    """The error of a field that a record does not have."""
    return MError("Expression.Error", f"The field '{name}' of the record wasn't found.", record)


@function(
    "Record.Field(record as record, field as text) as any",
    examples=[('Record.Field([a = 1], "a")', "1")],
)
def field(record: Record, name: str) -> Value:
    """The value of a field."""
    if name not in record:
        raise missing_field(name, record)
    return record.get(name)


@function(
    "Record.FieldOrDefault(record as nullable record, field as text, optional defaultValue as any) as any",
    examples=[('Record.FieldOrDefault([a = 1], "b", 0)', "0"), ('Record.FieldOrDefault(null, "b")', "null")],
)
def field_or_default(record: Record | None, name: str, default: Value = None) -> Value:
    """The value of a field, or the default where the record has none."""
    return record.get(name) if record is not None and name in record else default


@function("Record.FieldNames(record as record) as list", examples=[("Record.FieldNames([b = 1, a = 2])", '{"b", "a"}')])
def field_names(record: Record) -> List:
    """The names of the fields in order."""
    return List(list(record.names))


def _members(record: Record) -> List:
    return List(list(record.raw().values()))


@function("Record.FieldValues(record as record) as list", examples=[("Record.FieldValues([b = 1, a = 2])", "{1, 2}")])
def field_values(record: Record) -> List:
    """The values of the fields in order."""
    return _members(record)


@function("Record.ToList(record as record) as list", examples=[("Record.ToList([b = 1, a = 2])", "{1, 2}")])
def to_list(record: Record) -> List:
    """The values of the fields in order."""
    return _members(record)


@function("Record.FieldCount(record as record) as number", examples=[("Record.FieldCount([b = 1, a = 2])", "2")])
def field_count(record: Record) -> int:
    """The number of fields."""
    return len(record)


@function(
    "Record.HasFields(record as record, fields as any) as logical",
    examples=[('Record.HasFields([a = 1, b = 2], {"b", "a"})', "true"), ('Record.HasFields([a = 1], "c")', "false")],
)
def has_fields(record: Record, names: Value) -> bool:
    """Whether the record has a field, or all of several."""
    return all(name in record for name in names_of(names))


@function(
    "Record.FromList(list as list, fields as any) as record",
    examples=[
        ('Record.FromList({1, 2}, {"a", "b"})', "[a = 1, b = 2]"),
        ("Record.FromList({1}, type [a = any])", "[a = 1]"),
    ],
)
def from_list(items: List, fields: Value) -> Record:
    """A record of a list's items, named by a list of names or a record type."""
    fields = plain(fields)
    names = [f.name for f in fields.fields] if isinstance(fields, t.RecordType) else names_of(fields)
    values = list(items.raw())
    if len(values) != len(names):
        raise wrong_width(len(names), len(values))
    return record_of_fields(zip(names, values, strict=True))


def record_of_fields(fields: Iterable[tuple[str, Value]]) -> Record:
    """A record of these fields; MError Expression.Error where two have one name."""
    made: dict[str, Value] = {}
    for name, value in fields:
        if name in made:
            raise name_taken(name)
        made[name] = value
    return Record.of(made)


@function(
    "Record.Combine(records as list) as record",
    examples=[("Record.Combine({[a = 1, b = 2], [b = 3]})", "[a = 1, b = 3]")],
)
def combine(records: List) -> Record:
    """The fields of several records; of fields with one name the last counts."""
    together: dict[str, Value] = {}
    for item in records:
        together.update(record_of(item).raw())
    return Record.of(together)
