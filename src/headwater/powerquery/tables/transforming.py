"""Cells replaced by a function of them, for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from headwater.errors import NotFoldableError
from headwater.plan.expressions import Call, Expr, Ref, call
from headwater.plan.nodes import Column, Node, Project
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.tables.arrow import plan_type
from headwater.powerquery.tables.folding import RowFolder
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_calls import CellCall, with_cell_calls
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Thunk, Value, force
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

Change = tuple[Function, t.Type | None]
"""A function of a cell, and the type that the column has from then on."""


class _CellFolder(RowFolder):
    """Folds a function of a single cell: what is the row to a row function is one column's cell here."""

    def __init__(self, function: Function, table: PlanTable, column: Column) -> None:
        super().__init__(function, table)
        self._column = column

    def _whole_row(self, node: syntax.Identifier) -> Expr:
        return self._column.ref

    def _field_of_row(self, node: syntax.FieldAccess) -> Expr:
        if node.optional and self._column.type.nullable:
            raise self._refuse(node, "A field is null where the record is.")
        return call("[]", self._column.ref, option=node.name)


def fold_cell_function(function: Function, table: PlanTable, column: Column) -> Expr:
    """The plan expression of an M function of one column's cell: one written in M, or one of the library's.

    Raises:
        NotFoldableError: it does not fold.
    """
    declared = function.origin
    if isinstance(declared, Declaration):
        if declared.fold is None:
            raise NotFoldableError(f"'{function.name}' does not fold.")
        expression = declared.fold((column.ref,), table.session)
    else:
        expression = _CellFolder(function, table, column).fold()
    if column.may_fail and not _fails_with(expression, column.id):
        raise NotFoldableError(f"An error in '{column.name}' would not be one afterwards.")
    return expression


_LAZY = {"if": 1, "and": 1, "or": 1, "??": 1, "otherwise": 0}
"""How many leading arguments of an operator pass an error on in any case, where it is not all of them."""


def _fails_with(expression: Expr, identifier: str) -> bool:
    """Whether an error in the column is surely one of the expression: functions get their arguments evaluated."""
    if isinstance(expression, Ref):
        return expression.id == identifier
    if not isinstance(expression, Call):
        return False
    strict = expression.arguments[: _LAZY.get(expression.operator)]
    return any(_fails_with(argument, identifier) for argument in strict)


def _result_type(change: Change) -> t.Type:
    function, of = change
    return of or function.type.result


def _types(table: Table, changes: Mapping[str, Change]) -> list[t.Type]:
    return [
        _result_type(changes[name]) if name in changes else of
        for name, of in zip(table.names, table.column_types, strict=True)
    ]


def _transform_rows_form(table: Table, changes: Mapping[str, Change]) -> Table:
    functions = {table.index[name]: function for name, (function, _) in changes.items()}

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            yield [Thunk(_applied(functions[at], cell)) if at in functions else cell for at, cell in enumerate(row)]

    return RowTable(table_type(table.names, _types(table, changes)), rows)


def _applied(function: Function, cell: Value) -> Callable[[], Value]:
    return lambda: function.invoke([force(cell)])


@folded("Table.TransformColumns", _transform_rows_form)
def transform_columns(table: PlanTable, changes: Mapping[str, Change]) -> Table:
    """The named columns replaced by a function of their cells; a cell that is an error stays one."""
    items: list[tuple[Column, Expr]] = []
    calls: list[CellCall] = []
    reasons: list[NotFoldableError] = []
    for column, name in zip(table.plan.columns, table.names, strict=True):
        expression: Expr = column.ref
        if name in changes:
            try:
                expression = fold_cell_function(changes[name][0], table, column)
            except NotFoldableError as reason:
                calls.append(_cell_call(column, changes[name], reason))
                reasons.append(reason)
        items.append((replace(column, type=expression.type, may_fail=expression.may_fail), expression))
    plan: Node = Project(table.plan, tuple(items))
    for why in reasons:
        table.session.note_unfolded("Table.TransformColumns", why.message, why.place)
    return table.with_plan(
        with_cell_calls(plan, "Table.TransformColumns", calls) if calls else plan, _types(table, changes)
    )


def _cell_call(column: Column, change: Change, reason: NotFoldableError) -> CellCall:
    kind = plan_type(_result_type(change))
    if kind is None:
        raise reason
    function = change[0]
    return CellCall(column, lambda cell: function.invoke([cell]), kind)
