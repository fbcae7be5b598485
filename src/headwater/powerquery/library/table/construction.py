"""Tables from lists, records and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import list_of, names_of, record_of, table_of, text_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.record.information import record_of_fields
from headwater.powerquery.library.table.columns import missing_of
from headwater.powerquery.library.table.splitting import extra_of
from headwater.powerquery.tables.columns import missing_column, unique_or_error
from headwater.powerquery.tables.combining import combine
from headwater.powerquery.tables.holding import planned
from headwater.powerquery.tables.retyping import replace_type
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.splitting import fitted
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, force, plain, wrong_width
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def _columns(columns: Value) -> t.TableType:
    """A table type from what ``#table`` takes as columns: a type, names, or a number of columns."""
    columns = plain(columns)
    if isinstance(columns, t.TableType):
        return columns
    if isinstance(columns, t.RecordType):
        return t.TableType(columns)
    if is_number(columns):
        return table_type([f"Column{at}" for at in range(1, whole(columns, "columns") + 1)])
    if isinstance(columns, List):
        return table_type(unique_or_error(names_of(columns)))
    raise cannot_convert(columns, "Type")


def _rows(rows: List, width: int) -> Iterator[Sequence[Value]]:
    for row in rows:
        cells = list_of(row).items
        if len(cells) != width:
            raise wrong_width(width, len(cells))
        yield cells


@function(
    "#table(columns as any, rows as any) as any",
    examples=[('Table.RowCount(#table({"A", "B"}, {{1, 2}, {3, 4}}))', "2")],
    session=True,
)
def table_literal(session: Session, columns: Value, rows: Value) -> Table:
    """A table of the given columns (a table type, names, their number, or null for as many as the first row has) and
    rows (lists of cells).
    """
    return table_of(from_rows(session, list_of(rows), columns))


def _from_rows(session: Session, columns: Value, rows: Value) -> Table:
    of = _columns(columns)
    listed = list_of(rows)
    return planned(RowTable(of, lambda: _rows(listed, len(of.row.fields))), session)


@function(
    "Table.FromRows(rows as list, optional columns as any) as table",
    examples=[
        ('Table.FromRows({{1, "a"}, {2, "b"}}, {"N", "T"})', '#table({"N", "T"}, {{1, "a"}, {2, "b"}})'),
    ],
    session=True,
)
def from_rows(session: Session, rows: List, columns: Value = None) -> Table:
    """A table of rows, each a list of cells."""
    if plain(columns) is None:
        head = rows.first(1)
        columns = len(list_of(force(head[0])).items) if head else 0
    return _from_rows(session, columns, rows)


@function(
    "Table.FromRecords(records as list, optional columns as any, optional missingField as nullable number) as table",
    examples=[
        ("Table.FromRecords({[A = 1, B = 2], [A = 3, B = 4]})", '#table({"A", "B"}, {{1, 2}, {3, 4}})'),
        ('Table.FromRecords({[A = 1], [B = 2]}, {"A", "B"}, MissingField.UseNull)',
         '#table({"A", "B"}, {{1, null}, {null, 2}})'),
    ],
    session=True,
)  # fmt: skip
def from_records(session: Session, records: List, columns: Value = None, missing: Value = None) -> Table:
    """A table of records; the first one names the columns unless they are given.

    A field that a record lacks is an error, or null with MissingField.UseNull. MissingField.Ignore is an error: a table
    has no cells that are not there.
    """
    choice = missing_of(missing)
    if choice == "ignore":
        raise MError("Expression.Error", "A table's rows lack no cells: MissingField.Ignore is not allowed.", missing)
    if plain(columns) is None:
        head = records.first(1)
        columns = List(list(record_of(force(head[0])).names) if head else [])
    of = _columns(columns)
    names = [f.name for f in of.row.fields]

    def rows() -> Iterator[Sequence[Value]]:
        for item in records:
            record = record_of(item)
            raw = record.raw()
            for name in names:
                if name not in raw and choice == "error":
                    raise MError("Expression.Error", f"The field '{name}' of the record wasn't found.", record)
            yield [raw.get(name) for name in names]

    return planned(RowTable(of, rows), session)


