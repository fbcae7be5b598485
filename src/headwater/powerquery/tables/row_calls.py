"""A row function that does not fold, as a node of the plan: the evaluator works on the columns that it reads."""

from __future__ import annotations

from headwater.errors import NotFoldableError
from headwater.plan import types as p
from headwater.plan.nodes import Call, Column, fresh_id
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.tables.evaluated import RowFunction, columns_read
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.static_types import static_type
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
