"""Operations on a table's rows, each for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import islice
from typing import Any

from headwater.errors import NotFoldableError
from headwater.plan.nodes import Column, Distinct, Filter, Index, Slice, Sort, SortKey, fresh_id
from headwater.plan.types import INT64, Kind
from headwater.powerquery.tables.folding import fold_row_function
from headwater.powerquery.tables.keys import UNKEYED, KeyIndex
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, force, plain
from headwater.powerquery.values.equality import compare
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

# -- slices --------------------------------------------------------------------------------------------------------


def _slice_rows_form(table: Table, offset: int, count: int | None) -> Table:
    end = None if count is None else offset + count
    return RowTable(table.type, lambda: islice(table.rows(), offset, end))


@folded("Table.FirstN", _slice_rows_form)
def slice_rows(table: PlanTable, offset: int, count: int | None) -> Table:
    """Rows from ``offset`` on, at most ``count``."""
    return PlanTable(Slice(table.plan, offset, count), table.session, table.type)


def first_rows_while(table: Table, condition: Function) -> Table:
    """The leading rows for which the condition holds."""

    def rows() -> Iterator[Sequence[Value]]:
        index = table.index
        for row in table.rows():
            if not holds(condition, Record(index, row)):
                return
            yield row

    return RowTable(table.type, rows)


# -- filter --------------------------------------------------------------------------------------------------------


def holds(condition: Function, row: Record) -> bool:
    """Whether the condition is true of the row; null counts as false, anything else is an error."""
    truth = plain(force(condition.invoke([row])))
    if truth is None or isinstance(truth, bool):
        return bool(truth)
    raise cannot_convert(truth, "Logical")


def _select_rows_form(table: Table, condition: Function) -> Table:
    def rows() -> Iterator[Sequence[Value]]:
        index = table.index
        return (row for row in table.rows() if holds(condition, Record(index, row)))

    return RowTable(table.type, rows)


@folded("Table.SelectRows", _select_rows_form)
def select_rows(table: PlanTable, condition: Function) -> Table:
    """The rows for which the condition is true; null counts as false."""
    predicate = fold_row_function(condition, table)
    if predicate.type.kind is not Kind.LOGICAL:
        raise NotFoldableError("The condition is not a logical.")
    return PlanTable(Filter(table.plan, predicate), table.session, table.type)


# -- sort ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Criterion:
    """What to sort by: a column's name, or a function of the row."""

    key: str | Function
    descending: bool = False


def _sort_rows_form(table: Table, criteria: Sequence[Criterion]) -> Table:
    def rows() -> Iterator[Sequence[Value]]:
        readers = [_key_reader(table, criterion) for criterion in criteria]
        ordered = [([_sort_key(read(row)) for read in readers], row) for row in table.rows()]
        for at, criterion in reversed(list(enumerate(criteria))):
            # Python's sort leaves ties as they are when it is reversed, too.
            ordered.sort(key=_key_at(at), reverse=criterion.descending)
        return (row for _, row in ordered)

    return RowTable(table.type, rows)


_sort_key: Callable[[Value], Any] = cmp_to_key(compare)


def _key_at(at: int) -> Callable[[tuple[Sequence[Any], Sequence[Value]]], Any]:
    return lambda keyed: keyed[0][at]


def _key_reader(table: Table, criterion: Criterion) -> Callable[[Sequence[Value]], Value]:
    key = criterion.key
    if isinstance(key, str):
        at = table.index[key]
        return lambda row: force(row[at])
    index = table.index
    return lambda row: force(key.invoke([Record(index, row)]))


@folded("Table.Sort", _sort_rows_form)
def sort_rows(table: PlanTable, criteria: Sequence[Criterion]) -> Table:
    """The rows sorted by the criteria, stable, nulls first."""
    keys = []
    for criterion in criteria:
        if isinstance(criterion.key, str):
            expression = table.plan_column(criterion.key).ref
        else:
            expression = fold_row_function(criterion.key, table)  # type: ignore[assignment]  # any Expr
        if expression.type.kind in (Kind.RECORD, Kind.LIST):
            raise NotFoldableError("Records and lists have no order.")
        keys.append(SortKey(expression, criterion.descending))
    return PlanTable(Sort(table.plan, tuple(keys)), table.session, table.type)


# -- distinct ------------------------------------------------------------------------------------------------------


def _distinct_rows_form(table: Table, names: Sequence[str]) -> Table:
    places = [table.index[name] for name in names or table.names]

    def rows() -> Iterator[Sequence[Value]]:
        seen: KeyIndex[None] = KeyIndex()
        return (row for row in table.rows() if seen.add([force(row[at]) for at in places], None))

    return RowTable(table.type, rows)


@folded("Table.Distinct", _distinct_rows_form)
def distinct_rows(table: PlanTable, names: Sequence[str]) -> Table:
    """The first row of each combination of the named columns (none named: all)."""
    keys = [table.plan_column(name) for name in names]
    for column in keys or table.plan.columns:
        if column.type.kind in UNKEYED:
            raise NotFoldableError(f"The column '{column.name}' is of kind {column.type.kind.value}.")
    return PlanTable(Distinct(table.plan, tuple(key.id for key in keys)), table.session, table.type)


# -- index ---------------------------------------------------------------------------------------------------------


def _index_rows_form(table: Table, name: str, start: Value, step: Value, column_type: t.Type) -> Table:
    of = table_type([*table.names, name], [*table.column_types, column_type])
    return RowTable(of, lambda: ([*row, start + at * step] for at, row in enumerate(table.rows())))


@folded("Table.AddIndexColumn", _index_rows_form)
def add_index_column(table: PlanTable, name: str, start: Value, step: Value, column_type: t.Type) -> Table:
    """A column that counts the rows."""
    if not isinstance(start, int) or not isinstance(step, int):
        raise NotFoldableError("Only whole-number indexes fold.")
    added = Column(fresh_id(name, [c.id for c in table.plan.columns]), name, INT64)
    return table.with_plan(Index(table.plan, added, start, step), [*table.column_types, column_type])
