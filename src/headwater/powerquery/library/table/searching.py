"""Which rows are in a table, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.powerquery.library.arguments import record_of
from headwater.powerquery.library.criteria import occurrences
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.leaving import rows_after
from headwater.powerquery.library.table.matching import GivenRows
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.table import Table


def _given(table: Table, rows: List, criteria: Value) -> GivenRows:
    return GivenRows(table, [record_of(row) for row in rows], criteria)


def _positions(table: Table, given: GivenRows) -> Iterator[int]:
    return (at for at, row in enumerate(table.records()) if given.has(row))


@function(
    "Table.Contains(table as table, row as record, optional equationCriteria as any) as logical",
    examples=[
        ('Table.Contains(#table({"A", "B"}, {{1, "x"}, {2, "y"}}), [A = 2])', "true"),
        ('Table.Contains(#table({"A", "B"}, {{1, "x"}}), [A = 9, B = "x"], "B")', "true"),
        ('Table.Contains(#table({"A"}, {{"x"}}), [A = "X"], Comparer.OrdinalIgnoreCase)', "true"),
    ],
)
def contains(table: Table, row: Record, criteria: Value = None) -> bool:
    """Whether the table has a row with these fields; equation criteria say which columns count, and how they are
    compared.
    """
    given = GivenRows(table, [row], criteria)
    return any(given.has(candidate) for candidate in table.records())


@function(
    "Table.ContainsAll(table as table, rows as list, optional equationCriteria as any) as logical",
    examples=[
        ('Table.ContainsAll(#table({"A"}, {{1}, {2}}), {[A = 2], [A = 1]})', "true"),
        ('Table.ContainsAll(#table({"A"}, {{1}, {2}}), {[A = 2], [A = 3]})', "false"),
    ],
)
def contains_all(table: Table, rows: List, criteria: Value = None) -> bool:
    """Whether the table has every one of the rows."""
    given = _given(table, rows, criteria)
    missing = set(range(len(rows)))
    for row in table.records() if missing else ():
        missing.difference_update(given.like(row))
        if not missing:
            break
    return not missing


@function(
    "Table.ContainsAny(table as table, rows as list, optional equationCriteria as any) as logical",
    examples=[
        ('Table.ContainsAny(#table({"A"}, {{1}, {2}}), {[A = 3], [A = 2]})', "true"),
        ('Table.ContainsAny(#table({"A"}, {{1}, {2}}), {})', "false"),
    ],
)
def contains_any(table: Table, rows: List, criteria: Value = None) -> bool:
    """Whether the table has some of the rows."""
    given = _given(table, rows, criteria)
    return any(given.has(row) for row in table.records())


@function(
    "Table.PositionOf(table as table, row as record, optional occurrence as any, optional equationCriteria as any)"
    " as any",
    examples=[
        ('Table.PositionOf(#table({"A"}, {{5}, {6}, {5}}), [A = 5])', "0"),
        ('Table.PositionOf(#table({"A"}, {{5}, {6}, {5}}), [A = 5], Occurrence.All)', "{0, 2}"),
        ('Table.PositionOf(#table({"A"}, {{5}}), [A = 7])', "-1"),
    ],
)
def position_of(table: Table, row: Record, occurrence: Value = None, criteria: Value = None) -> Value:
    """Where the row stands in the table, counted from 0; -1 where it does not."""
    return occurrences(_positions(table, GivenRows(table, [row], criteria)), plain(occurrence))


@function(
    "Table.PositionOfAny(table as table, rows as list, optional occurrence as nullable number, optional"
    " equationCriteria as any) as any",
    examples=[
        ('Table.PositionOfAny(#table({"A"}, {{5}, {6}, {7}}), {[A = 7], [A = 6]})', "1"),
        ('Table.PositionOfAny(#table({"A"}, {{5}, {6}, {7}}), {[A = 7], [A = 6]}, Occurrence.Last)', "2"),
    ],
)
def position_of_any(table: Table, rows: List, occurrence: Value = None, criteria: Value = None) -> Value:
    """Where one of the rows stands in the table, counted from 0; -1 where none does."""
    return occurrences(_positions(table, _given(table, rows, criteria)), occurrence)


@function(
    "Table.FindText(table as table, text as text) as table",
    examples=[
        ('Table.FindText(#table({"A", "B"}, {{1, "Ada"}, {2, "Bob"}}), "da")', '#table({"A", "B"}, {{1, "Ada"}})'),
    ],
)
def find_text(table: Table, wanted: str) -> Table:
    """The rows in which a cell contains the text, capitals and small letters told apart."""

    def rows() -> Iterator[Sequence[Value]]:
        return (row for row in table.rows() if any(_has_text(force(cell), wanted) for cell in row))

    return rows_after("Table.FindText", table, rows)


def _has_text(value: Value, wanted: str) -> bool:
    value = plain(value)
    if isinstance(value, Record):
        return any(_has_text(member, wanted) for _, member in value.items())
    return isinstance(value, str) and wanted in value
