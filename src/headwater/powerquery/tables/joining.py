"""Joins, nested joins, and the expansion of table cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from headwater.errors import NotFoldableError
from headwater.plan.nodes import JoinKind, join, select
from headwater.plan.types import NUMERIC, Kind
from headwater.powerquery.tables.columns import check_new_names, missing_column, select_columns, unique_or_error
from headwater.powerquery.tables.keys import KeyIndex
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

KINDS: tuple[JoinKind, ...] = (
    "inner", "left", "right", "full", "left_anti", "right_anti", "left_semi", "right_semi",
)  # fmt: skip
"""By the number of M's JoinKind."""

_KEEPS_LEFT: tuple[JoinKind, ...] = ("inner", "left", "left_anti", "left_semi")
"""The nested joins whose rows all come from the left."""

Keys = Sequence[str]


def join_tables(left: Table, left_keys: Keys, right: Table, right_keys: Keys, kind: JoinKind) -> Table:
    """``Table.Join``: one row a pair of matching rows; both tables' columns, which may not share a name."""
    _check_keys(left, left_keys)
    _check_keys(right, right_keys)
    unique_or_error([*left.names, *right.names])
    folded = _folded_or_noted("Table.Join", left, left_keys, right, right_keys, kind)
    if folded is not None:
        return folded
    return _joined_rows(left, left_keys, right, right_keys, kind)


def _folded_or_noted(  # noqa: PLR0917 -- in the order of M's arguments
    name: str, left: Table, left_keys: Keys, right: Table, right_keys: Keys, kind: JoinKind
) -> PlanTable | None:
    """The join as a plan; None where it is none, which a session that could have folded it remembers."""
    try:
        return _folded_join(left, left_keys, right, right_keys, kind)
    except NotFoldableError as reason:
        for side in (left, right):
            if isinstance(side, PlanTable):
                side.session.note_unfolded(name, reason.message, reason.place)
                break
        return None


def _check_keys(table: Table, keys: Keys) -> None:
    for key in keys:
        if key not in table.index:
            raise missing_column(key)


def _folded_join(left: Table, left_keys: Keys, right: Table, right_keys: Keys, kind: JoinKind) -> PlanTable:
    if not isinstance(left, PlanTable) or not isinstance(right, PlanTable):
        raise NotFoldableError("One of the tables is held as rows.")
    if not left_keys:
        raise NotFoldableError("There is no key.")
    pairs = [(left.plan_column(a), right.plan_column(b)) for a, b in zip(left_keys, right_keys, strict=True)]
    for a, b in pairs:
        alike = a.type.same_kind(b.type) or {a.type.kind, b.type.kind} <= NUMERIC
        if not alike or a.type.kind in (Kind.RECORD, Kind.LIST):
            raise NotFoldableError(f"The keys '{a.name}' and '{b.name}' are of different types.")
    plan = join(left.plan, right.plan, [(a.id, b.id) for a, b in pairs], kind)
    return left.with_plan(plan, _joined_types(left, right, kind))


def _joined_types(left: Table, right: Table, kind: JoinKind) -> list[t.Type]:
    """The columns' types after a join: nullable on a side whose rows may be missing."""
    if kind in ("left_anti", "left_semi"):
        return list(left.column_types)
    if kind in ("right_anti", "right_semi"):
        return list(right.column_types)
    own = map(t.nullable, left.column_types) if kind in ("right", "full") else left.column_types
    others = map(t.nullable, right.column_types) if kind in ("left", "full") else right.column_types
    return [*own, *others]


def _matches(right: Table, right_keys: Keys) -> Callable[[Sequence[Value]], list[Sequence[Value]]]:
    places = [right.index[key] for key in right_keys]
    index: KeyIndex[Sequence[Value]] = KeyIndex()
    for row in right.rows():
        index.add([force(row[at]) for at in places], row)
    return index.find


def _joined_rows(left: Table, left_keys: Keys, right: Table, right_keys: Keys, kind: JoinKind) -> Table:
    if kind in ("right_anti", "right_semi"):
        return _joined_rows(right, right_keys, left, left_keys, "left_anti" if kind == "right_anti" else "left_semi")
    only_left = kind in ("left_anti", "left_semi")
    names = left.names if only_left else (*left.names, *right.names)
    places = [left.index[key] for key in left_keys]

    def rows() -> Iterator[Sequence[Value]]:
        find = _matches(right, right_keys)
        for row in left.rows():
            found = find([force(row[at]) for at in places])
            if only_left:
                if bool(found) == (kind == "left_semi"):
                    yield row
                continue
            yield from ([*row, *other] for other in found)
            if not found and kind in ("left", "full"):
                yield [*row, *[None] * len(right.names)]
        if kind in ("right", "full"):
            yield from _unmatched(left, left_keys, right, right_keys)

    return RowTable(table_type(names, _joined_types(left, right, kind)), rows)


