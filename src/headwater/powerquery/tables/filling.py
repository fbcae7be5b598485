"""Nulls filled from the rows before or after, and repeats cleared, for plans and for rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.errors import MError
from headwater.plan.reshaping import Fill
from headwater.powerquery.tables.keys import same_cells
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.table import Table


def is_null(cell: Value) -> bool:
    """Whether a cell is null, which an error is not."""
    try:
        return plain(force(cell)) is None
    except MError:
        return False


def _filled(rows: Iterator[Sequence[Value]], places: Sequence[int]) -> Iterator[Sequence[Value]]:
    last: dict[int, Value] = dict.fromkeys(places)
    for row in rows:
        cells = list(row)
        for at in places:
            if is_null(cells[at]):
                cells[at] = last[at]
            else:
                last[at] = cells[at]
        yield cells


def _down_rows_form(table: Table, names: Sequence[str]) -> Table:
    places = [table.index[name] for name in names]
    return RowTable(table.type, lambda: _filled(table.rows(), places))


@folded("Table.FillDown", _down_rows_form)
def fill_down(table: PlanTable, names: Sequence[str]) -> Table:
    """Each null of the columns replaced by the last value above it."""
    return _fill(table, names, "down")


def _up_rows_form(table: Table, names: Sequence[str]) -> Table:
    places = [table.index[name] for name in names]
    return RowTable(table.type, lambda: reversed(list(_filled(reversed(list(table.rows())), places))))


@folded("Table.FillUp", _up_rows_form)
def fill_up(table: PlanTable, names: Sequence[str]) -> Table:
    """Each null of the columns replaced by the next value below it."""
    return _fill(table, names, "up")


def _fill(table: PlanTable, names: Sequence[str], direction: str) -> Table:
    ids = tuple(table.plan_column(name).id for name in names)
    if not ids:
        return table
    plan = Fill(table.plan, ids, "down" if direction == "down" else "up")
    return PlanTable(plan, table.session, table.type)


def clear_down(table: Table, names: Sequence[str]) -> Table:
    """Nulls in the columns where all of them are as in the row above."""
    places = [table.index[name] for name in names]
    types = [t.nullable(of) if name in names else of for name, of in zip(table.names, table.column_types, strict=True)]

    def rows() -> Iterator[Sequence[Value]]:
        above: Sequence[Value] | None = None
        for row in table.rows():
            key = [force(row[at]) for at in places]
            repeats = above is not None and same_cells(above, key)
            yield [None if repeats and at in places else cell for at, cell in enumerate(row)]
            above = key

    return RowTable(table_type(table.names, types), rows)
