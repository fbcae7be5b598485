"""Grouping: rows with equal keys become one row with aggregates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr
from headwater.plan.nodes import Aggregate, AggregateCall, Column, fresh_id
from headwater.plan.operators import AGGREGATES
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.folding import bare
from headwater.powerquery.tables.keys import UNKEYED, KeyIndex
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A column of the result: a function of the group's rows, given as a table."""

    name: str
    function: Function
    type: t.Type | None = None


def _group_rows_form(table: Table, keys: Sequence[str], aggregations: Sequence[Aggregation]) -> Table:
    places = [table.index[key] for key in keys]
    names = unique_or_error([*keys, *(a.name for a in aggregations)])
    types = [*(table.column_types[at] for at in places), *(a.type or a.function.type.result for a in aggregations)]

    def rows() -> Iterator[Sequence[Value]]:
        groups: KeyIndex[Sequence[Value]] = KeyIndex()
        for row in table.rows():
            groups.add([force(row[at]) for at in places], row)
        for key, members in groups.groups:
            group = RowTable.held(table.type, members)
            yield [*key, *(Thunk(_later(a.function, group)) for a in aggregations)]

    return RowTable(table_type(names, types), rows)


def _later(function: Function, group: Table) -> Callable[[], Value]:
    return lambda: function.invoke([group])


@folded("Table.Group", _group_rows_form)
def group_rows(table: PlanTable, keys: Sequence[str], aggregations: Sequence[Aggregation]) -> Table:
    """One row for each combination of the keys, in order of first appearance, with the aggregations."""
    unique_or_error([*keys, *(a.name for a in aggregations)])
    key_columns = [table.plan_column(key) for key in keys]
    for column in key_columns:
        if column.type.kind in UNKEYED:
            raise NotFoldableError(f"The key '{column.name}' is of kind {column.type.kind.value}.")
    taken = [c.id for c in table.plan.columns]
    made: list[tuple[Column, AggregateCall]] = []
    for aggregation in aggregations:
        call = _aggregate_call(aggregation.function, table)
        made.append((_column(aggregation.name, call, [*taken, *(c.id for c, _ in made)]), call))
    plan = Aggregate(table.plan, tuple(c.id for c in key_columns), tuple(made))
    types = [
        *(table.column_types[table.index[key]] for key in keys),
        *(a.type or a.function.type.result for a in aggregations),
    ]
    return table.with_plan(plan, types)


def _column(name: str, call: AggregateCall, taken: Sequence[str]) -> Column:
    argument: tuple[p.DataType, ...] = () if call.argument is None else (call.argument.type,)
    result = AGGREGATES[call.function].result(argument, None)
    # Of moments that are equal M gives the first, whatever their offsets; engines look at these, too.
    if result is None or (argument and argument[0].kind is p.Kind.DATETIMEZONE and result[0] is not p.INT64):
        raise NotFoldableError(f"'{call.function}' does not fold for a column of type {argument[0].kind.value}.")
    data_type, raises = result
    return Column(fresh_id(name, taken), name, data_type, raises or _may_fail(call.argument))


def _may_fail(argument: Expr | None) -> bool:
    return argument is not None and argument.may_fail


def _aggregate_call(function: Function, table: PlanTable) -> AggregateCall:
    """``each List.Sum([column])`` or ``each Table.RowCount(_)``; also ``Table.RowCount`` itself."""
    if isinstance(function.origin, Declaration) and function.name == "Table.RowCount":
        return AggregateCall("Table.RowCount")
    closure = function.origin
    if not isinstance(closure, Closure):
        raise NotFoldableError("The aggregation is not written as a function of the group.")
    body = bare(closure.node.body)
    place = closure.compiler.locate(body)
    row = closure.sole_parameter("table")
    if row is None or not isinstance(body, syntax.Invocation) or len(body.arguments) != 1:
        raise NotFoldableError("Only an aggregate function of one column folds.", place=place)
    target = _library_function(closure, body.function, row)
    if target is None:
        raise NotFoldableError("What aggregates is not a function of the library.", place=place)
    argument = bare(body.arguments[0])
    if target.name == "Table.RowCount" and _is_group(argument, row):
        return AggregateCall("Table.RowCount")
    if target.name == "List.Count" and _column_of(argument, row, table) is not None:
        return AggregateCall("Table.RowCount")
    column = _column_of(argument, row, table)
    if target.name not in AGGREGATES or column is None:
        raise NotFoldableError(f"'{target.name}' of this argument does not fold.", place=place)
    return AggregateCall(target.name, column.ref)


def _library_function(closure: Closure, node: syntax.Expr, row: str) -> Function | None:
    if not isinstance(node, syntax.Identifier) or node.name == row:
        return None
    try:
        target = plain(force(closure.compiler.compile(node, closure.scope)(closure.frame)))
    except MError:
        return None  # the error belongs into the cells
    return target if isinstance(target, Function) and isinstance(target.origin, Declaration) else None


def _is_group(node: syntax.Expr, row: str) -> bool:
    return isinstance(node, syntax.Identifier) and node.name == row


def _column_of(node: syntax.Expr, row: str, table: PlanTable) -> Column | None:
    if not isinstance(node, syntax.FieldAccess) or node.name not in table.index:
        return None
    of_group = row == "_" if node.target is None else _is_group(node.target, row)
    return table.plan_column(node.name) if of_group else None
