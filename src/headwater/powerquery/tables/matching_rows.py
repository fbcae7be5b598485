"""What two tables are joined on, and which of their rows match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headwater.plan.nodes import JoinKind
from headwater.powerquery.library.criteria import Equation
from headwater.powerquery.tables.keys import KeyIndex
from headwater.powerquery.values.core import Value, force
from headwater.powerquery.values.table import Table

Keys = Sequence[str]
Row = Sequence[Value]


@dataclass(frozen=True)
class Sides:
    """Two tables to be joined by key columns that go in pairs, each told apart by an equation (None: as values are)."""

    left: Table
    left_keys: Keys
    right: Table
    right_keys: Keys
    kind: JoinKind
    equations: Sequence[Equation | None] = field(default=())

    @property
    def turned(self) -> Sides:
        """The same with left and right exchanged, for joins that keep one side only."""
        kinds: dict[JoinKind, JoinKind] = {"right_anti": "left_anti", "right_semi": "left_semi"}
        kind = kinds.get(self.kind, self.kind)
        return Sides(self.right, self.right_keys, self.left, self.left_keys, kind, self.equations)

    def key_of_left(self) -> Callable[[Row], Row]:
        """Reads the key of a left row."""
        return _key_reader(self.left, self.left_keys)

    def matches(self) -> Callable[[Row], list[Row]]:
        """The right table's rows, read now, by a left key that they match."""
        return self._index(self.right, self.right_keys)

    def unmatched(self) -> list[Row]:
        """The right table's rows that no left row matches."""
        find, read = self._index(self.left, self.left_keys), _key_reader(self.right, self.right_keys)
        return [row for row in self.right.rows() if not find(read(row))]

    def _index(self, table: Table, keys: Keys) -> Callable[[Row], list[Row]]:
        read = _key_reader(table, keys)
        if not any(self.equations):
            index: KeyIndex[Row] = KeyIndex()
            for row in table.rows():
                index.add(read(row), row)
            return index.find
        matcher = _Matcher([equation or Equation() for equation in self.equations])
        for row in table.rows():
            matcher.add(read(row), row)
        return matcher.find


def _key_reader(table: Table, keys: Keys) -> Callable[[Row], Row]:
    places = [table.index[key] for key in keys]
    return lambda row: [force(row[at]) for at in places]


class _Matcher:
    """Rows under keys that equations tell apart; those that hash share buckets, the others are tried one by one."""

    def __init__(self, equations: Sequence[Equation]) -> None:
        self._equations = equations
        self._index: KeyIndex[tuple[Row, Row]] = KeyIndex()

    def _keys(self, cells: Row) -> tuple[Row, Row]:
        keys = [equation.key(cell) for equation, cell in zip(self._equations, cells, strict=True)]
        pairs = list(zip(self._equations, keys, strict=True))
        return [k for e, k in pairs if e.hashes], [k for e, k in pairs if not e.hashes]

    def add(self, cells: Row, row: Row) -> None:
        """Take in a row under its key."""
        hashed, others = self._keys(cells)
        self._index.add(hashed, (others, row))

    def find(self, cells: Row) -> list[Row]:
        """The rows that a key matches, in the order in which they came."""
        hashed, others = self._keys(cells)
        tests = [equation.test for equation in self._equations if not equation.hashes]
        return [
            row
            for known, row in self._index.find(hashed)
            if all(test(a, b) for test, a, b in zip(tests, others, known, strict=True))
        ]
