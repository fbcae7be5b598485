"""Joins whose matches are tables in cells, and the expansion of such cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.plan.nodes import JoinKind, select
from headwater.powerquery.tables.columns import check_new_names, missing_column, select_columns, unique_or_error
from headwater.powerquery.tables.joining import check_keys, folded_or_noted, made_on_rows, one_sided
from headwater.powerquery.tables.matching_rows import Row, Sides
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, force, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

_KEEPS_LEFT: tuple[JoinKind, ...] = ("inner", "left", "left_anti", "left_semi")
"""The nested joins whose rows all come from the left."""


class NestedJoin(Table):
    """The result of ``Table.NestedJoin``: the left rows with a column of tables of their matches.

    It remembers what was joined, so that expanding the column becomes a plain join, which folds.
    """

    __slots__ = ("column", "sides")

    def __init__(self, sides: Sides, column: str) -> None:
        check_keys(sides)
        names = unique_or_error([*sides.left.names, column])
        types = sides.left.column_types
        of_left = types if sides.kind in _KEEPS_LEFT else [t.nullable(of) for of in types]
        super().__init__(table_type(names, [*of_left, sides.right.type]))
        self.sides, self.column = sides, column

    def rows(self) -> Iterator[Sequence[Value]]:
        """The left rows, each with its matches as a table; then, for joins that keep right rows, those in one table."""
        sides, kind = self.sides, self.sides.kind
        if kind not in ("right_anti", "right_semi"):
            find, key = sides.matches(), sides.key_of_left()
            for row in sides.left.rows():
                found = find(key(row))
                keeps_unmatched = kind in ("left", "full", "left_anti")
                if (found and kind != "left_anti") or (not found and keeps_unmatched):
                    yield [*row, RowTable.held(sides.right.type, found)]
        rest = self._right_alone() if not kind.startswith("left") and kind != "inner" else []
        if rest:
            yield [*[None] * len(sides.left.names), RowTable.held(sides.right.type, rest)]

    def _right_alone(self) -> list[Row]:
        """The right rows that no left row shows: those without a match, of a semi join those with one."""
        if self.sides.kind == "right_semi":
            return list(one_sided(self.sides.turned))
        return self.sides.unmatched()

    def row_count(self) -> int:
        """The number of rows, by making them."""
        return sum(1 for _ in self.rows())

    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])

    def expand(self, names: Sequence[str], new_names: Sequence[str]) -> Table | None:
        """The join with just these columns of the right side; None where it does not fold."""
        if self.sides.kind not in ("inner", "left", "right", "full"):
            return None
        joined = folded_or_noted("Table.NestedJoin", self.sides)
        if joined is None:
            return None
        width = len(self.sides.left.names)
        own = list(joined.plan.columns[:width])
        places = [self.sides.right.index[name] for name in names]
        taken = [joined.plan.columns[width + at].renamed(new) for at, new in zip(places, new_names, strict=True)]
        types = [*joined.column_types[:width], *(joined.column_types[width + at] for at in places)]
        return joined.with_plan(select(joined.plan, [*own, *taken]), types)


def expand_table_column(table: Table, column: str, names: Sequence[str], new_names: Sequence[str] | None) -> Table:
    """A column of tables replaced by columns of their cells: one row a row of each table, one of nulls for none.

    A record counts as a table of one row.
    """
    if column not in table.index:
        raise missing_column(column)
    chosen = list(new_names if new_names is not None else names)
    check_new_names(names, chosen)
    unique_or_error([*(n for n in table.names if n != column), *chosen])
    if isinstance(table, NestedJoin) and table.column == column and all(n in table.sides.right.index for n in names):
        folded = table.expand(names, chosen)
        if folded is not None:
            return folded
        return made_on_rows("Table.ExpandTableColumn", table.sides, _expanded_rows(table, column, names, chosen))
    return _expanded_rows(table, column, names, chosen)


def _expanded_rows(table: Table, column: str, names: Sequence[str], chosen: Sequence[str]) -> Table:
    at = table.index[column]
    inner = table.column_types[at]
    inner_fields = {f.name: f.type for f in inner.row.fields} if isinstance(inner, t.TableType) else {}
    found = [inner_fields.get(n, t.ANY) for n in names]
    # A table without rows becomes a row of nulls; some joins make none.
    filled = (
        isinstance(table, NestedJoin)
        and table.column == column
        and table.sides.kind not in ("left", "full", "left_anti")
    )
    expanded = found if filled else [t.nullable(of) for of in found]
    types = [*table.column_types[:at], *expanded, *table.column_types[at + 1 :]]
    out_names = [*table.names[:at], *chosen, *table.names[at + 1 :]]

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            nested = plain(force(row[at]))
            for cells in _nested_rows(nested, names):
                yield [*row[:at], *cells, *row[at + 1 :]]

    return RowTable(table_type(out_names, types), rows)


def _nested_rows(nested: Value, names: Sequence[str]) -> Iterator[Sequence[Value]]:
    nothing: Sequence[Value] = [None] * len(names)
    if nested is None:
        yield nothing
        return
    if isinstance(nested, Record):
        fields = nested.raw()
        yield [fields.get(name) for name in names]
        return
    if not isinstance(nested, Table):
        raise cannot_convert(nested, "Table")
    present = [name for name in names if name in nested.index]
    empty = True
    for row in select_columns(nested, present, "error").rows():
        empty = False
        cells = dict(zip(present, row, strict=True))
        yield [cells.get(name) for name in names]
    if empty:
        yield nothing
