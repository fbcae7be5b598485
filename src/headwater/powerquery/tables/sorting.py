"""Rows in order, for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from headwater.errors import NotFoldableError
from headwater.plan.nodes import Sort, SortKey
from headwater.plan.types import Kind
from headwater.powerquery.tables.folding import fold_row_function
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Record, Value, force
from headwater.powerquery.values.equality import compare
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

Compare = Callable[[Value, Value], int]


@dataclass(frozen=True, slots=True)
class Criterion:
    """What to sort by: a column's name, a function of the row, or the row itself; ``compare`` is somebody's own order
    of these, None the usual one.
    """

    key: str | Function | None
    descending: bool = False
    compare: Compare | None = None


def key_readers(table: Table, criteria: Sequence[Criterion]) -> list[Callable[[Sequence[Value]], Value]]:
    """For each criterion, what it looks at in a row of the table."""
    return [_key_reader(table, criterion) for criterion in criteria]


def _key_reader(table: Table, criterion: Criterion) -> Callable[[Sequence[Value]], Value]:
    key, index = criterion.key, table.index
    if isinstance(key, str):
        at = index[key]
        return lambda row: force(row[at])
    if key is None:
        return lambda row: Record(index, row)
    return lambda row: force(key.invoke([Record(index, row)]))


def compared(left: Sequence[Value], right: Sequence[Value], criteria: Sequence[Criterion]) -> int:
    """Less than, equal to or greater than 0, for the keys of two rows, whatever the directions."""
    for a, b, criterion in zip(left, right, criteria, strict=True):
        sign = (criterion.compare or compare)(a, b)
        if sign:
            return sign
    return 0


def _sort_rows_form(table: Table, criteria: Sequence[Criterion]) -> Table:
    def rows() -> Iterator[Sequence[Value]]:
        readers = key_readers(table, criteria)
        wrappers = [cmp_to_key(criterion.compare or compare) for criterion in criteria]
        ordered = [
            ([wrap(read(row)) for wrap, read in zip(wrappers, readers, strict=True)], row) for row in table.rows()
        ]
        for at, criterion in reversed(list(enumerate(criteria))):
            # Python's sort leaves ties as they are when it is reversed, too.
            ordered.sort(key=_key_at(at), reverse=criterion.descending)
        return (row for _, row in ordered)

    return RowTable(table.type, rows)


def _key_at(at: int) -> Callable[[tuple[Sequence[Any], Sequence[Value]]], Any]:
    return lambda keyed: keyed[0][at]


def sort_keys(table: PlanTable, criteria: Sequence[Criterion]) -> tuple[SortKey, ...]:
    """The criteria over a plan's columns; NotFoldableError where one has no order that an engine knows."""
    keys = []
    for criterion in criteria:
        if criterion.compare is not None or criterion.key is None:
            raise NotFoldableError("An order of one's own does not fold.")
        if isinstance(criterion.key, str):
            expression = table.plan_column(criterion.key).ref
        else:
            expression = fold_row_function(criterion.key, table)  # type: ignore[assignment]  # any Expr
        if expression.type.kind in (Kind.RECORD, Kind.LIST):
            raise NotFoldableError("Records and lists have no order.")
        keys.append(SortKey(expression, criterion.descending))
    return tuple(keys)


@folded("Table.Sort", _sort_rows_form)
def sort_rows(table: PlanTable, criteria: Sequence[Criterion]) -> Table:
    """The rows sorted by the criteria, stable, nulls first."""
    return PlanTable(Sort(table.plan, sort_keys(table, criteria)), table.session, table.type)
