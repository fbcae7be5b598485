"""A function that does not fold, as a node of the plan: the evaluator works on the columns that it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwater.errors import NotFoldableError
from headwater.plan import types as p
from headwater.plan.nodes import Call, Column, Node, fresh_id, select
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.tables.evaluated import RowFunction, columns_read
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.static_types import static_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, force
from headwater.powerquery.values.functions import Function


def row_call(
    table: PlanTable, step: str, function: Function, name: str, *, kind: p.DataType | None, reason: NotFoldableError
) -> Call:
    """A column ``name`` that the evaluator computes from each row.

    Args:
        table: the table whose rows they are.
        step: the library function that makes the column.
        function: the row function.
        name: the column's M name.
        kind: what it holds; None where only the function's text can tell.
        reason: why the function does not fold.

    Raises:
        NotFoldableError: ``reason``, where the column's kind cannot be told before its cells are there.
    """
    closure = function.origin
    row = closure.sole_parameter("record") if isinstance(closure, Closure) else None
    if not isinstance(closure, Closure) or row is None:
        raise reason
    columns = dict(zip(table.names, table.plan.columns, strict=True))
    result = kind or static_type(closure, row, {name: column.type for name, column in columns.items()})
    if result is None:
        raise reason
    table.session.note_unfolded(step, reason.message, reason.place)
    reads = [(name, columns[name]) for name in columns_read(closure, row, table.names)]
    added = Column(fresh_id(name, [c.id for c in table.plan.columns]), name, result, may_fail=True)
    called = RowFunction(function, reads, result, f"{step} on the evaluator")
    return Call(table.plan, called, tuple(column.id for _, column in reads), added)


@dataclass(frozen=True, slots=True)
class CellCall:
    """A column whose cells the evaluator replaces by a function of them, of the kind ``kind``."""

    column: Column
    function: Callable[[Value], Value]
    kind: p.DataType


def with_cell_calls(plan: Node, step: str, calls: Sequence[CellCall]) -> Node:
    """The plan with these columns replaced, each in its place and under its name."""
    columns = list(plan.columns)
    for one in calls:
        column = one.column
        added = Column(fresh_id(column.name, [c.id for c in plan.columns]), column.name, one.kind, may_fail=True)
        called = RowFunction(_of_sole_cell(one.function), [(column.name, column)], one.kind, f"{step} on the evaluator")
        plan = Call(plan, called, (column.id,), added)
        columns = [added if c.id == column.id else c for c in columns]
    return select(plan, columns)


def _of_sole_cell(function: Callable[[Value], Value]) -> Function:
    def call(row: Record) -> Value:
        return function(force(row.values[0]))

    of = t.FunctionType((t.FieldType("row", t.RECORD),), t.ANY)
    return Function(call, lambda: of, minimum=1, maximum=1)