def _unmatched(left: Table, left_keys: Keys, right: Table, right_keys: Keys) -> Iterator[Sequence[Value]]:
    find = _matches(left, left_keys)
    places = [right.index[key] for key in right_keys]
    for row in right.rows():
        if not find([force(row[at]) for at in places]):
            yield [*[None] * len(left.names), *row]


class NestedJoin(Table):
    """The result of ``Table.NestedJoin``: the left rows with a column of tables of their matches.

    It remembers what was joined, so that expanding the column becomes a plain join, which folds.
    """

    __slots__ = ("column", "kind", "left", "left_keys", "right", "right_keys")

    def __init__(  # noqa: PLR0917 -- in the order of M's arguments
        self, left: Table, left_keys: Keys, right: Table, right_keys: Keys, column: str, kind: JoinKind
    ) -> None:
        _check_keys(left, left_keys)
        _check_keys(right, right_keys)
        names = unique_or_error([*left.names, column])
        of_left = left.column_types if kind in _KEEPS_LEFT else [t.nullable(of) for of in left.column_types]
        super().__init__(table_type(names, [*of_left, right.type]))
        self.left, self.left_keys = left, left_keys
        self.right, self.right_keys = right, right_keys
        self.column, self.kind = column, kind

    def rows(self) -> Iterator[Sequence[Value]]:
        """The left rows, each with its matches as a table; then, for joins that keep right rows, those in one table."""
        find = _matches(self.right, self.right_keys)
        places = [self.left.index[key] for key in self.left_keys]
        for row in self.left.rows() if self.kind not in ("right_anti", "right_semi") else ():
            found = find([force(row[at]) for at in places])
            keeps_unmatched = self.kind in ("left", "full", "left_anti")
            if (found and self.kind != "left_anti") or (not found and keeps_unmatched):
                yield [*row, RowTable.held(self.right.type, found)]
        if self.kind in ("right", "full", "right_anti", "right_semi"):
            rest = list(self._right_alone())
            if rest:
                yield [*[None] * len(self.left.names), RowTable.held(self.right.type, rest)]

    def _right_alone(self) -> Iterator[Sequence[Value]]:
        """The right rows that no left row shows: those without a match, of a semi join those with one."""
        if self.kind == "right_semi":
            return _joined_rows(self.left, self.left_keys, self.right, self.right_keys, self.kind).rows()
        unmatched = _unmatched(self.left, self.left_keys, self.right, self.right_keys)
        return (row[len(self.left.names) :] for row in unmatched)

    def row_count(self) -> int:
        """The number of rows, by making them."""
        return sum(1 for _ in self.rows())

    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])

    def expand(self, names: Sequence[str], new_names: Sequence[str]) -> Table | None:
        """The join with just these columns of the right side; None where it does not fold."""
        if self.kind not in ("inner", "left", "right", "full"):
            return None
        joined = _folded_or_noted("Table.NestedJoin", self.left, self.left_keys, self.right, self.right_keys, self.kind)
        if joined is None:
            return None
        width = len(self.left.names)
        own = list(joined.plan.columns[:width])
        places = [self.right.index[name] for name in names]
        taken = [joined.plan.columns[width + at].renamed(new) for at, new in zip(places, new_names, strict=True)]
        types = [*joined.column_types[:width], *(joined.column_types[width + at] for at in places)]
        return joined.with_plan(select(joined.plan, [*own, *taken]), types)


def expand_table_column(table: Table, column: str, names: Sequence[str], new_names: Sequence[str] | None) -> Table:
    """A column of tables replaced by columns of their cells: one row a row of each table, one of nulls for none."""
    if column not in table.index:
        raise missing_column(column)
    chosen = list(new_names if new_names is not None else names)
    check_new_names(names, chosen)
    unique_or_error([*(n for n in table.names if n != column), *chosen])
    if isinstance(table, NestedJoin) and table.column == column and all(n in table.right.index for n in names):
        folded = table.expand(names, chosen)
        if folded is not None:
            return folded
    return _expanded_rows(table, column, names, chosen)


def _expanded_rows(table: Table, column: str, names: Sequence[str], chosen: Sequence[str]) -> Table:
    at = table.index[column]
    inner = table.column_types[at]
    inner_fields = {f.name: f.type for f in inner.row.fields} if isinstance(inner, t.TableType) else {}
    found = [inner_fields.get(n, t.ANY) for n in names]
    # A table without rows becomes a row of nulls; some joins make none.
    filled = (
        isinstance(table, NestedJoin) and table.column == column and table.kind not in ("left", "full", "left_anti")
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
