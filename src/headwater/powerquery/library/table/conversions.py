"""Tables from values, lists from tables, and columns by their types."""

from __future__ import annotations

from collections.abc import Callable

from headwater.powerquery.library.arguments import caller, known_options, table_of, text_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.functions.combiners import by_delimiter
from headwater.powerquery.library.table.construction import record_to_table
from headwater.powerquery.library.type import type_is
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table


@function(
    "Table.FromValue(value as any, optional options as nullable record) as table",
    examples=[
        ('Table.FromValue({1, "b"})', '#table({"Value"}, {{1}, {"b"}})'),
        ("Table.FromValue([A = 1])", '#table({"Name", "Value"}, {{"A", 1}})'),
        ('Table.FromValue(1, [DefaultColumnName = "N"])', '#table({"N"}, {{1}})'),
    ],
)
def from_value(value: Value, options: Record | None = None) -> Table:
    """A table of a value: a table is itself, a record a row a field, a list a row an item, anything else one row.

    The option DefaultColumnName names the column of a list or a single value; else it is Value.
    """
    name = text_of(known_options(options, "Table.FromValue", "DefaultColumnName").get("DefaultColumnName", "Value"))
    bare = plain(value)
    if isinstance(bare, Table):
        return bare
    if isinstance(bare, Record):
        return RowTable(table_type(["Name", "Value"], [t.TEXT, t.ANY]), record_to_table(bare).rows)
    if isinstance(bare, List):
        return RowTable(table_type([name]), lambda: ([item] for item in bare.raw()))
    return RowTable.held(table_type([name], [t.type_of(bare)]), [[value]])


@function(
    "Table.ToList(table as table, optional combiner as nullable function) as list",
    examples=[
        ('Table.ToList(#table({"A", "B"}, {{"x", "y"}}))', '{"x,y"}'),
        ('Table.ToList(#table({"A", "B"}, {{1, 2}}), List.Sum)', "{3}"),
    ],
)
def to_list(table: Table, combiner: Function | None = None) -> List:
    """A list of what a function makes of the cells of each row; by default they are joined by commas."""
    combine = caller(by_delimiter(",") if combiner is None else combiner, 1)
    return List(source=lambda: (combine(List(row)) for row in table.rows()))


@function(
    "Table.ColumnsOfType(table as table, listOfTypes as list) as list",
    examples=[
        ("Table.ColumnsOfType(#table(type table [A = text, B = number], {}), {type number})", '{"B"}'),
        ("Table.ColumnsOfType(#table(type table [A = text, B = Int64.Type], {}), {Int64.Type})", '{"B"}'),
    ],
)
def columns_of_type(table: Table, types: List) -> List:
    """The names of the columns whose type is one of those listed, or a part of one; ``type any`` lists only columns
    that may hold anything.
    """
    listed = []
    for of in types.plain():
        if not isinstance(of, t.Type):
            raise cannot_convert(of, "Type")
        listed.append(_accepts(of))
    found = zip(table.names, table.column_types, strict=True)
    return List([name for name, of in found if any(accepts(of) for accepts in listed)])


def _accepts(wanted: t.Type) -> Callable[[t.Type], bool]:
    if wanted == t.ANY:
        return lambda of: of == t.ANY
    inner = t.non_nullable(wanted)
    if isinstance(inner, t.PrimitiveType) and inner.facet:
        return lambda of: t.non_nullable(of) == inner and (wanted.nullable or not of.nullable)
    return lambda of: bool(type_is(of, wanted))


@function(
    "Table.ConformToPageReader(table as table, shapingFunction as function) as table",
    examples=[
        ('Table.ConformToPageReader(#table({"A"}, {{1}, {2}}), each Table.FirstN(_, 1))', '#table({"A"}, {{1}})'),
    ],
)
def conform_to_page_reader(table: Table, shape: Function) -> Table:
    """What a shaping function, which gives a table, makes of the table."""
    return table_of(caller(shape, 1)(table))


@function(
    "List.ConformToPageReader(list as list, optional options as nullable record) as table",
    examples=[("Table.RowCount(List.ConformToPageReader({1, 2}))", "2"),
              ("List.ConformToPageReader({5}){0}[Result]", '#table({"Value"}, {{5}})')],
)  # fmt: skip
def list_conform_to_page_reader(items: List, options: Record | None = None) -> Table:
    """A table with a column Result of tables, each of one item of the list."""
    known_options(options, "List.ConformToPageReader")
    return RowTable(table_type(["Result"]), lambda: ([from_value(item)] for item in items))
