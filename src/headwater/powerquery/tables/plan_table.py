"""The table that is a plan: nothing runs until somebody needs its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ParamSpec

from headwater.errors import NotFoldableError
from headwater.plan.cells import error_column
from headwater.plan.nodes import Aggregate, AggregateCall, Column, Node, select
from headwater.plan.types import INT64
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.tables.arrow import decode, m_type
from headwater.powerquery.tables.row_table import table_type
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.types import TableType, Type

BATCH_ROWS = 65_536
_FIRST_BATCH_ROWS = 1_024


class PlanTable(Table):
    """A relational plan with M types; ``plan.columns`` and the type's fields go by position."""

    __slots__ = ("plan", "session")

    def __init__(self, plan: Node, session: Session, of: TableType | None = None) -> None:
        super().__init__(of or table_type([c.name for c in plan.columns], [m_type(c.type) for c in plan.columns]))
        self.plan = plan
        self.session = session

    def with_plan(self, plan: Node, types: Sequence[Type]) -> PlanTable:
        """Another plan in the same session, whose columns have these M types."""
        return PlanTable(plan, self.session, table_type([c.name for c in plan.columns], types))

    def plan_column(self, name: str) -> Column:
        """The plan's column of this M name; KeyError where there is none."""
        return self.plan.columns[self.index[name]]

    def rows(self) -> Iterator[Sequence[Value]]:
        """Run the plan and decode its rows, a batch at a time."""
        columns = self.plan.columns
        for batch in self.session.engine.reader(self.plan, batch_rows=BATCH_ROWS):
            decoded = [
                decode(batch.column(c.id), c.type, batch.column(error_column(c.id)) if c.may_fail else None)
                for c in columns
            ]
            yield from zip(*decoded, strict=True) if decoded else ((),) * batch.num_rows

    def column_cells(self, name: str) -> Iterator[Value]:
        """The members of one column; only that column is computed."""
        column = self.plan_column(name)
        narrow = PlanTable(select(self.plan, [column]), self.session)
        return (row[0] for row in narrow.rows())

    def row_count(self) -> int:
        """The number of rows, counted by the engine."""
        counted = Column("count", "count", INT64)
        plan = Aggregate(self.plan, (), ((counted, AggregateCall("Table.RowCount")),))
        groups = self.session.engine.table(plan)
        return int(groups.column(0)[0].as_py()) if groups.num_rows else 0  # no rows make no group

    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])


_P = ParamSpec("_P")


def folded(name: str, run: Callable[..., Table]) -> Callable[[Callable[..., Table]], Callable[..., Table]]:
    """Make one operation of its two ways: the decorated one extends a plan, ``run`` works on rows.

    The plan's way may raise NotFoldableError; the step then runs on rows, and the session remembers why.
    """

    def decorate(fold: Callable[..., Table]) -> Callable[..., Table]:
        def operation(table: Table, *arguments: Any) -> Table:
            if isinstance(table, PlanTable):
                try:
                    return fold(table, *arguments)
                except NotFoldableError as reason:
                    table.session.note_unfolded(name, reason.message, reason.place)
            return run(table, *arguments)

        operation.__doc__ = fold.__doc__
        operation.__name__ = fold.__name__
        return operation

    return decorate
