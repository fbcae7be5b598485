"""Writing many rows at once: as fast as each database can be given them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Row, Table, Text, cast, column, func, insert, literal, select

__all__ = ["insert_rows"]


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *returning: Column[Any]
) -> Sequence[Row[Any]]:
    """Insert rows that all have the same columns; gives back the columns asked for, of each row, in no order.

    PostgreSQL's driver sends row after row, and each as slowly as a statement. So there all rows travel as one value,
    JSON, which the server takes apart.
    """
    if not rows:
        return []
    names = [*rows[0]]
    if connection.dialect.name == "postgresql":
        typed = [column(name, table.c[name].type) for name in names]
        sent = cast(literal(json.dumps([*map(dict, rows)], default=_written), Text), JSON)
        given = func.json_to_recordset(sent).table_valued(*typed, name="given").render_derived(with_types=True)
        statement = insert(table).from_select(names, select(*(given.c[name] for name in names)))
        return _fetched(connection.execute(statement.returning(*returning) if returning else statement), returning)
    statement = insert(table)
    made = connection.execute(statement.returning(*returning) if returning else statement, [*map(dict, rows)])
    return _fetched(made, returning)


def _fetched(result: Any, returning: Sequence[Column[Any]]) -> Sequence[Row[Any]]:
    return result.all() if returning else []


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} is not written to the database")
