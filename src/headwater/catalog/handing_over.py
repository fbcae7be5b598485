"""Handing over everything that refers to one asset to another, so that it can be given back.

What an asset has in other tables is moved to the other asset, but for what that one has already; the snapshot that is
kept says how all of it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, UniqueConstraint, exists, insert, select, update

from headwater.store import tables
from headwater.store.types import UtcDateTime

__all__ = ["give_back", "hand_over", "read_row", "write_row"]

Snapshot = list[dict[str, Any]]

#: Every column that refers to an asset, but those of its columns, which are handed over one by one.
_REFERENCES: tuple[Column[Any], ...] = (
    tables.flow_edges.c.source_id,
    tables.flow_edges.c.target_id,
    tables.past_flow_edges.c.source_id,
    tables.past_flow_edges.c.target_id,
    tables.column_lineage.c.process_id,
    tables.column_lineage.c.source_id,
    tables.column_lineage.c.target_id,
    tables.relationships.c.end1_id,
    tables.relationships.c.end2_id,
    tables.asset_labels.c.asset_id,
    tables.asset_contacts.c.asset_id,
    tables.asset_classifications.c.asset_id,
    tables.asset_classifications.c.from_id,
    tables.asset_terms.c.asset_id,
    tables.asset_history.c.asset_id,
    tables.asset_names.c.asset_id,
    tables.asset_columns.c.column_id,
)
#: Pairs of which none may be one asset twice.
_PAIRS = (("source_id", "target_id"), ("end1_id", "end2_id"))
#: A column is of one asset: what the one column is linked to is not handed to the other.
_NOT_MOVED = frozenset({"asset_columns"})


def hand_over(connection: Connection, giver: int, taker: int) -> Snapshot:
    """Move what refers to one asset to another; returns what is needed to give it back."""
    snapshot: Snapshot = []
    for column in _REFERENCES:
        rows = connection.execute(select(column.table).where(column == giver)).mappings().all()
        for row in rows:
            old = {**row}
            moved = _move(connection, column, old, taker)
            snapshot.append(
                {"table": _table(column).name, "column": column.name, "row": write_row(old), "moved": moved}
            )
    return snapshot


def give_back(connection: Connection, taker: int, giver: int, snapshot: Iterable[Mapping[str, Any]]) -> set[int]:
    """Give back what was handed over, and is still there; returns the assets that it refers to.

    What was said or related since then stays with ``taker``; what was taken away since then stays away.
    """
    touched: set[int] = set()
    for each in snapshot:
        table = tables.metadata.tables[each["table"]]
        column, row = table.c[each["column"]], read_row(table, each["row"])
        if each["moved"]:
            same = [table.c[name] == value for name, value in _key(table, {**row, column.name: taker}).items()]
            back = update(table).where(*same, column == taker).values({column.name: giver})
            connection.execute(back)
        elif _can_stand(connection, table, row):
            connection.execute(insert(table).values(row))
        touched |= {row[each.parent.name] for each in table.foreign_keys if each.column is tables.assets.c.id}
    return {number for number in touched if number is not None} - {giver}


def write_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON has it."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def read_row(table: Table, stated: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a table has it."""
    moments = {column.name for column in table.columns if isinstance(column.type, UtcDateTime)}
    return {
        name: datetime.fromisoformat(value) if name in moments and value is not None else value
        for name, value in stated.items()
    }


def _table(column: Column[Any]) -> Table:
    table = column.table
    assert isinstance(table, Table), "a column of a table"
    return table


def _move(connection: Connection, column: Column[Any], row: Mapping[str, Any], taker: int) -> bool:
    table = _table(column)
    new = {**row, column.name: taker}
    if table.name in _NOT_MOVED or _is_loop(new) or _is_there(connection, table, new, column):
        return False
    same = [table.c[name] == value for name, value in _key(table, row).items()]
    connection.execute(update(table).where(*same).values({column.name: taker}))
    return True


def _is_loop(row: Mapping[str, Any]) -> bool:
    return any(first in row and row[first] == row[second] for first, second in _PAIRS if "process_id" not in row)


def _key(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.primary_key.columns}


def _is_there(connection: Connection, table: Table, row: Mapping[str, Any], changed: Column[Any] | None = None) -> bool:
    """Whether the table has a row that this one would be the double of; by the keys that hold ``changed``, if given."""
    unique = [[*each.columns] for each in table.constraints if isinstance(each, UniqueConstraint)]
    unique.append([*table.primary_key.columns])
    return any(
        connection.scalar(select(exists().where(*(column == row[column.name] for column in columns))))
        for columns in unique
        if changed is None or any(column is changed for column in columns)
    )


def _can_stand(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Whether what a row refers to is there, and no row stands in its place."""
    for key in table.foreign_keys:
        value = row[key.parent.name]
        if value is not None and not connection.scalar(select(exists().where(key.column == value))):
            return False
    return not _is_there(connection, table, row)
