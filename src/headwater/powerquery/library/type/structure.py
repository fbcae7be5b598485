"""What types are made of: items, rows, fields, parameters, keys."""

from __future__ import annotations

from dataclasses import replace

from headwater.errors import MError
from headwater.powerquery.library.arguments import names_of, record_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert


def record_type_of(of: t.Type) -> t.RecordType:
    """The type, if it is one of records; ``type record`` is open and names no field.

    Raises:
        MError: Expression.Error otherwise.
    """
    inner = t.non_nullable(of)
    if isinstance(inner, t.RecordType):
        return inner
    if inner == t.RECORD:
        return t.RecordType(open=True)
    raise cannot_convert(of, "Record")


def table_type_of(of: t.Type) -> t.TableType:
    """The type, if it is one of tables.

    Raises:
        MError: Expression.Error otherwise.
    """
    inner = t.non_nullable(of)
    if isinstance(inner, t.TableType):
        return inner
    raise cannot_convert(of, "Table")


def _function_type(of: t.Type) -> t.FunctionType:
    inner = t.non_nullable(of)
    if isinstance(inner, t.FunctionType):
        return inner
    raise cannot_convert(of, "Function")


@function("Type.ListItem(type as type) as type", examples=[("Type.ListItem(type {text})", "type text")])
def list_item(of: t.Type) -> t.Type:
    """The type of a list type's items."""
    inner = t.non_nullable(of)
    if isinstance(inner, t.ListType):
        return inner.item
    if inner == t.LIST:
        return t.ANY
    raise cannot_convert(of, "List")


# -- records -------------------------------------------------------------------------------------------------------


@function(
    "Type.IsOpenRecord(type as type) as logical",
    examples=[("Type.IsOpenRecord(type [a = text, ...])", "true"), ("Type.IsOpenRecord(type [a = text])", "false")],
)
def is_open_record(of: t.Type) -> bool:
    """Whether records of the type may have fields that it does not name."""
    return record_type_of(of).open


@function(
    "Type.OpenRecord(type as type) as type", examples=[("Type.OpenRecord(type [a = text])", "type [a = text, ...]")]
)
def open_record(of: t.Type) -> t.Type:
    """The record type, open for fields that it does not name."""
    return replace(record_type_of(of), open=True)


@function(
    "Type.ClosedRecord(type as type) as type",
    examples=[("Type.ClosedRecord(type [a = text, ...])", "type [a = text]")],
)
def closed_record(of: t.Type) -> t.Type:
    """The record type, closed for fields that it does not name."""
    return replace(record_type_of(of), open=False)


# -- tables --------------------------------------------------------------------------------------------------------


@function(
    "Type.TableRow(table as type) as type", examples=[("Type.TableRow(type table [a = text])", "type [a = text]")]
)
def table_row(of: t.Type) -> t.Type:
    """The record type of a table type's rows."""
    return table_type_of(of).row


@function(
    "Type.TableColumn(tableType as type, column as text) as type",
    examples=[('Type.TableColumn(type table [a = text], "a")', "type text")],
)
def table_column(of: t.Type, name: str) -> t.Type:
    """The type of a column of a table type."""
    found = table_type_of(of).row.field(name)
    if found is None:
        raise MError("Expression.Error", f"The column '{name}' of the table wasn't found.", name)
    return found.type


def _keyed(of: t.TableType, names: list[str], primary: bool) -> t.TableType:
    for name in names:
        table_column(of, name)
    if primary and any(is_primary for _, is_primary in of.keys):
        raise MError("Expression.Error", "The table type has a primary key already.")
    return replace(of, keys=(*of.keys, (tuple(names), primary)))


@function(
    "Type.AddTableKey(table as type, columns as list, isPrimary as logical) as type",
    examples=[
        ('Type.TableKeys(Type.AddTableKey(type table [a = text], {"a"}, true))', '{[Columns = {"a"}, Primary = true]}'),
    ],
)
def add_table_key(of: t.Type, columns: List, primary: bool) -> t.Type:
    """The table type with a key of some of its columns added."""
    return _keyed(table_type_of(of), names_of(columns), primary)


@function(
    "Type.ReplaceTableKeys(tableType as type, keys as list) as type",
    examples=[
        ('Type.TableKeys(Type.ReplaceTableKeys(type table [a = text], {[Columns = {"a"}, Primary = false]}))',
         '{[Columns = {"a"}, Primary = false]}'),
    ],
)  # fmt: skip
def replace_table_keys(of: t.Type, keys: List) -> t.Type:
    """The table type with other keys, each [Columns, Primary]."""
    result = replace(table_type_of(of), keys=())
    for key in keys:
        described = record_of(key)
        result = _keyed(result, names_of(described.plain("Columns")), described.plain("Primary") is True)
    return result


# -- functions -----------------------------------------------------------------------------------------------------


@function(
    "Type.FunctionParameters(type as type) as record",
    examples=[
        ("Type.FunctionParameters(type function (a as text, optional b as number) as any)",
         "[a = type text, b = type nullable number]"),
    ],
)  # fmt: skip
def function_parameters(of: t.Type) -> Record:
    """The types of a function type's parameters; those of optional ones allow null."""
    listed = _function_type(of).parameters
    return Record.of({p.name: t.nullable(p.type) if p.optional else p.type for p in listed})


@function(
    "Type.FunctionRequiredParameters(type as type) as number",
    examples=[("Type.FunctionRequiredParameters(type function (a as text, optional b as number) as any)", "1")],
)
def function_required_parameters(of: t.Type) -> int:
    """The least number of arguments that functions of the type take."""
    return sum(not parameter.optional for parameter in _function_type(of).parameters)


@function(
    "Type.FunctionReturn(type as type) as type",
    examples=[("Type.FunctionReturn(type function (a as text) as number)", "type number")],
)
def function_return(of: t.Type) -> t.Type:
    """The type of what functions of the type give."""
    return _function_type(of).result


@function(
    "Type.ForFunction(signature as record, min as number) as type",
    examples=[
        ("Type.ForFunction([ReturnType = type number, Parameters = [a = type text, b = type text]], 1)",
         "type function (a as text, optional b as text) as number"),
    ],
)  # fmt: skip
def for_function(signature: Record, minimum: Value) -> t.Type:
    """A function type from [ReturnType, Parameters]; parameters beyond a least number are optional."""
    required = whole(minimum, "min")
    parameters = record_of(signature.plain("Parameters"))
    listed = [
        t.FieldType(name, _type(value), optional=at >= required) for at, (name, value) in enumerate(parameters.items())
    ]
    return t.FunctionType(tuple(listed), _type(signature.plain("ReturnType", t.ANY)))


def _type(value: Value) -> t.Type:
    value = plain(value)
    if isinstance(value, t.Type):
        return value
    raise cannot_convert(value, "Type")
