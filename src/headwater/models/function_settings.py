"""What people say about models as functions, beyond what their workspaces tell: a schema, how long answers hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from headwater.store import Database, tables

__all__ = ["FunctionSettings", "Supplied"]

_settings, _sources = tables.function_settings, tables.sources


@dataclass(frozen=True, slots=True)
class Supplied:
    """What somebody said about one model; ``schema`` as :mod:`headwater.models.schemas.supplied` stores it."""

    schema: Mapping[str, Any] | None = None
    reuse: timedelta | None = None
    changed_at: datetime | None = None
    changed_by: str = ""


_NOTHING = Supplied()


class FunctionSettings:
    """Reads and writes the settings. Who may is asked elsewhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, source: str, model: str) -> Supplied:
        """What was said about a model of a source; both by their names."""
        with self._database.read() as connection:
            return self.get_within(connection, source, model)

    def get_within(self, connection: Connection, source: str, model: str) -> Supplied:
        """The same within a transaction of the caller's."""
        query = select(_settings).join(_sources).where(_sources.c.name == source, _settings.c.model == model)
        row = connection.execute(query).first()
        return _NOTHING if row is None else _supplied(row)

    def put_within(self, connection: Connection, source: str, model: str, supplied: Supplied) -> None:
        """Replace what was said about a model, in a transaction of the caller's; what says nothing is forgotten."""
        identifier = connection.scalar(select(_sources.c.id).where(_sources.c.name == source))
        this = (_settings.c.source_id == identifier, _settings.c.model == model)
        if supplied.schema is None and supplied.reuse is None:
            connection.execute(delete(_settings).where(*this))
            return
        values = {
            "schema": None if supplied.schema is None else dict(supplied.schema),
            "reuse_seconds": None if supplied.reuse is None else int(supplied.reuse.total_seconds()),
            "changed_at": supplied.changed_at,
            "changed_by": supplied.changed_by,
        }
        if connection.execute(update(_settings).where(*this).values(values)).rowcount == 0:
            connection.execute(insert(_settings).values(source_id=identifier, model=model, **values))


def _supplied(row: Row[Any]) -> Supplied:
    reuse = None if row.reuse_seconds is None else timedelta(seconds=row.reuse_seconds)
    return Supplied(row.schema, reuse, row.changed_at, row.changed_by)
