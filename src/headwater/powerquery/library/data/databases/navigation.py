"""Navigation tables: a row a table or view of a database, each read when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value
from headwater.powerquery.values.table import Table

NativeRunner = Callable[[str, Value, Record | None], Table]
"""Runs a query in the source's own language, with its parameters and options."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A table or view of a database, and how to open it; ``kind`` is M's word for it."""

    schema: str
    item: str
    kind: str
    open: Callable[[], Value]

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.item}" if self.schema else self.item


class NavigationTable(RowTable):
    """What a database function gives: its rows are what the database has, and native queries can be put to it."""

    __slots__ = ("native",)

    def __init__(self, of: t.TableType, source: Callable[[], Iterable[Sequence[Value]]], native: NativeRunner) -> None:
        super().__init__(of, source)
        self.native = native


_COLUMNS: dict[str, t.Type] = {"Name": t.TEXT, "Data": t.ANY, "Schema": t.TEXT, "Item": t.TEXT, "Kind": t.TEXT}
_BY_SCHEMA: dict[str, t.Type] = {"Name": t.TEXT, "Data": t.ANY, "Schema": t.TEXT, "Kind": t.TEXT}


def navigation(entries: Callable[[], Sequence[Entry]], native: NativeRunner, *, hierarchical: bool) -> NavigationTable:
    """The navigation table of a database; nothing is asked of it before a row is.

    Args:
        entries: lists its tables and views, by schema and name.
        native: runs a native query.
        hierarchical: a row a schema instead, whose Data is a table of that schema's tables.
    """
    if not hierarchical:
        return NavigationTable(_type(_COLUMNS), lambda: _rows(entries(), short=False), native)

    def schemas() -> Iterator[list[Value]]:
        for schema, members in groupby(entries(), lambda entry: entry.schema):
            listed = list(_rows(members, short=True))
            yield [schema, RowTable.held(_type(_COLUMNS), listed), schema, "Schema"]

    return NavigationTable(_type(_BY_SCHEMA), schemas, native)


def _type(columns: dict[str, t.Type]) -> t.TableType:
    return table_type(list(columns), list(columns.values()))


def _rows(entries: Iterable[Entry], *, short: bool) -> Iterator[list[Value]]:
    for entry in entries:
        yield [entry.item if short else entry.name, Thunk(entry.open), entry.schema, entry.item, entry.kind]
