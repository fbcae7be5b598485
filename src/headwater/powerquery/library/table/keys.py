"""The keys of tables."""

from __future__ import annotations

from headwater.powerquery.library.arguments import table_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.type import type_table_keys
from headwater.powerquery.library.type.structure import add_table_key, replace_table_keys
from headwater.powerquery.tables.retyping import replace_type
from headwater.powerquery.values.core import List
from headwater.powerquery.values.table import Table


@function(
    "Table.AddKey(table as table, columns as list, isPrimary as logical) as table",
    examples=[
        ('Table.Keys(Table.AddKey(#table({"A"}, {{1}}), {"A"}, true))', '{[Columns = {"A"}, Primary = true]}'),
    ],
)
def add_key(table: Table, columns: List, primary: bool) -> Table:
    """The table with a key of some of its columns added; nobody checks that the rows are told apart by it."""
    return table_of(replace_type(table, add_table_key(table.type, columns, primary)))


@function(
    "Table.Keys(table as table) as list",
    examples=[('Table.Keys(#table({"A"}, {{1}}))', "{}")],
)
def keys(table: Table) -> List:
    """The keys of the table, each as [Columns, Primary]."""
    return List(list(type_table_keys(table.type)))


@function(
    "Table.ReplaceKeys(table as table, keys as list) as table",
    examples=[
        ('Table.Keys(Table.ReplaceKeys(#table({"A"}, {{1}}), {[Columns = {"A"}, Primary = false]}))',
         '{[Columns = {"A"}, Primary = false]}'),
    ],
)  # fmt: skip
def replace_keys(table: Table, new_keys: List) -> Table:
    """The table with other keys, each given as [Columns, Primary]."""
    return table_of(replace_type(table, replace_table_keys(table.type, new_keys)))
