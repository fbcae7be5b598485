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

__all__ = ["empty", "number_on", "reflected", "rows", "write"]

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


def write(connection: Connection, table: Table, given: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as :func:`rows` gave them into a table, those of ``sorted_tables`` one after another; how many.

    Raises:
        HomeError: they are not rows of this table (``home.unreadable``).
    """
    moments = [column.name for column in table.columns if isinstance(column.type, UtcDateTime)]
    count, waiting = 0, iter(_parents_first(table, given))
    while batch := [_values(table, row, moments) for row in islice(waiting, _BATCH)]:
        connection.execute(insert(table), batch)
        count += len(batch)
    return count


def _parents_first(table: Table, given: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The rows in an order in which none refers to a later one of the same table (a collection lies in another)."""
    own = [(key.parent.name, key.column.name) for key in table.foreign_keys if key.column.table is table]
    if not own:
        yield from given
        return
    waiting, written = list(given), {(target, None) for _, target in own}
    while waiting:
        ready = [row for row in waiting if all((target, row.get(name)) in written for name, target in own)]
        if not ready:
            raise _other_rows(table)
        yield from ready
        written.update((target, row.get(target)) for row in ready for _, target in own)
        waiting = [row for row in waiting if not all((target, row.get(target)) in written for _, target in own)]


def _values(table: Table, row: Mapping[str, Any], moments: Iterable[str]) -> dict[str, Any]:
    if row.keys() != set(table.columns.keys()):
        raise _other_rows(table)
    values = dict(row)
    for name in moments:
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return values


def _other_rows(table: Table) -> HomeError:
    return HomeError(
        f"Rows of '{table.name}' are not as the table has them.",
        hint="Take another backup's file.",
        code="home.unreadable",
    )


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
