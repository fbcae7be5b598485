"""Functions on a table's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options, names_of, pairs_of, text_of
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.tables import columns as operations
from headwater.powerquery.tables import rows as row_operations
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

enumeration(
    "MissingField",
    {"Error": 0, "Ignore": 1, "UseNull": 2},
    summary="What to do about a field or column that is not there.",
)


def missing_of(value: Value) -> operations.Missing:
    """M's MissingField number as the operations take it."""
    names: dict[Any, operations.Missing] = {None: "error", 0: "error", 1: "ignore", 2: "null"}
    if value not in names:
        raise MError("Expression.Error", "The value is no MissingField.Type.", value)
    return names[value]


@function(
    "Table.SelectColumns(table as table, columns as any, optional missingField as nullable number) as table",
    examples=[('Table.SelectColumns(#table({"A", "B"}, {{1, 2}}), "B")', '#table({"B"}, {{2}})')],
)
def select_columns(table: Table, columns: Value, missing: Value = None) -> Table:
    """Just the named columns, in the order named."""
    return operations.select_columns(table, names_of(columns), missing_of(missing))


@function(
    "Table.RemoveColumns(table as table, columns as any, optional missingField as nullable number) as table",
    examples=[('Table.RemoveColumns(#table({"A", "B"}, {{1, 2}}), {"A"})', '#table({"B"}, {{2}})')],
)
def remove_columns(table: Table, columns: Value, missing: Value = None) -> Table:
    """All columns but the named ones."""
    return operations.remove_columns(table, names_of(columns), missing_of(missing))


@function(
    "Table.ReorderColumns(table as table, columnOrder as list, optional missingField as nullable number) as table",
    examples=[
        ('Table.ColumnNames(Table.ReorderColumns(#table({"A", "B", "C"}, {}), {"C", "A"}))', '{"C", "B", "A"}'),
    ],
)
def reorder_columns(table: Table, order: List, missing: Value = None) -> Table:
    """The named columns put in the order named, in the places they hold together."""
    return operations.reorder_columns(table, names_of(order), missing_of(missing))


@function(
    "Table.RenameColumns(table as table, renames as list, optional missingField as nullable number) as table",
    examples=[('Table.RenameColumns(#table({"A"}, {{1}}), {{"A", "Z"}})', '#table({"Z"}, {{1}})')],
)
def rename_columns(table: Table, renames: List, missing: Value = None) -> Table:
    """Columns renamed by pairs of old and new name."""
    pairs = {text_of(old): text_of(new) for old, new in pairs_of(renames)}
    return operations.rename_columns(table, pairs, missing_of(missing))


@function(
    "Table.AddColumn(table as table, newColumnName as text, columnGenerator as function, optional columnType as"
    " nullable type) as table",
    examples=[
        ('Table.AddColumn(#table({"A"}, {{1}, {2}}), "B", each [A] * 10)', '#table({"A", "B"}, {{1, 10}, {2, 20}})'),
    ],
)
def add_column(table: Table, name: str, generator: Function, of: t.Type | None = None) -> Table:
    """A column computed from each row; the call of a model runs over batches of all rows."""
    return operations.add_column(table, name, generator, of)


@function(
    "Table.AddIndexColumn(table as table, newColumnName as text, optional initialValue as nullable number, optional"
    " increment as nullable number, optional columnType as nullable type) as table",
    examples=[
        ('Table.AddIndexColumn(#table({"A"}, {{"x"}, {"y"}}), "I", 1)', '#table({"A", "I"}, {{"x", 1}, {"y", 2}})'),
    ],
)
def add_index_column(
    table: Table, name: str, start: Value = None, step: Value = None, of: t.Type | None = None
) -> Table:
    """A column that counts the rows."""
    operations.unique_or_error([*table.names, name])
    first, increment = 0 if start is None else start, 1 if step is None else step
    return row_operations.add_index_column(table, name, first, increment, of or t.NUMBER)


@function(
    "Table.DuplicateColumn(table as table, columnName as text, newColumnName as text, optional columnType as nullable"
    " type) as table",
    examples=[('Table.DuplicateColumn(#table({"A"}, {{1}}), "A", "B")', '#table({"A", "B"}, {{1, 1}})')],
)
def duplicate_column(table: Table, name: str, new_name: str, of: t.Type | None = None) -> Table:
    """A copy of a column under another name."""
    if name not in table.index:
        raise operations.missing_column(name)
    return operations.duplicate_column(table, name, new_name, of)


@function(
    "Table.TransformColumnTypes(table as table, typeTransformations as list, optional culture as any) as table",
    examples=[
        ('Table.TransformColumnTypes(#table({"A"}, {{"1.5"}}), {{"A", type number}})', '#table({"A"}, {{1.5}})'),
        ('Table.TransformColumnTypes(#table({"A"}, {{"9.2.24"}}), {{"A", type date}}, "de-DE"){0}[A]',
         "#date(2024, 2, 9)"),
    ],
    session=True,
)  # fmt: skip
def transform_column_types(session: Session, table: Table, transformations: List, culture: Value = None) -> Table:
    """Columns converted to types; a cell that does not convert becomes an error.

    In place of the culture a record may stand: Culture, and MissingField for columns that are not there.
    """
    types: dict[str, t.Type] = {}
    for name, of in pairs_of(transformations):
        if not isinstance(of, t.Type):
            raise cannot_convert(of, "Type")
        types[text_of(name)] = of
    language, missing = _conversion_options(plain(culture))
    return operations.transform_types(table, types, culture_of(language, session).name, session, missing)


def _conversion_options(value: Value) -> tuple[str | None, operations.Missing]:
    if isinstance(value, Record):
        given = known_options(value, "Table.TransformColumnTypes", "Culture", "MissingField")
        language = given.get("Culture")
        return (None if language is None else text_of(language)), missing_of(given.get("MissingField"))
    return (None if value is None else text_of(value)), "error"


@function(
    "Table.ExpandRecordColumn(table as table, column as text, fieldNames as list, optional newColumnNames as nullable"
    " list) as table",
    examples=[
        ('Table.ExpandRecordColumn(#table({"R"}, {{[a = 1, b = 2]}}), "R", {"a", "b"})',
         '#table({"a", "b"}, {{1, 2}})'),
    ],
)  # fmt: skip
def expand_record_column(table: Table, column: str, fields: List, new_names: List | None = None) -> Table:
    """A column of records replaced by columns of their fields."""
    chosen = None if new_names is None else names_of(new_names)
    return operations.expand_record_column(table, column, names_of(fields), chosen)


@function(
    "Table.Column(table as table, column as text) as list",
    examples=[('Table.Column(#table({"A"}, {{1}, {2}}), "A")', "{1, 2}")],
)
def column(table: Table, name: str) -> List:
    """The cells of a column."""
    if name not in table.index:
        raise operations.missing_column(name)
    return operations.column_values(table, name)


@function(
    "Table.ColumnNames(table as table) as list",
    examples=[('Table.ColumnNames(#table({"A", "B"}, {}))', '{"A", "B"}')],
)
def column_names(table: Table) -> List:
    """The names of the columns."""
    return List(list(table.names))


@function(
    "Table.HasColumns(table as table, columns as any) as logical",
    examples=[('Table.HasColumns(#table({"A"}, {}), {"A", "B"})', "false")],
)
def has_columns(table: Table, columns: Value) -> bool:
    """Whether the table has all these columns."""
    return all(name in table.index for name in names_of(columns))
