"""Joins of two tables, for plans and for rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from headwater.errors import MError, NotFoldableError
from headwater.plan.expressions import Expr, call
from headwater.plan.nodes import Column, JoinKind, Project, join
from headwater.plan.types import NUMERIC, Kind
from headwater.powerquery.tables.columns import missing_column
from headwater.powerquery.tables.matching_rows import Row, Sides
from headwater.powerquery.tables.plan_table import (
    WORTHWHILE,
    PlanTable,
    back_in_engine,
    held_rows,
    left_engine,
)
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.table import Table

KINDS: tuple[JoinKind, ...] = (
    "inner", "left", "right", "full", "left_anti", "right_anti", "left_semi", "right_semi",
)  # fmt: skip
"""By the number of M's JoinKind."""


def join_tables(sides: Sides) -> Table:
    """``Table.Join``: one row a pair of matching rows; both tables' columns, which may not share a name.

    Only keys that go together may have the same name: they become one column.
    """
    check_keys(sides)
    shape = _Shape(sides)
    folded = folded_or_noted("Table.Join", sides)
    if folded is not None:
        try:
            return shape.folded(folded)
        except NotFoldableError as reason:
            folded.session.note_unfolded("Table.Join", reason.message, reason.place)
    return made_on_rows("Table.Join", sides, shape.joined_rows())


def made_on_rows(step: str, sides: Sides, table: Table) -> Table:
    """The result of a join that did not fold, with a note of where its rows left the engine, if they were in it."""
    planned = back_in_engine(sides.left) or back_in_engine(sides.right)
    return table if planned is None else left_engine(table, planned.session, step, planned.plan)


def check_keys(sides: Sides) -> None:
    """MError Expression.Error where a key is no column of its table."""
    for table, keys in ((sides.left, sides.left_keys), (sides.right, sides.right_keys)):
        for key in keys:
            if key not in table.index:
                raise missing_column(key)


# -- as a plan -----------------------------------------------------------------------------------------------------


def folded_or_noted(name: str, sides: Sides) -> PlanTable | None:
    """The join as a plan; None where it is none, which a session that could have folded it remembers."""
    left, right = back_in_engine(sides.left), back_in_engine(sides.right)
    if left is None and right is None:
        return None
    try:
        return _folded_join(sides, left, right)
    except NotFoldableError as reason:
        session = (left or right or _no_plan()).session
        session.note_unfolded(name, reason.message, reason.place)
        return None


def _no_plan() -> PlanTable:
    raise AssertionError("one side was a plan just before")


def _folded_join(sides: Sides, left: PlanTable | None, right: PlanTable | None) -> PlanTable:
    if not sides.left_keys:
        raise NotFoldableError("There is no key.")
    if any(sides.equations):
        raise NotFoldableError("Keys that a comparer tells apart do not fold.")
    left, right = left or _beside(sides.left, right), right or _beside(sides.right, left)
    pairs = [
        (left.plan_column(a), right.plan_column(b)) for a, b in zip(sides.left_keys, sides.right_keys, strict=True)
    ]
    for a, b in pairs:
        alike = a.type.same_kind(b.type) or {a.type.kind, b.type.kind} <= NUMERIC
        if not alike or a.type.kind in (Kind.RECORD, Kind.LIST):
            raise NotFoldableError(f"The keys '{a.name}' and '{b.name}' are of different types.")
    plan = join(left.plan, right.plan, [(a.id, b.id) for a, b in pairs], sides.kind)
    return left.with_plan(plan, joined_types(sides))


def _beside(table: Table, plan: PlanTable | None) -> PlanTable:
    """A small table of rows, held for the engine so that it can be joined to a plan."""
    assert plan is not None, "one side is a plan"
    if not isinstance(table, RowTable):
        raise NotFoldableError("One of the tables is made by the evaluator.")
    try:
        if len(table.peek(WORTHWHILE)) == WORTHWHILE:
            raise NotFoldableError("One of the tables is held as rows of no one kind.")
        return held_rows(table, plan.session)
    except MError as error:
        raise NotFoldableError("One of the tables has a row that is an error.") from error


def joined_types(sides: Sides) -> list[t.Type]:
    """The columns' types after a join: nullable on a side whose rows may be missing."""
    left, right, kind = sides.left.column_types, sides.right.column_types, sides.kind
    if kind in ("left_anti", "left_semi"):
        return list(left)
    if kind in ("right_anti", "right_semi"):
        return list(right)
    own = map(t.nullable, left) if kind in ("right", "full") else left
    others = map(t.nullable, right) if kind in ("left", "full") else right
    return [*own, *others]