@function(
    "Table.FromColumns(lists as list, optional columns as any) as table",
    examples=[('Table.FromColumns({{1, 2}, {3}}, {"A", "B"})', '#table({"A", "B"}, {{1, 3}, {2, null}})')],
    session=True,
)
def from_columns(session: Session, lists: List, columns: Value = None) -> Table:
    """A table of columns, each a list of cells; short ones are filled with null."""
    held = [list_of(item).items for item in lists]
    of = _columns(len(held) if plain(columns) is None else columns)
    width = len(of.row.fields)
    held += [[]] * (width - len(held))
    height = max((len(column) for column in held), default=0)
    rows = [[column[at] if at < len(column) else None for column in held] for at in range(height)]
    return planned(RowTable.held(of, rows), session)


@function(
    "Table.FromList(list as list, optional splitter as nullable function, optional columns as any,"
    " optional default as any, optional extraValues as nullable number) as table",
    examples=[
        ('Table.FromList({"a,b", "c,d"}, null, {"X", "Y"})', '#table({"X", "Y"}, {{"a", "b"}, {"c", "d"}})'),
        ('Table.FromList({"a,b,c"}, null, 2, null, ExtraValues.List)[Column2]', '{{"b", "c"}}'),
    ],
    session=True,
)  # fmt: skip
def from_list(
    session: Session, items: List, splitter: Function | None = None, columns: Value = None, default: Value = None,
    extra: Value = None,
) -> Table:  # fmt: skip
    """A table of a list; the splitter makes the cells of a row from an item, by default by commas.

    Without columns there are as many as the longest row has. Cells that a row lacks are the default; what it has too
    many of follows ExtraValues, and is an error unless that says otherwise.
    """
    rows = [_cells_of(item, splitter) for item in items]
    of = _columns(max((len(row) for row in rows), default=1) if plain(columns) is None else columns)
    width, mode = len(of.row.fields), extra_of(extra, "error")
    return planned(RowTable(of, lambda: (fitted(row, width, default, mode) for row in rows)), session)


def _cells_of(item: Value, splitter: Function | None) -> Sequence[Value]:
    return text_of(item).split(",") if splitter is None else list_of(splitter.invoke([item])).items


@function(
    "Table.Combine(tables as list, optional columns as any) as table",
    examples=[
        ('Table.Combine({#table({"A"}, {{1}}), #table({"B"}, {{2}})})', '#table({"A", "B"}, {{1, null}, {null, 2}})'),
    ],
)
def table_combine(tables: List, columns: Value = None) -> Table:
    """The rows of several tables one after another; columns are matched by name.

    Without columns there are those of all tables; with them just these, of the types that a table type says.
    """
    of = None if plain(columns) is None else _columns(columns)
    listed = [table_of(item) for item in tables]
    if not listed:
        return RowTable.held(of or table_type([]), [])
    together = combine(listed, None if of is None else [f.name for f in of.row.fields])
    typed = isinstance(plain(columns), t.Type)
    return table_of(replace_type(together, of)) if typed and of is not None else together


@function(
    "Table.ToRecords(table as table) as list",
    examples=[('Table.ToRecords(#table({"A"}, {{1}}))', "{[A = 1]}")],
)
def to_records(table: Table) -> List:
    """The rows as a list of records."""
    return List(source=table.records)


@function(
    "Table.ToRows(table as table) as list",
    examples=[('Table.ToRows(#table({"A", "B"}, {{1, 2}}))', "{{1, 2}}")],
)
def to_rows(table: Table) -> List:
    """The rows as a list of lists."""
    return List(source=lambda: (List(row) for row in table.rows()))


@function(
    "Table.ToColumns(table as table) as list",
    examples=[('Table.ToColumns(#table({"A", "B"}, {{1, 2}, {3, 4}}))', "{{1, 3}, {2, 4}}")],
)
def to_columns(table: Table) -> List:
    """The columns as a list of lists."""
    rows = list(table.rows())
    return List([List([row[at] for row in rows]) for at in range(len(table.names))])


@function(
    "Record.ToTable(record as record) as table",
    examples=[("Record.ToTable([A = 1])", '#table({"Name", "Value"}, {{"A", 1}})')],
)
def record_to_table(record: Record) -> Table:
    """A table with a row a field: its Name and its Value."""
    return RowTable.held(table_type(["Name", "Value"]), [[name, cell] for name, cell in record.raw().items()])


@function(
    "Record.FromTable(table as table) as record",
    examples=[('Record.FromTable(#table({"Name", "Value"}, {{"A", 1}}))', "[A = 1]")],
)
def record_from_table(table: Table) -> Record:
    """A record from a table with the columns Name and Value."""
    for name in ("Name", "Value"):
        if name not in table.index:
            raise missing_column(name)
    return record_of_fields((text_of(row.get("Name")), row.raw()["Value"]) for row in table.records())
