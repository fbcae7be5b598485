"""Records with fields added, removed, renamed, reordered or transformed. Fields stay unevaluated where they can."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, function_of, names_of, pairs_of, text_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.record.information import missing_field, record_of_fields
from headwater.powerquery.values.core import List, Record, Thunk, Value, force, name_taken

_ERROR, _IGNORE, _USE_NULL = range(3)


def _missing(value: Value) -> int:
    """What a ``missingField`` argument asks for.

    Raises:
        MError: Expression.Error, it is none of MissingField.Type.
    """
    if value is None:
        return _ERROR
    if value not in (_ERROR, _IGNORE, _USE_NULL):
        raise MError("Expression.Error", "The value is no MissingField.Type.", value)
    return int(value)


def _known(record: Record, names: Sequence[str], missing: int) -> None:
    for name in names:
        if name not in record and missing == _ERROR:
            raise missing_field(name, record)


@function(
    "Record.AddField(record as record, fieldName as text, value as any, optional delayed as nullable logical) as"
    " record",
    examples=[
        ('Record.AddField([a = 1], "b", 2)', "[a = 1, b = 2]"),
        ('Record.AddField([a = 1], "b", () => 2, true)', "[a = 1, b = 2]"),
    ],
)
def add_field(record: Record, name: str, value: Value, delayed: bool | None = None) -> Record:
    """The record with one more field; delayed, its value is what a function gives when the field is read."""
    if name in record:
        raise name_taken(name)
    member = Thunk(caller(function_of(value), 0)) if delayed else value
    return Record.of({**record.raw(), name: member})


@function(
    "Record.RemoveFields(record as record, fields as any, optional missingField as nullable number) as record",
    examples=[
        ('Record.RemoveFields([a = 1, b = 2], "a")', "[b = 2]"),
        ('Record.RemoveFields([a = 1], {"a", "x"}, MissingField.Ignore)', "[]"),
    ],
)
def remove_fields(record: Record, names: Value, missing: Value = None) -> Record:
    """The record without some fields."""
    gone = names_of(names)
    _known(record, gone, _missing(missing))
    return Record.of({name: value for name, value in record.raw().items() if name not in gone})


@function(
    "Record.SelectFields(record as record, fields as any, optional missingField as nullable number) as record",
    examples=[
        ('Record.SelectFields([a = 1, b = 2, c = 3], {"c", "a"})', "[c = 3, a = 1]"),
        ('Record.SelectFields([a = 1], {"a", "x"}, MissingField.UseNull)', "[a = 1, x = null]"),
    ],
)
def select_fields(record: Record, names: Value, missing: Value = None) -> Record:
    """Only some fields of the record, in the order given."""
    wanted, choice = names_of(names), _missing(missing)
    _known(record, wanted, choice)
    raw = record.raw()
    return record_of_fields((name, raw.get(name)) for name in wanted if name in raw or choice == _USE_NULL)


@function(
    "Record.RenameFields(record as record, renames as list, optional missingField as nullable number) as record",
    examples=[
        ('Record.RenameFields([a = 1, b = 2], {"a", "x"})', "[x = 1, b = 2]"),
        ('Record.RenameFields([a = 1, b = 2], {{"a", "b"}, {"b", "a"}})', "[b = 1, a = 2]"),
    ],
)
def rename_fields(record: Record, renames: List, missing: Value = None) -> Record:
    """The record with fields under other names, by pairs {old, new}."""
    pairs = {text_of(pair[0]): text_of(pair[1]) for pair in pairs_of(renames)}
    choice = _missing(missing)
    _known(record, list(pairs), choice)
    fields = [(pairs.get(name, name), value) for name, value in record.raw().items()]
    if choice == _USE_NULL:
        fields += [(new, None) for old, new in pairs.items() if old not in record]
    return record_of_fields(fields)


@function(
    "Record.ReorderFields(record as record, fieldOrder as list, optional missingField as nullable number) as record",
    examples=[('Record.FieldNames(Record.ReorderFields([a = 1, b = 2, c = 3], {"c", "a"}))', '{"c", "b", "a"}')],
)
def reorder_fields(record: Record, order: List, missing: Value = None) -> Record:
    """The record with the named fields in the order given, in the places that they hold together."""
    wanted, choice = names_of(order), _missing(missing)
    _known(record, wanted, choice)
    raw = record.raw()
    moved = [name for name in wanted if name in raw or choice == _USE_NULL]
    moving = iter(moved)
    placed = [next(moving) if name in moved else name for name in raw]
    return Record.of({name: raw.get(name) for name in [*placed, *moving]})


@function(
    "Record.TransformFields(record as record, transformOperations as list, optional missingField as nullable number)"
    " as record",
    examples=[
        ('Record.TransformFields([a = 1, b = 2], {"a", each _ * 10})', "[a = 10, b = 2]"),
        ('Record.TransformFields([a = "1", b = "2"], {{"a", Number.From}, {"b", Number.From}})', "[a = 1, b = 2]"),
    ],
)
def transform_fields(record: Record, operations: List, missing: Value = None) -> Record:
    """The record with functions applied to fields, by pairs {name, function}."""
    changes = {text_of(pair[0]): caller(function_of(pair[1]), 1) for pair in pairs_of(operations)}
    choice = _missing(missing)
    _known(record, list(changes), choice)
    raw = record.raw()
    if choice == _USE_NULL:
        raw.update({name: None for name in changes if name not in raw})
    return Record.of(
        {name: Thunk(_later(changes[name], value)) if name in changes else value for name, value in raw.items()}
    )


def _later(change: Callable[..., Value], value: Value) -> Callable[[], Value]:
    return lambda: change(force(value))
