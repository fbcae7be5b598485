"""From rows that are there to a plan over them, so that later steps fold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

from headwater.errors import MError, NotFoldableError
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.tables.evaluated import arrow_scan
from headwater.powerquery.tables.plan_table import WORTHWHILE, PlanTable
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table


def planned(table: RowTable, session: Session) -> Table:
    """The table itself when it is small, else as a plan if its cells are of kinds that Arrow holds.

    The rows of a larger table are read once to find out.
    """
    source = table.rows()
    try:
        head = list(islice(source, WORTHWHILE))
        if len(head) < WORTHWHILE:
            return RowTable.held(table.type, head)
        rows = list(chain(head, source))
    except MError:
        return table  # a row that is an error is for whoever gets as far as that row
    try:
        return to_plan(table, rows, session)
    except NotFoldableError:
        return RowTable.held(table.type, rows)


def to_plan(table: Table, rows: Sequence[Sequence[Value]], session: Session) -> PlanTable:
    """A plan over these rows; NotFoldableError where a column's cells are of no one kind, or there is no column."""
    return PlanTable(arrow_scan(table, rows), session, table.type)
