"""The table that is a plan: nothing runs until somebody needs its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from headwater.engines import output_schema
from headwater.errors import MisfitError, NotFoldableError
from headwater.plan.cells import error_column
from headwater.plan.nodes import Aggregate, AggregateCall, Column, Node, RowsScan, select
from headwater.plan.types import INT64
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.tables.arrow import decode, m_type
from headwater.powerquery.tables.evaluated import arrow_scan, rows_scan
from headwater.powerquery.tables.row_table import OutsideEngine, RowTable, table_type
from headwater.powerquery.tables.running import evaluator_has_part, held, run
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Handling, Table
from headwater.powerquery.values.types import TableType, Type

BATCH_ROWS = 65_536


class PlanTable(Table):
    """A relational plan with M types; ``plan.columns`` and the type's fields go by position."""

    __slots__ = ("on_rows", "plan", "runnable", "session")

    def __init__(self, plan: Node, session: Session, of: TableType | None = None) -> None:
        super().__init__(of or table_type([c.name for c in plan.columns], [m_type(c.type) for c in plan.columns]))
        self.plan = plan
        self.session = session
        self.runnable = plan
        """What is run: the plan, or one for which the evaluator's part has been done."""
        self.on_rows: Callable[[], Table] | None = None
        """The same table made by the evaluator, for when it has a part in the plan that does not work out."""

    def with_plan(self, plan: Node, types: Sequence[Type]) -> PlanTable:
        """Another plan in the same session, whose columns have these M types."""
        return PlanTable(plan, self.session, table_type([c.name for c in plan.columns], types))

    def plan_column(self, name: str) -> Column:
        """The plan's column of this M name; KeyError where there is none."""
        return self.plan.columns[self.index[name]]

    def rows(self) -> Iterator[Sequence[Value]]:
        """Run the plan and decode its rows, a batch at a time."""
        count = 0
        try:
            for batch in run(self.runnable, self.session.engine, BATCH_ROWS):
                yield from self.decoded(batch)
                count += batch.num_rows
        except MisfitError:
            yield from islice(self.made_on_rows().rows(), count, None)

    def decoded(self, batch: pa.RecordBatch) -> Iterable[Sequence[Value]]:
        """The rows of a batch that the plan gave, as M values."""
        decoded = [
            decode(batch.column(c.id), c.type, batch.column(error_column(c.id)) if c.may_fail else None)
            for c in self.plan.columns
        ]
        return zip(*decoded, strict=True) if decoded else ((),) * batch.num_rows

    def reader(self) -> pa.RecordBatchReader:
        """The rows as Arrow batches, in the engine's form; of a table that :func:`settled` has seen."""
        schema = output_schema(self.plan.columns)
        return pa.RecordBatchReader.from_batches(schema, run(self.runnable, self.session.engine, BATCH_ROWS))

    def made_on_rows(self) -> Table:
        """The same table made by the evaluator."""
        assert self.on_rows is not None, "a plan in which the evaluator has a part was made by an operation on rows"
        return self.on_rows()

    def column_cells(self, name: str) -> Iterator[Value]:
        """The members of one column; only that column is computed."""
        column = self.plan_column(name)
        narrow = PlanTable(select(self.runnable, [column]), self.session)
        at = self.index[name]
        narrow.on_rows = lambda: _one_column(self.made_on_rows(), at)
        return (row[0] for row in narrow.rows())

    def row_count(self) -> int:
        """The number of rows, counted by the engine."""
        counted = Column("count", "count", INT64)
        plan = Aggregate(self.runnable, (), ((counted, AggregateCall("Table.RowCount")),))
        try:
            groups = list(run(plan, self.session.engine))
        except MisfitError:
            return self.made_on_rows().row_count()
        return sum(int(group.column(0)[0].as_py()) for group in groups)  # no rows make no group

    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])


def _one_column(table: Table, at: int) -> RowTable:
    return RowTable(table_type([table.names[at]]), lambda: ([row[at]] for row in table.rows()))


WORTHWHILE = 512
"""Fewer rows than this stay with the evaluator: starting an engine would cost more than it saves."""


def back_in_engine(table: Table) -> PlanTable | None:
    """The table as a plan, if it is one, or if it is a step that left the engine and whose columns are of known kinds.

    The first rows are read to find out.
    """
    if isinstance(table, PlanTable):
        return table
    if not isinstance(table, RowTable) or table.outside is None:
        return None
    left = table.outside
    scan = rows_scan(table, left.step, left.made_from, WORTHWHILE)
    if scan is None:
        return None
    planned = PlanTable(scan, left.session, table.type)
    planned.on_rows = lambda: table
    return planned


def folded(name: str, on_rows: Callable[..., Table]) -> Callable[[Callable[..., Table]], Callable[..., Table]]:
    """Make one operation of its two ways: the decorated one extends a plan, ``on_rows`` works on rows.

    The plan's way may raise NotFoldableError; the step then runs on rows, and the session remembers why. Rows that left
    the engine so come back to it with the next step that folds.
    """

    def decorate(fold: Callable[..., Table]) -> Callable[..., Table]:
        def operation(table: Table, *arguments: Any) -> Table:
            if isinstance(table, Handling):
                return table.operate(name, arguments, operation)
            planned = back_in_engine(table)
            if planned is None:
                return on_rows(table, *arguments)
            try:
                result = fold(planned, *arguments)
            except NotFoldableError as reason:
                planned.session.note_unfolded(name, reason.message, reason.place)
                return left_engine(on_rows(table, *arguments), planned.session, name, planned.plan)
            if isinstance(result, PlanTable) and result is not planned and result.on_rows is None:
                result.on_rows = lambda: on_rows(table, *arguments)
            return result

        operation.__doc__ = fold.__doc__
        operation.__name__ = fold.__name__
        return operation

    return decorate


def left_engine(table: Table, session: Session, step: str, made_from: Node) -> Table:
    """The result of a step that did not fold, with a note of where it came from."""
    if isinstance(table, RowTable) and table.outside is None:
        table.outside = OutsideEngine(session, step, made_from)
    return table


def settled(table: PlanTable) -> PlanTable:
    """The table with the evaluator's part in it done, so that reading it does not end in a MisfitError.

    Where that does not work out the evaluator makes the whole table; NotFoldableError if Arrow cannot hold it.
    """
    if not evaluator_has_part(table.runnable):
        return table
    result = PlanTable(table.plan, table.session, table.type)
    try:
        result.runnable = held(table.runnable, table.session.engine)
    except MisfitError:
        return held_rows(table.made_on_rows(), table.session, table.plan)
    return result


def held_rows(table: Table, session: Session, made_from: Node | None = None) -> PlanTable:
    """A table's rows, all of them, held as Arrow; NotFoldableError where a column's cells are of no one kind."""
    scan = arrow_scan(table, list(table.rows()))
    if made_from is None:
        return PlanTable(scan, session, table.type)
    outside = RowsScan(lambda: iter(scan.table.to_batches()), scan.columns, "rows", made_from)
    result = PlanTable(outside, session, table.type)
    result.runnable = scan
    return result
