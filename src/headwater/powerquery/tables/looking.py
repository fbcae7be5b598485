"""Looking into one table again and again, as row functions do: ``t{[Index] - 1}``, ``t{[Id = id]}``, ``t[Amount]``.

The first looks are left to whoever makes the rows: an engine finds one row, or one column, sooner than all of them.
What is looked for more often is made once and kept, as long as it is not too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from headwater.errors import MError
from headwater.powerquery.tables.keys import KeyIndex
from headwater.powerquery.values.core import Value, force
from headwater.powerquery.values.table import Handling, Table

_T = TypeVar("_T")

Row = Sequence[Value]

LOOKS = 3
"""How often rows are made anew before they are kept."""

MOST_CELLS = 2_000_000
"""How many cells are kept of one table, at most."""

FILTERS = 48
"""How often a table is filtered before its rows are kept for that: so often only a row function does."""

MOST_FILTERED = 20_000
"""Of how many rows the evaluator finds some sooner than an engine that has to be asked, at most."""


class Looks:
    """What one table has been asked for, and what is kept of it."""

    __slots__ = ("_asked", "_columns", "_made", "_matches", "_rows")

    def __init__(self) -> None:
        self._asked: dict[tuple[str, ...], int] = {}
        self._made = False
        self._rows: Sequence[Row] | None = None
        self._columns: dict[str, Sequence[Value] | None] = {}
        self._matches: dict[tuple[str, ...], KeyIndex[Row] | None] = {}

    def often(self, *what: str, least: int = LOOKS) -> bool:
        """Whether this has been asked for often enough; asking counts."""
        self._asked[what] = self._asked.get(what, 0) + 1
        return self._asked[what] > least

    def rows(self, table: Table) -> Sequence[Row] | None:
        """All rows; None where they are too many."""
        if not self._made:
            self._made = True
            self._rows = _at_most(MOST_CELLS // max(len(table.names), 1), table.rows)
        return self._rows

    def column(self, name: str, cells: Callable[[], Iterator[Value]]) -> Sequence[Value] | None:
        """All cells of a column; None where they are too many."""
        if name not in self._columns:
            self._columns[name] = _at_most(MOST_CELLS, cells)
        return self._columns[name]

    def matches(self, table: Table, names: tuple[str, ...]) -> KeyIndex[Row] | None:
        """The rows by their cells of these columns; None where they are too many, or such a cell is an error."""
        if names not in self._matches:
            rows = self.rows(table)
            self._matches[names] = None if rows is None else _indexed(rows, [table.index[name] for name in names])
        return self._matches[names]


def _at_most(count: int, source: Callable[[], Iterator[_T]]) -> Sequence[_T] | None:
    try:
        found = list(islice(source(), count + 1))
    except MError:
        return None  # an error of a row is for whoever gets as far as that row
    return found if len(found) <= count else None


def _indexed(rows: Sequence[Row], places: Sequence[int]) -> KeyIndex[Row] | None:
    index: KeyIndex[Row] = KeyIndex()
    try:
        for row in rows:
            index.add([force(row[at]) for at in places], row)
    except MError:
        return None
    return index


def _looks(table: Table) -> Looks:
    if table.looks is None:
        table.looks = Looks()
    return table.looks


def kept_rows(table: Table) -> Sequence[Row] | None:
    """The rows of a table that has been asked for single rows often; None where it has not, or is too large."""
    if isinstance(table, Handling) or not _looks(table).often("row"):
        return None
    return _looks(table).rows(table)


def kept_matches(table: Table, names: Sequence[str], key: Sequence[Value]) -> Sequence[Row] | None:
    """The rows with these cells in these columns, of a table that has been asked for such rows often; None as above."""
    if isinstance(table, Handling) or not _looks(table).often("row"):
        return None
    index = _looks(table).matches(table, tuple(names))
    return None if index is None else index.find(key)


def kept_column(table: Table, name: str, cells: Callable[[], Iterator[Value]]) -> Sequence[Value] | None:
    """The cells of a column that has been asked for often; None as above. ``cells`` makes them."""
    if isinstance(table, Handling) or not _looks(table).often("column", name):
        return None
    return _looks(table).column(name, cells)


def kept_for_filters(table: Table) -> Sequence[Row] | None:
    """The rows of a table that has been filtered again and again; None where it has not, or they are many."""
    if not _looks(table).often("filter", least=FILTERS):
        return None
    rows = _looks(table).rows(table)
    return rows if rows is not None and len(rows) <= MOST_FILTERED else None
