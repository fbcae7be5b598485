"""Grouping: rows with equal keys become one row with aggregates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from headwater.errors import NotFoldableError
from headwater.plan.expressions import Expr
from headwater.plan.nodes import Aggregate, AggregateCall, Column, Project, fresh_id
from headwater.powerquery.library.collation import text_key
from headwater.powerquery.library.criteria import equation_of
from headwater.powerquery.tables.aggregating import fold_aggregation
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.keys import UNKEYED, KeyIndex, same_cells
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value, force
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
    of = _grouped_type(table, keys, aggregations)

    def rows() -> Iterator[Sequence[Value]]:
        groups: KeyIndex[Sequence[Value]] = KeyIndex()
        for row in table.rows():
            groups.add([force(row[at]) for at in places], row)
        for key, members in groups.groups:
            group = RowTable.held(table.type, members)
            yield [*key, *(Thunk(_later(a.function, group)) for a in aggregations)]

    return RowTable(of, rows)


def _grouped_type(table: Table, keys: Sequence[str], aggregations: Sequence[Aggregation]) -> t.TableType:
    names = unique_or_error([*keys, *(a.name for a in aggregations)])
    types = [table.column_types[table.index[key]] for key in keys]
    return table_type(names, [*types, *(a.type or a.function.type.result for a in aggregations)])


def _later(function: Function, group: Table) -> Callable[[], Value]:
    return lambda: function.invoke([group])


def group_by(
    table: Table,
    keys: Sequence[str],
    aggregations: Sequence[Aggregation],
    comparer: Function | None,
    *,
    adjacent: bool,
    single: bool,
) -> Table:
    """Groups by somebody's own comparer, or of rows that follow one another.

    Args:
        table: the table.
        keys: the columns that the comparer looks at.
        aggregations: the columns made of each group.
        comparer: gives 0 or true for two equal keys; None: they are equal as values are.
        adjacent: equal keys are one group only where no other comes between them.
        single: there is one key column, and the comparer gets its cells instead of records.
    """
    places = [table.index[key] for key in keys]
    same = _key_test(keys, comparer, single=single)

    def rows() -> Iterator[Sequence[Value]]:
        groups: list[tuple[Sequence[Value], list[Sequence[Value]]]] = []
        for row in table.rows():
            key = [force(row[at]) for at in places]
            candidates = groups[-1:] if adjacent else groups
            found = next((members for known, members in candidates if same(known, key)), None)
            if found is None:
                groups.append((key, [row]))
            else:
                found.append(row)
        for cells, members in groups:
            group = RowTable.held(table.type, members)
            yield [*cells, *(Thunk(_later(a.function, group)) for a in aggregations)]

    return RowTable(_grouped_type(table, keys, aggregations), rows)


def _key_test(
    keys: Sequence[str], comparer: Function | None, *, single: bool
) -> Callable[[Sequence[Value], Sequence[Value]], bool]:
    if comparer is None:
        return same_cells
    equation = equation_of(comparer)
    if text_key(comparer) is not None:  # a comparer of texts compares the texts within keys
        return lambda left, right: all(equation.same(a, b) for a, b in zip(left, right, strict=True))
    index = {key: at for at, key in enumerate(keys)}
    if single:
        return lambda left, right: equation.same(left[0], right[0])
    return lambda left, right: equation.same(Record(index, left), Record(index, right))


@folded("Table.Group", _group_rows_form)
def group_rows(table: PlanTable, keys: Sequence[str], aggregations: Sequence[Aggregation]) -> Table:
    """One row for each combination of the keys, in order of first appearance, with the aggregations."""
    of = _grouped_type(table, keys, aggregations)
    key_columns = [table.plan_column(key) for key in keys]
    for column in key_columns:
        if column.type.kind in UNKEYED:
            raise NotFoldableError(f"The key '{column.name}' is of kind {column.type.kind.value}.")
    taken = [c.id for c in table.plan.columns]
    made: list[tuple[Column, AggregateCall]] = []
    shown: list[tuple[Column, Expr]] = [(column, column.ref) for column in key_columns]
    for aggregation in aggregations:
        expression, needed = fold_aggregation(aggregation.function, table, taken)
        made.extend(needed)
        taken.extend(column.id for column, _ in needed)
        identifier = fresh_id(aggregation.name, [*taken, *(column.id for column, _ in shown)])
        shown.append((Column(identifier, aggregation.name, expression.type, expression.may_fail), expression))
    plan = Project(Aggregate(table.plan, tuple(c.id for c in key_columns), tuple(made)), tuple(shown))
    return PlanTable(plan, table.session, of)
