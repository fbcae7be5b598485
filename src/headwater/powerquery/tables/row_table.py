"""The table whose rows the evaluator holds or makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from headwater.plan.nodes import Node
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.types import ANY, FieldType, RecordType, TableType, Type


def table_type(names: Sequence[str], types: Sequence[Type] | None = None) -> TableType:
    """A table type of these columns, ``any`` where no types are given."""
    kinds = types or [ANY] * len(names)
    return TableType(RecordType(tuple(FieldType(name, kind) for name, kind in zip(names, kinds, strict=True))))


@dataclass(frozen=True, slots=True)
class OutsideEngine:
    """Where rows left the engine: the step that did not fold, and the plan it worked on, if it was one."""

    session: Session
    step: str
    made_from: Node | None


class RowTable(Table):
    """Rows, each a sequence of members; ``source`` makes them anew for every reader."""

    __slots__ = ("_begun", "_source", "outside")

    def __init__(self, of: TableType, source: Callable[[], Iterable[Sequence[Value]]]) -> None:
        super().__init__(of)
        self._source = source
        self._begun: Iterator[Sequence[Value]] | None = None
        self.outside: OutsideEngine | None = None

    @classmethod
    def held(cls, of: TableType, rows: Sequence[Sequence[Value]]) -> RowTable:
        """A table of rows that are there already."""
        return cls(of, lambda: rows)

    def rows(self) -> Iterator[Sequence[Value]]:
        """The rows in order."""
        begun, self._begun = self._begun, None
        return iter(self._source()) if begun is None else begun

    def peek(self, count: int) -> list[Sequence[Value]]:
        """The first rows. Who reads all rows next goes on from there instead of having them made again."""
        rows = self.rows()
        head = list(islice(rows, count))
        self._begun = chain(head, rows)
        return head

    def row_count(self) -> int:
        """The number of rows, by reading them."""
        return sum(1 for _ in self._source())

    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])
