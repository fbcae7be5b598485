"""Operations on a table's rows, each for plans and for rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import dropwhile, islice

from headwater.errors import NotFoldableError
from headwater.plan.nodes import Column, Filter, Index, Node, Slice, fresh_id, select
from headwater.plan.types import INT64, LOGICAL, Kind
from headwater.powerquery.evaluator.loops import holds, rows_where
from headwater.powerquery.tables.calling import CallFolder
from headwater.powerquery.tables.looking import kept_for_filters
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_calls import row_call
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

# -- slices --------------------------------------------------------------------------------------------------------


def _slice_rows_form(table: Table, offset: int, count: int | None) -> Table:
    start = min(offset, sys.maxsize)
    end = None if count is None else min(offset + count, sys.maxsize)
    return RowTable(table.type, lambda: islice(table.rows(), start, end))


@folded("Table.FirstN", _slice_rows_form)
def slice_rows(table: PlanTable, offset: int, count: int | None) -> Table:
    """Rows from ``offset`` on, at most ``count``."""
    return PlanTable(Slice(table.plan, offset, count), table.session, table.type)


def first_rows_while(table: Table, condition: Function) -> Table:
    """The leading rows for which the condition holds."""

    def rows() -> Iterator[Sequence[Value]]:
        index = table.index
        for row in table.rows():
            if not holds(condition, Record(index, row)):
                return
            yield row

    return RowTable(table.type, rows)


def rows_after(table: Table, condition: Function) -> Table:
    """All rows but the leading ones for which the condition holds."""

    def rows() -> Iterator[Sequence[Value]]:
        index = table.index
        return dropwhile(lambda row: holds(condition, Record(index, row)), table.rows())

    return RowTable(table.type, rows)


# -- filter --------------------------------------------------------------------------------------------------------


def _select_rows_form(table: Table, condition: Function) -> Table:
    return RowTable(table.type, lambda: rows_where(condition, table.index, table.rows()))


@folded("Table.SelectRows", _select_rows_form)
def select_rows(table: PlanTable, condition: Function) -> Table:
    """The rows for which the condition is true; null counts as false."""
    held = kept_for_filters(table)
    if held is not None:
        return _select_rows_form(RowTable.held(table.type, held), condition)
    try:
        folder = CallFolder(condition, table)
        predicate = folder.fold()
    except NotFoldableError as reason:
        called = row_call(table, "Table.SelectRows", condition, "condition", kind=LOGICAL, reason=reason)
        kept = select(Filter(called, called.added.ref), table.plan.columns)
        return PlanTable(kept, table.session, table.type)
    if predicate.type.kind is not Kind.LOGICAL:
        raise NotFoldableError("The condition is not a logical.")
    plan: Node = Filter(folder.plan, predicate)
    if folder.plan is not table.plan:
        plan = select(plan, table.plan.columns)
    return PlanTable(plan, table.session, table.type)


# -- index ---------------------------------------------------------------------------------------------------------


def _index_rows_form(table: Table, name: str, start: Value, step: Value, column_type: t.Type) -> Table:
    of = table_type([*table.names, name], [*table.column_types, column_type])
    return RowTable(of, lambda: ([*row, start + at * step] for at, row in enumerate(table.rows())))


@folded("Table.AddIndexColumn", _index_rows_form)
def add_index_column(table: PlanTable, name: str, start: Value, step: Value, column_type: t.Type) -> Table:
    """A column that counts the rows."""
    if not isinstance(start, int) or not isinstance(step, int):
        raise NotFoldableError("Only whole-number indexes fold.")
    added = Column(fresh_id(name, [c.id for c in table.plan.columns]), name, INT64)
    return table.with_plan(Index(table.plan, added, start, step), [*table.column_types, column_type])
