"""Tables in partitions, and in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, list_of, table_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.leaving import rows_after
from headwater.powerquery.library.type.partitions import replace_partition_key
from headwater.powerquery.tables.columns import missing_column, select_columns, unique_or_error
from headwater.powerquery.tables.combining import combine
from headwater.powerquery.tables.distinct import distinct_rows
from headwater.powerquery.tables.holding import planned
from headwater.powerquery.tables.retyping import replace_type
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_whole
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Table.Partition(table as table, column as text, groups as number, hash as function) as list",
    examples=[
        ('Table.Partition(#table({"A"}, {{1}, {2}, {3}}), "A", 2, each _)',
         '{#table({"A"}, {{2}}), #table({"A"}, {{1}, {3}})}'),
    ],
)  # fmt: skip
def partition(table: Table, column: str, groups: Value, hash_function: Function) -> List:
    """A number of tables; a row is in the one whose number is the hash of its cell, modulo that number."""
    if column not in table.index:
        raise missing_column(column)
    count = whole(groups, "groups", least=1)
    at, ask = table.index[column], caller(hash_function, 1)

    def spread() -> list[list[Sequence[Value]]]:
        parts: list[list[Sequence[Value]]] = [[] for _ in range(count)]
        for row in table.rows():
            number = plain(ask(force(row[at])))
            if not is_whole(number):
                raise cannot_convert(number, "Number")
            parts[int(number) % count].append(row)
        return parts

    spread_once = Thunk(spread)
    return List([RowTable(table.type, _member(spread_once, number)) for number in range(count)])


def _member(parts: Thunk, number: int) -> Callable[[], list[Sequence[Value]]]:
    def rows() -> list[Sequence[Value]]:
        spread: list[list[Sequence[Value]]] = parts.get()
        return spread[number]

    return rows


@function(
    "Table.FromPartitions(partitionColumn as text, partitions as list, optional partitionColumnType as nullable type)"
    " as table",
    examples=[
        ('Table.FromPartitions("Y", {{2023, #table({"A"}, {{1}})}, {2024, #table({"A"}, {{2}})}})',
         '#table({"A", "Y"}, {{1, 2023}, {2, 2024}})'),
    ],
)  # fmt: skip
def from_partitions(column: str, partitions: List, of: t.Type | None = None) -> Table:
    """The rows of all tables, each with the value that stands before its table as a last column."""
    parts = [_part(item) for item in partitions]
    tables = [table for _, table in parts]
    together = combine(tables).type if tables else table_type([])
    names = [f.name for f in together.row.fields]
    unique_or_error([*names, column])

    def rows() -> Iterator[Sequence[Value]]:
        for value, table in parts:
            places = [table.index.get(name) for name in names]
            for row in table.rows():
                yield [*(None if at is None else row[at] for at in places), value]

    fields = (*together.row.fields, t.FieldType(column, of or t.ANY))
    whole_type = t.TableType(t.RecordType(fields), partition=(column, *_inner_key(tables)))
    return rows_after("Table.FromPartitions", tables[0], rows, whole_type) if tables else RowTable(whole_type, rows)


def _part(item: Value) -> tuple[Value, Table]:
    pair = list_of(item).items
    if len(pair) != 2:
        raise MError("Expression.Error", "A partition is a list of two: a value and a table.", item)
    return pair[0], table_of(force(pair[1]))


def _inner_key(tables: Sequence[Table]) -> tuple[str, ...]:
    """The partition key that all tables share; empty where they have none, or several."""
    keys = {table.type.partition or () for table in tables}
    return keys.pop() if len(keys) == 1 else ()


@function(
    "Table.PartitionValues(table as table) as table",
    examples=[
        ('Table.PartitionValues(Table.FromPartitions("Y", {{1, #table({"A"}, {{5}})}, {2, #table({"A"}, {{7}})}}))',
         '#table({"Y"}, {{1}, {2}})'),
        ('Table.RowCount(Table.PartitionValues(#table({"A"}, {{5}, {6}})))', "1"),
    ],
)  # fmt: skip
def partition_values(table: Table) -> Table:
    """A column for each column of the partition key, and a row for each partition that has rows. A table that is in no
    partitions is one, without columns.
    """
    key = table.type.partition
    if not key:
        return RowTable.held(table_type([]), [[]])
    return distinct_rows(select_columns(table, key, "error"), key)


@function(
    "Table.PartitionKey(table as table) as nullable list",
    examples=[('Table.PartitionKey(Table.FromPartitions("Y", {}))', '{"Y"}')],
)
def partition_key(table: Table) -> List | None:
    """The columns that say which partition a row is in; null where the table is in no partitions."""
    key = table.type.partition
    return None if key is None else List(list(key))


@function(
    "Table.ReplacePartitionKey(table as table, partitionKey as nullable list) as table",
    examples=[('Table.PartitionKey(Table.ReplacePartitionKey(#table({"A"}, {}), {"A"}))', '{"A"}')],
)
def replace_key(table: Table, key: List | None) -> Table:
    """The table with other columns that say which partition a row is in, or none."""
    return table_of(replace_type(table, replace_partition_key(table.type, key)))


# -- pages ---------------------------------------------------------------------------------------------------------


@function(
    "Table.Split(table as table, pageSize as number) as list",
    examples=[
        ('Table.Split(#table({"A"}, {{1}, {2}, {3}}), 2)', '{#table({"A"}, {{1}, {2}}), #table({"A"}, {{3}})}'),
    ],
    session=True,
)
def split(session: Session, table: Table, page_size: Value) -> List:
    """Tables of a number of rows each; the last one has what is left."""
    size = whole(page_size, "pageSize", least=1)

    def pages() -> Iterator[Value]:
        rows = table.rows()
        while page := list(islice(rows, size)):
            yield planned(RowTable.held(table.type, page), session)

    return List(source=pages)


@function(
    "Table.SplitAt(table as table, count as number) as list",
    examples=[
        ('Table.SplitAt(#table({"A"}, {{1}, {2}, {3}}), 1)', '{#table({"A"}, {{1}}), #table({"A"}, {{2}, {3}})}'),
    ],
)
def split_at(table: Table, count: Value) -> List:
    """Two tables: the first rows, and the rest."""
    first = whole(count, "count")
    return List([slice_rows(table, 0, first), slice_rows(table, first, None)])
