"""Rows by their places, from the end and by turns, for plans and for rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from headwater.errors import NotFoldableError
from headwater.plan.nodes import Slice, Union
from headwater.plan.reshaping import Alternate, Reverse
from headwater.powerquery.evaluator.loops import holds
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

MOST_REPEATS = 64
"""More copies of a table than this are made by the evaluator: each would be a statement's part of its own."""


def _reversed_rows_form(table: Table) -> Table:
    return RowTable(table.type, lambda: reversed(list(table.rows())))


@folded("Table.ReverseRows", _reversed_rows_form)
def reverse_rows(table: PlanTable) -> Table:
    """The rows from last to first."""
    return PlanTable(Reverse(table.plan), table.session, table.type)


def _last_rows_form(table: Table, count: int) -> Table:
    return RowTable(table.type, lambda: deque(table.rows(), maxlen=count))


@folded("Table.LastN", _last_rows_form)
def last_rows(table: PlanTable, count: int) -> Table:
    """The last rows, as many."""
    return PlanTable(Reverse(Slice(Reverse(table.plan), 0, count)), table.session, table.type)


def _without_last_rows_form(table: Table, count: int) -> Table:
    def rows() -> Iterator[Sequence[Value]]:
        waiting: deque[Sequence[Value]] = deque()
        for row in table.rows():
            waiting.append(row)
            if len(waiting) > count:
                yield waiting.popleft()

    return RowTable(table.type, rows)


@folded("Table.RemoveLastN", _without_last_rows_form)
def without_last_rows(table: PlanTable, count: int) -> Table:
    """All rows but the last ones, as many."""
    return PlanTable(Reverse(Slice(Reverse(table.plan), count, None)), table.session, table.type)


def trailing_rows(table: Table, condition: Function) -> int:
    """How many rows at the end the condition holds for."""
    index, count = table.index, 0
    for row in reverse_rows(table).rows():
        if not holds(condition, Record(index, row)):
            break
        count += 1
    return count


def _alternating_rows_form(table: Table, offset: int, skip: int, take: int) -> Table:
    def rows() -> Iterator[Sequence[Value]]:
        for at, row in enumerate(table.rows(), start=-offset):
            if at < 0 or at % (skip + take) >= skip:
                yield row

    return RowTable(table.type, rows)


@folded("Table.AlternateRows", _alternating_rows_form)
def alternate_rows(table: PlanTable, offset: int, skip: int, take: int) -> Table:
    """The first rows, then by turns rows left out and rows kept."""
    return PlanTable(Alternate(table.plan, offset, skip, take), table.session, table.type)


def _repeated_rows_form(table: Table, count: int) -> Table:
    return RowTable(table.type, lambda: chain.from_iterable(one.rows() for one in repeat(table, count)))


@folded("Table.Repeat", _repeated_rows_form)
def repeat_rows(table: PlanTable, count: int) -> Table:
    """All rows, again and again."""
    if not 0 < count <= MOST_REPEATS:
        raise NotFoldableError(f"Only 1 to {MOST_REPEATS} copies of a table fold.")
    return PlanTable(Union((table.plan,) * count, table.plan.columns), table.session, table.type)
