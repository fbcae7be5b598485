"""From an M function of a group of rows to aggregates, and an expression over them."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr
from headwater.plan.nodes import AggregateCall, Column, fresh_id
from headwater.plan.operators import AGGREGATES
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.tables.folding import RowFolder, bare
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.values.core import force, plain
from headwater.powerquery.values.functions import Function


def aggregate_column(name: str, call: AggregateCall, taken: Sequence[str]) -> Column:
    """The column of an aggregate; NotFoldableError where it is none for this type.

    Args:
        name: the column's M name.
        call: the aggregate.
        taken: ids that others have.
    """
    if call.function not in AGGREGATES:
        raise NotFoldableError(f"'{call.function}' does not fold.")
    argument: tuple[p.DataType, ...] = () if call.argument is None else (call.argument.type,)
    result = AGGREGATES[call.function].result(argument, None)
    # Of moments that are equal M gives the first, whatever their offsets; engines look at these, too.
    if result is None or (argument and argument[0].kind is p.Kind.DATETIMEZONE and result[0] is not p.INT64):
        raise NotFoldableError(f"'{call.function}' does not fold for a column of type {argument[0].kind.value}.")
    data_type, raises = result
    fails = call.argument is not None and call.argument.may_fail
    return Column(fresh_id(name, taken), name, data_type, raises or fails)


class GroupFolder(RowFolder):
    """Folds a function of a group: each aggregate in it becomes a column, which the rest is computed from."""

    parameter = "table"

    def __init__(self, function: Function, table: PlanTable, taken: Sequence[str]) -> None:
        super().__init__(function, table)
        self._taken = list(taken)
        self.made: list[tuple[Column, AggregateCall]] = []
        """The aggregates that the function needs."""

    def _fold(self, node: syntax.Expr) -> Expr:
        node = bare(node)
        call = self._aggregate(node)
        if call is None:
            return super()._fold(node)
        known = next((column for column, made in self.made if made == call), None)
        return (known or self._added(call)).ref

    def _added(self, call: AggregateCall) -> Column:
        column = aggregate_column(call.function, call, self._taken)
        self._taken.append(column.id)
        self.made.append((column, call))
        return column

    def _field_of_row(self, node: syntax.FieldAccess) -> Expr:
        raise self._refuse(node, "A column of the group folds as the argument of an aggregate only.")

    def _aggregate(self, node: syntax.Expr) -> AggregateCall | None:
        """``List.Sum([column])`` and its kin, ``List.Count(List.Distinct([column]))``, ``Table.RowCount(_)``."""
        if not isinstance(node, syntax.Invocation) or len(node.arguments) != 1:
            return None
        name = self._library_name(node.function)
        argument = bare(node.arguments[0])
        if name == "Table.RowCount" and self._is_row(argument):
            return AggregateCall("Table.RowCount")
        column = self._column(argument)
        if column is None:
            return self._distinct(argument) if name == "List.Count" else None
        if name == "List.Count":
            return AggregateCall("Table.RowCount")
        return AggregateCall(name, column.ref) if name in AGGREGATES and name != "List.CountDistinct" else None

    def _distinct(self, node: syntax.Expr) -> AggregateCall | None:
        if not isinstance(node, syntax.Invocation) or len(node.arguments) != 1:
            return None
        column = self._column(bare(node.arguments[0]))
        if column is None or self._library_name(node.function) != "List.Distinct":
            return None
        return AggregateCall("List.CountDistinct", column.ref)

    def _library_name(self, node: syntax.Expr) -> str:
        """The name of the library's function that an expression names; "" for anything else."""
        if self._reads_row(node):
            return ""
        target = library_function(self._closure, node, self._row)
        return "" if target is None else target.name

    def _column(self, node: syntax.Expr) -> Column | None:
        if not isinstance(node, syntax.FieldAccess) or node.name not in self._table.index:
            return None
        of_group = self._is_row(node.target or syntax.Identifier("_", False))
        return self._table.plan_column(node.name) if of_group else None


def fold_aggregation(
    function: Function, table: PlanTable, taken: Sequence[str]
) -> tuple[Expr, list[tuple[Column, AggregateCall]]]:
    """A function of a group as an expression over aggregates, and those.

    Args:
        function: written as ``each List.Sum([a]) / List.Sum([b])``, or ``Table.RowCount`` itself.
        table: the rows that are grouped.
        taken: ids that other columns have.

    Raises:
        NotFoldableError: it does not fold.
    """
    if isinstance(function.origin, Declaration) and function.name == "Table.RowCount":
        call = AggregateCall("Table.RowCount")
        column = aggregate_column("count", call, taken)
        return column.ref, [(column, call)]
    folder = GroupFolder(function, table, taken)
    return folder.fold(), folder.made


def library_function(closure: Closure, node: syntax.Expr, row: str) -> Function | None:
    """The library's function that a name in a function's body stands for; None for anything else."""
    if not isinstance(node, syntax.Identifier) or node.name == row:
        return None
    try:
        target = plain(force(closure.compiler.compile(node, closure.scope)(closure.frame)))
    except MError:
        return None  # the error belongs into the cells
    return target if isinstance(target, Function) and isinstance(target.origin, Declaration) else None
