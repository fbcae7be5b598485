"""The table value: what every form of a table can do.

Two forms exist: rows held or made by the evaluator, and a relational plan that an engine runs. Library functions ask
for what they need by these methods, and each form answers in its own way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from headwater.powerquery.values.core import Record, Value

if TYPE_CHECKING:
    from headwater.powerquery.tables.looking import Looks
    from headwater.powerquery.values.types import TableType, Type


class Table(ABC):
    """A table with named, typed columns and ordered rows."""

    __slots__ = ("_index", "looks", "type")

    def __init__(self, table_type: TableType) -> None:
        self.type = table_type
        self._index: dict[str, int] | None = None
        self.looks: Looks | None = None
        """What row functions have looked for in this table; see :mod:`headwater.powerquery.tables.looking`."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.type.row.fields)

    @property
    def column_types(self) -> tuple[Type, ...]:
        return tuple(f.type for f in self.type.row.fields)

    @property
    def index(self) -> dict[str, int]:
        """Column name → position; one dictionary, shared by all row records of this table."""
        if self._index is None:
            self._index = {name: at for at, name in enumerate(self.names)}
        return self._index

    @abstractmethod
    def rows(self) -> Iterator[Sequence[Value]]:
        """The rows in order, members evaluated or not; each call reads anew."""

    @abstractmethod
    def row_count(self) -> int:
        """The number of rows."""

    @abstractmethod
    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'; columns are matched by name, missing cells are null."""

    def records(self) -> Iterator[Record]:
        """The rows as records."""
        index = self.index
        for row in self.rows():
            yield Record(index, row)


class Handling(Table):
    """A table that has a say in how operations on it are done."""

    __slots__ = ()

    @abstractmethod
    def operate(self, name: str, arguments: Sequence[Any], operation: Callable[..., Table]) -> Table:
        """The result of an operation, which ``operation`` would give on any other table."""
