"""Rows put in, taken out and replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import list_of, record_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.leaving import rows_after
from headwater.powerquery.library.table.matching import GivenRows
from headwater.powerquery.tables.combining import combine
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.values.core import List, Record, Value
from headwater.powerquery.values.table import Table


def _cells(table: Table, row: Record) -> list[Value]:
    """The row's cells in the order of the table's columns.

    Raises:
        MError: Expression.Error, the row has a field too many or too few.
    """
    unknown = next((name for name in row.names if name not in table.index), None)
    if unknown is not None:
        raise MError("Expression.Error", f"The column '{unknown}' of the table wasn't found.", unknown)
    raw = row.raw()
    absent = next((name for name in table.names if name not in raw), None)
    if absent is not None:
        raise MError("Expression.Error", f"The field '{absent}' of the record wasn't found.", row)
    return [raw[name] for name in table.names]


def _out_of_range(name: str, value: Value) -> MError:
    return MError("Expression.Error", f"The '{name}' argument is out of range.", value)


@function(
    "Table.InsertRows(table as table, offset as number, rows as list) as table",
    examples=[
        ('Table.InsertRows(#table({"A"}, {{1}, {3}}), 1, {[A = 2]})', '#table({"A"}, {{1}, {2}, {3}})'),
    ],
)
def insert_rows(table: Table, offset: Value, rows: List) -> Table:
    """The table with rows, given as records with a field for each column, put in at an offset."""
    return _replaced("Table.InsertRows", table, whole(offset, "offset"), 0, rows)


@function(
    "Table.RemoveRows(table as table, offset as number, optional count as nullable number) as table",
    examples=[
        ('Table.RemoveRows(#table({"A"}, {{1}, {2}, {3}}), 1)', '#table({"A"}, {{1}, {3}})'),
        ('Table.RemoveRows(#table({"A"}, {{1}, {2}, {3}}), 0, 2)', '#table({"A"}, {{3}})'),
    ],
)
def remove_rows(table: Table, offset: Value, count: Value = None) -> Table:
    """The table without the row at an offset, or without a number of rows from there."""
    start = whole(offset, "offset")
    gone = 1 if count is None else whole(count, "count")
    after = slice_rows(table, start + gone, None)
    return after if start == 0 else combine([slice_rows(table, 0, start), after], table.names)


@function(
    "Table.ReplaceRows(table as table, offset as number, count as number, rows as list) as table",
    examples=[
        ('Table.ReplaceRows(#table({"A"}, {{1}, {2}, {3}}), 1, 2, {[A = 7]})', '#table({"A"}, {{1}, {7}})'),
    ],
)
def replace_rows(table: Table, offset: Value, count: Value, rows: List) -> Table:
    """The table with a number of rows from an offset replaced by others, given as records."""
    return _replaced("Table.ReplaceRows", table, whole(offset, "offset"), whole(count, "count"), rows)


def _replaced(step: str, table: Table, start: int, count: int, rows: List) -> Table:
    def changed() -> Iterator[Sequence[Value]]:
        source = table.rows()
        for _ in range(start):
            row = next(source, None)
            if row is None:
                raise _out_of_range("offset", start)
            yield row
        yield from (_cells(table, record_of(row)) for row in rows)
        for _ in range(count):
            if next(source, None) is None:
                raise _out_of_range("count", count)
        yield from source

    return rows_after(step, table, changed)


@function(
    "Table.RemoveMatchingRows(table as table, rows as list, optional equationCriteria as any) as table",
    examples=[
        ('Table.RemoveMatchingRows(#table({"A", "B"}, {{1, 2}, {3, 4}}), {[A = 1]}, "A")',
         '#table({"A", "B"}, {{3, 4}})'),
        ('Table.RemoveMatchingRows(#table({"A"}, {{"x"}, {"y"}}), {[A = "X"]}, {"A", Comparer.OrdinalIgnoreCase})',
         '#table({"A"}, {{"y"}})'),
    ],
)  # fmt: skip
def remove_matching_rows(table: Table, rows: List, criteria: Value = None) -> Table:
    """The table without the rows that equal one of those given; equation criteria say what counts."""

    def kept() -> Iterator[Sequence[Value]]:
        given = GivenRows(table, [record_of(row) for row in rows], criteria)
        index = table.index
        return (row for row in table.rows() if not given.has(Record(index, row)))

    return rows_after("Table.RemoveMatchingRows", table, kept)


@function(
    "Table.ReplaceMatchingRows(table as table, replacements as list, optional equationCriteria as any) as table",
    examples=[
        ('Table.ReplaceMatchingRows(#table({"A"}, {{1}, {2}, {1}}), {{[A = 1], [A = 9]}})',
         '#table({"A"}, {{9}, {2}, {9}})'),
    ],
)  # fmt: skip
def replace_matching_rows(table: Table, replacements: List, criteria: Value = None) -> Table:
    """The table with each row that equals the first of a pair of records replaced by the second."""

    def changed() -> Iterator[Sequence[Value]]:
        pairs = [_pair(item) for item in replacements]
        given = GivenRows(table, [old for old, _ in pairs], criteria)
        new = [_cells(table, row) for _, row in pairs]
        index = table.index
        for row in table.rows():
            found = min(given.like(Record(index, row)), default=None)
            yield row if found is None else new[found]

    return rows_after("Table.ReplaceMatchingRows", table, changed)


def _pair(item: Value) -> tuple[Record, Record]:
    pair = list(list_of(item))
    if len(pair) != 2:
        raise MError("Expression.Error", "A replacement is a list of two rows: the old one and the new one.", item)
    return record_of(pair[0]), record_of(pair[1])
