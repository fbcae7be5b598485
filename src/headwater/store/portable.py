"""The rows of a metadata database in a form of their own: what one database gives, any other takes.

A row is a JSON object; a moment is its ISO text in UTC. What a revision's tables are is read from the database itself,
so that rows of an older revision are stored as they were, and brought up afterwards like any older database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Column, Connection, DateTime, Integer, MetaData, Table, delete, event, insert, select, text

from headwater.errors import HomeError
from headwater.store.types import JsonValue, UtcDateTime

__all__ = ["RowWriter", "empty", "number_on", "reflected", "rows"]

#: Alembic's own, which a migration writes.
_REVISION = "alembic_version"
_BATCH = 500


def reflected(connection: Connection) -> MetaData:
    """The tables that a database has, each after those that it refers to (``sorted_tables``)."""
    found = MetaData()
    event.listen(found, "column_reflect", _use_own_types)
    found.reflect(connection)
    if _REVISION in found.tables:
        found.remove(found.tables[_REVISION])
    return found


def _use_own_types(_inspector: Any, _table: Any, column: dict[str, Any]) -> None:
    if isinstance(column["type"], DateTime):
        column["type"] = UtcDateTime()
    elif isinstance(column["type"], JSON):
        column["type"] = JsonValue


def rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """The rows of a table as JSON values, by their primary key, a batch in memory at a time."""
    query = select(table).order_by(*table.primary_key)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        yield {name: _plain(value) for name, value in row._mapping.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def empty(connection: Connection, found: MetaData) -> None:
    """Remove what setting a database up wrote, before anything else is in it."""
    for table in reversed(found.sorted_tables):
        connection.execute(delete(table))


class RowWriter:
    """Writes rows into the tables of a database, in the order of its ``sorted_tables``.

    A table that refers to itself (a collection within another) gets its rows first and the references after, because
    what a row refers to may come later.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, table: Table, given: Iterable[Mapping[str, Any]]) -> int:
        """Write rows as :func:`rows` gave them; how many they were.

        Raises:
            HomeError: they are not rows of this table (``home.unreadable``).
        """
        own = [key.parent for key in table.foreign_keys if key.column.table is table and key.parent.nullable]
        moments = [column.name for column in table.columns if isinstance(column.type, UtcDateTime)]
        later: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
        count, waiting = 0, iter(given)
        while batch := [_values(table, row, moments) for row in islice(waiting, _BATCH)]:
            for row in batch:
                links = {column.name: row[column.name] for column in own if row[column.name] is not None}
                if links:
                    later.append(({key.name: row[key.name] for key in table.primary_key}, links))
                    row.update(dict.fromkeys(links))
            self._connection.execute(insert(table), batch)
            count += len(batch)
        for key, links in later:
            same = [column == key[column.name] for column in table.primary_key]
            self._connection.execute(table.update().where(*same).values(links))
        return count


def _values(table: Table, row: Mapping[str, Any], moments: Iterable[str]) -> dict[str, Any]:
    if row.keys() != set(table.columns.keys()):
        raise HomeError(f"A row of '{table.name}' has other columns than the table.", code="home.unreadable")
    values = dict(row)
    for name in moments:
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return values


def number_on(connection: Connection, found: MetaData) -> None:
    """Let growing keys go on after the rows that were written with theirs. SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in found.sorted_tables:
        for column in table.primary_key:
            if _grows(column):
                _number_on(connection, table.name, column.name)


def _grows(column: Column[Any]) -> bool:
    return isinstance(column.type, Integer) and column.server_default is not None


def _number_on(connection: Connection, table: str, column: str) -> None:
    # Names of our own tables, from the database itself.
    newest = connection.scalar(text(f'SELECT max("{column}") FROM "{table}"'))  # noqa: S608
    if newest is not None:
        moved = text("SELECT setval(pg_get_serial_sequence(:name, :key), :newest)")
        connection.execute(moved, {"name": f'"{table}"', "key": column, "newest": newest})
