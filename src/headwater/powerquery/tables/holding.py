"""From rows that are there to a plan over them, so that later steps fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from headwater.errors import MError, NotFoldableError
from headwater.plan.cells import error_column
from headwater.plan.nodes import ArrowScan, Column, with_fresh_ids
from headwater.plan.types import DataType
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.tables.arrow import common_type, encode, plan_type
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table

WORTHWHILE = 512
"""Fewer rows than this stay with the evaluator: starting an engine would cost more than it saves."""


def planned(table: RowTable, session: Session) -> Table:
    """The table itself when it is small, else as a plan if its cells are of kinds that Arrow holds.

    The rows of a larger table are read once to find out.
    """
    source = table.rows()
    try:
        head = list(islice(source, WORTHWHILE))
        if len(head) < WORTHWHILE:
            return RowTable.held(table.type, head)
        rows = list(chain(head, source))
    except MError:
        return table  # a row that is an error is for whoever gets as far as that row
    try:
        return to_plan(table, rows, session)
    except NotFoldableError:
        return RowTable.held(table.type, rows)


def to_plan(table: Table, rows: Sequence[Sequence[Value]], session: Session) -> PlanTable:
    """A plan over these rows; NotFoldableError where a column's cells are of no one kind, or there is no column."""
    if not table.names:
        raise NotFoldableError("The table has no columns.")
    columns: list[Column] = []
    arrays: list[pa.Array[Any]] = []
    names: list[str] = []
    cells: Iterator[tuple[Value, ...]] = zip(*rows, strict=True) if rows else iter([()] * len(table.names))
    for name, of, values in zip(table.names, table.column_types, cells, strict=True):
        kind = _kind(name, plan_type(of), values)
        array, errors = encode(values, kind)
        column = with_fresh_ids([Column("", name, kind, errors.null_count < len(errors))], [c.id for c in columns])[0]
        columns.append(column)
        arrays.append(array)
        names.append(column.id)
        if column.may_fail:
            arrays.append(errors)
            names.append(error_column(column.id))
    held = pa.Table.from_arrays(arrays, names=names)
    return PlanTable(ArrowScan(held, tuple(columns)), session, table.type)


def _kind(name: str, declared: DataType | None, values: Sequence[Value]) -> DataType:
    kind = declared or common_type(values)
    if kind is None:
        raise NotFoldableError(f"The column '{name}' holds values of several kinds.")
    return kind
