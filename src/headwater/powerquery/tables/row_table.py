"""The table whose rows the evaluator holds or makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.types import ANY, FieldType, RecordType, TableType, Type


def table_type(names: Sequence[str], types: Sequence[Type] | None = None) -> TableType:
    """A table type of these columns, ``any`` where no types are given."""
    kinds = types or [ANY] * len(names)
    return TableType(RecordType(tuple(FieldType(name, kind) for name, kind in zip(names, kinds, strict=True))))


class RowTable(Table):
    """Rows, each a sequence of members; ``source`` makes them anew for every reader."""

    __slots__ = ("_source",)

    def __init__(self, of: TableType, source: Callable[[], Iterable[Sequence[Value]]]) -> None:
        super().__init__(of)
        self._source = source

    @classmethod
    def held(cls, of: TableType, rows: Sequence[Sequence[Value]]) -> RowTable:
        """A table of rows that are there already."""
        return cls(of, lambda: rows)

    def rows(self) -> Iterator[Sequence[Value]]:
        """The rows in order."""
        return iter(self._source())

    def row_count(self) -> int:
        """The number of rows, by reading them."""
        return sum(1 for _ in self._source())

    def append(self, others: Sequence[Table]) -> Table:
        """This table's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])
