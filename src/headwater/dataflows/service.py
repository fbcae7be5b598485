"""Dataflows in the metadata database: saved as versions, found by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from headwater.dataflows.definition import DataflowDefinition
from headwater.errors import NotFoundError
from headwater.store import Database, tables, utc_now


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A saved dataflow at its current version."""

    id: int
    name: str
    version: int
    definition: DataflowDefinition
    saved_by: str
    saved_at: datetime


class DataflowService:
    """Saves and finds dataflows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def apply(self, definition: DataflowDefinition, saved_by: str) -> Dataflow:
        """Save a definition: as a new dataflow, as its next version, or not at all when nothing changed."""
        definition.entities()
        with self._database.begin() as connection:
            found = connection.execute(_listing().where(tables.dataflows.c.name == definition.name)).one_or_none()
            if found is None:
                _create(connection, definition, saved_by)
            elif _dataflow(found).definition.to_json() != definition.to_json():
                _add_version(connection, found.id, found.version + 1, definition, saved_by)
        return self.get(definition.name)

    def get(self, name: str) -> Dataflow:
        """A dataflow; NotFoundError when there is none of this name."""
        with self._database.read() as connection:
            row = connection.execute(_listing().where(tables.dataflows.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no dataflow '{name}'.", hint="List the dataflows, or apply a folder first.")
        return _dataflow(row)

    def list(self) -> Sequence[Dataflow]:
        """Every dataflow, by name."""
        with self._database.read() as connection:
            return [_dataflow(row) for row in connection.execute(_listing().order_by(tables.dataflows.c.name))]


def _listing() -> Select[Any]:
    """The one query behind every listing of dataflows: a rights clause is joined in here."""
    flows, versions = tables.dataflows.c, tables.dataflow_versions.c
    return select(
        flows.id, flows.name, versions.version, versions.definition, versions.saved_by, versions.saved_at
    ).join(
        tables.dataflow_versions,
        (versions.dataflow_id == flows.id) & (versions.version == flows.current_version),
    )


def _dataflow(row: Row[Any]) -> Dataflow:
    definition = DataflowDefinition.from_json(row.definition)
    return Dataflow(row.id, row.name, row.version, definition, row.saved_by, row.saved_at)


def _create(connection: Connection, definition: DataflowDefinition, saved_by: str) -> None:
    made = connection.execute(
        insert(tables.dataflows).values(name=definition.name, created_at=utc_now(), current_version=1)
    )
    assert made.inserted_primary_key is not None, "an inserted row has a key"
    _add_version(connection, made.inserted_primary_key[0], 1, definition, saved_by)


def _add_version(
    connection: Connection, dataflow_id: int, version: int, definition: DataflowDefinition, saved_by: str
) -> None:
    connection.execute(
        insert(tables.dataflow_versions).values(
            dataflow_id=dataflow_id,
            version=version,
            definition=definition.to_json(),
            saved_by=saved_by,
            saved_at=utc_now(),
        )
    )
    connection.execute(
        update(tables.dataflows).where(tables.dataflows.c.id == dataflow_id).values(current_version=version)
    )
