"""Steps that are made on rows: where their rows come from, so that later steps go back to the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from headwater.powerquery.tables.plan_table import PlanTable, left_engine
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.types import TableType


def rows_after(
    step: str, table: Table, rows: Callable[[], Iterable[Sequence[Value]]], of: TableType | None = None
) -> Table:
    """The result of a step that always works on rows, over a table that may have been a plan.

    ``of`` is its type where that is not the table's.
    """
    made = RowTable(table.type if of is None else of, rows)
    if isinstance(table, PlanTable):
        table.session.note_unfolded(step, "The step works on rows.")
        return left_engine(made, table.session, step, table.plan)
    if isinstance(table, RowTable):
        made.outside = table.outside
    return made


def left(step: str, table: Table, made: Table) -> Table:
    """``made`` by a step that always works on rows, over a table that may have been a plan."""
    return rows_after(step, table, made.rows, made.type)