# -- the result's columns ------------------------------------------------------------------------------------------


class _Shape:
    """Which columns a join has: keys that go together under one name are one column, at the left key's place."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        left, right = sides.left, sides.right
        pairs = zip(sides.left_keys, sides.right_keys, strict=True)
        self.shared = {left.index[a]: right.index[b] for a, b in pairs if a == b}
        gone = set(self.shared.values())
        self.kept_right = [at for at in range(len(right.names)) if at not in gone]
        self.type = self._type()

    def _type(self) -> t.TableType:
        sides, types = self.sides, joined_types(self.sides)
        if sides.kind.startswith("left_"):
            return table_type(sides.left.names, types)
        if sides.kind.startswith("right_"):
            return table_type(sides.right.names, types)
        width = len(sides.left.names)
        own = [self._key_type(at, of) for at, of in enumerate(types[:width])]
        names = [*sides.left.names, *(sides.right.names[at] for at in self.kept_right)]
        twice = next((name for name in names[width:] if name in sides.left.index), None)
        if twice is not None:
            message = f'A join operation cannot result in a table with duplicate column names ("{twice}").'
            raise MError("Expression.Error", message, hint="Table.PrefixColumns makes the names differ.")
        return table_type(names, [*own, *(types[width + at] for at in self.kept_right)])

    def _key_type(self, at: int, of: t.Type) -> t.Type:
        if at not in self.shared or self.sides.kind not in ("right", "full"):
            return of
        own, other = self.sides.left.column_types[at], self.sides.right.column_types[self.shared[at]]
        if self.sides.kind == "right":
            return other
        return own if own == other else t.ANY

    def folded(self, joined: PlanTable) -> PlanTable:
        """The plan of the join with these columns."""
        kind = self.sides.kind
        if "_" in kind or not self.shared:
            return joined
        columns, width = joined.plan.columns, len(self.sides.left.names)
        items: list[tuple[Column, Expr]] = []
        for at, column in enumerate(columns[:width]):
            other = columns[width + self.shared[at]] if at in self.shared else None
            expression = column.ref if other is None else _one_key(column, other, kind)
            items.append((replace(column, type=expression.type, may_fail=expression.may_fail), expression))
        items += [(columns[width + at], columns[width + at].ref) for at in self.kept_right]
        return PlanTable(Project(joined.plan, tuple(items)), joined.session, self.type)

    # -- on rows -----------------------------------------------------------------------------------------------

    def joined_rows(self) -> RowTable:
        """The join made by the evaluator."""
        sides = self.sides
        if sides.kind in ("right_anti", "right_semi"):
            return RowTable(self.type, lambda: one_sided(sides.turned))
        if sides.kind in ("left_anti", "left_semi"):
            return RowTable(self.type, lambda: one_sided(sides))
        return RowTable(self.type, self._pairs)

    def _pairs(self) -> Iterator[Row]:
        sides = self.sides
        find, key, keep = sides.matches(), sides.key_of_left(), self.kept_right
        for row in sides.left.rows():
            found = find(key(row))
            for other in found:
                own = self._with_right_keys(row, other) if sides.kind == "right" else row
                yield [*own, *(other[at] for at in keep)]
            if not found and sides.kind in ("left", "full"):
                yield [*row, *[None] * len(keep)]
        if sides.kind in ("right", "full"):
            nothing = [None] * len(sides.left.names)
            for other in sides.unmatched():
                yield [*self._with_right_keys(nothing, other), *(other[at] for at in keep)]

    def _with_right_keys(self, row: Row, other: Row) -> Row:
        if not self.shared:
            return row
        return [other[self.shared[at]] if at in self.shared else cell for at, cell in enumerate(row)]


def _one_key(left: Column, right: Column, kind: JoinKind) -> Expr:
    """The one column of two keys: that of the side whose rows are all there, or of either where none is."""
    if kind == "right":
        return right.ref
    if kind != "full":
        return left.ref
    if not left.type.same_kind(right.type):
        raise NotFoldableError(f"The keys called '{left.name}' are of different types.")
    return call("??", left.ref, right.ref)


def one_sided(sides: Sides) -> Iterator[Sequence[object]]:
    """The left rows that have a match (a semi join), or that have none (an anti join)."""
    find, key = sides.matches(), sides.key_of_left()
    return (row for row in sides.left.rows() if bool(find(key(row))) == (sides.kind == "left_semi"))
