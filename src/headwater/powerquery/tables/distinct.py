"""The first row of each kind, for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headwater.errors import NotFoldableError
from headwater.plan.nodes import Distinct
from headwater.powerquery.library.criteria import Equation
from headwater.powerquery.tables.keys import UNKEYED, KeyIndex
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Record, Value, force
from headwater.powerquery.values.table import Table


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


Part = tuple[Callable[[Record], Value], Equation]
"""What to look at in a row, and how two of those are told apart."""


def distinct_by(table: Table, parts: Sequence[Part]) -> Table:
    """The first row of each kind that the parts tell apart."""

    def rows() -> Iterator[Sequence[Value]]:
        seen: dict[tuple[Any, ...], list[list[Value]]] = {}
        index = table.index
        for row in table.rows():
            record = Record(index, row)
            keys = [equation.key(read(record)) for read, equation in parts]
            bucket = tuple(equation.bucket(key) for key, (_, equation) in zip(keys, parts, strict=True))
            alike = seen.setdefault(bucket, [])
            if not any(_same(known, keys, parts) for known in alike):
                alike.append(keys)
                yield row

    return RowTable(table.type, rows)


def _same(left: Sequence[Value], right: Sequence[Value], parts: Sequence[Part]) -> bool:
    return all(equation.test(a, b) for a, b, (_, equation) in zip(left, right, parts, strict=True))
