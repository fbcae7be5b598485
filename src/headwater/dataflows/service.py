"""Dataflows in the metadata database: saved as versions, found by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from headwater.access import SYSTEM, Action, Actor, ScopeKind, Via, add_scope, allowed_to, grant, may_see, require
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.dataflows.definition import DataflowDefinition
from headwater.errors import ConflictError, NotFoundError
from headwater.store import Database, tables, utc_now


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A saved dataflow at its current version.

    ``saved_by_id`` is the user whose rights its runs have; None: whoever may use the machine's command line.
    """

    id: int
    name: str
    version: int
    definition: DataflowDefinition
    collection: str
    scope_id: int
    saved_by_id: str | None
    saved_by: str
    saved_at: datetime

    @property
    def runner(self) -> Actor:
        """With whose rights it runs."""
        via = Via.SYSTEM if self.saved_by_id is None else Via.RUN
        return Actor(self.saved_by_id, self.saved_by, via)


class DataflowService:
    """Saves and finds dataflows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def apply(self, actor: Actor, definition: DataflowDefinition, collection: str = tables.ROOT_COLLECTION) -> Dataflow:
        """Save a definition: as a new dataflow, as its next version, or not at all when nothing changed.

        Whoever creates one owns it, and its runs have the rights of whoever saved it last.

        Args:
            actor: who saves it.
            definition: what is saved.
            collection: where a new one goes; one that exists stays where it is.

        Raises:
            ForbiddenError: ``actor`` may not create dataflows there, or not change this one.
            NotFoundError: there is no such collection to be seen.
            ConflictError: the name is taken by one that ``actor`` may not see.
        """
        definition.entities()
        with self._database.begin() as connection:
            named = tables.dataflows.c.name == definition.name
            found = connection.execute(_listing(SYSTEM).where(named)).one_or_none()
            if found is None:
                _create(connection, actor, definition, collection)
            else:
                _change(connection, actor, _dataflow(found), definition)
        return self.get(actor, definition.name)

    def get(self, actor: Actor, name: str) -> Dataflow:
        """A dataflow; NotFoundError when there is none of this name to be seen."""
        with self._database.read() as connection:
            row = connection.execute(_listing(actor).where(tables.dataflows.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no dataflow '{name}'.", hint="List the dataflows, or apply a folder first.")
        return _dataflow(row)

    def list(self, actor: Actor) -> Sequence[Dataflow]:
        """Every dataflow that may be seen, by name."""
        with self._database.read() as connection:
            return [_dataflow(row) for row in connection.execute(_listing(actor).order_by(tables.dataflows.c.name))]


def find_dataflow(connection: Connection, dataflow_id: int) -> Dataflow | None:
    """The dataflow of an id at its current version, for what nobody asked for; None where there is none any more."""
    row = connection.execute(_listing(SYSTEM).where(tables.dataflows.c.id == dataflow_id)).one_or_none()
    return None if row is None else _dataflow(row)


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of dataflows."""
    flows, versions = tables.dataflows.c, tables.dataflow_versions.c
    current = (versions.dataflow_id == flows.id) & (versions.version == flows.current_version)
    return (
        select(
            flows.id,
            flows.name,
            versions.version,
            versions.definition,
            tables.collections.c.name.label("collection"),
            flows.scope_id,
            versions.saved_by_id,
            versions.saved_by,
            versions.saved_at,
        )
        .join(tables.dataflow_versions, current)
        .join(tables.collections, tables.collections.c.id == flows.collection_id)
        .where(flows.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
    )


def _dataflow(row: Row[Any]) -> Dataflow:
    values = {**row._mapping, "definition": DataflowDefinition.from_json(row.definition)}
    return Dataflow(**values)


def _create(connection: Connection, actor: Actor, definition: DataflowDefinition, collection: str) -> None:
    now, place = utc_now(), tables.collections.c
    found = connection.execute(select(place.id, place.scope_id).where(place.name == collection)).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no collection '{collection}'.", hint="List the collections, or add it.")
    require(connection, actor, Action.DATAFLOW_CREATE, found.scope_id)
    scope = add_scope(connection, ScopeKind.DATAFLOW, definition.name, found.scope_id)
    if actor.user_id is not None:
        grant(connection, SYSTEM, actor.user_id, "Dataflow owner", scope.id, now=now)
    values = {"name": definition.name, "created_at": now, "current_version": 1}
    new = insert(tables.dataflows).values(values | {"collection_id": found.id, "scope_id": scope.id})
    made: int = connection.execute(new.returning(tables.dataflows.c.id)).scalar_one()
    _add_version(connection, actor, (made, scope.id), 1, definition)


def _change(connection: Connection, actor: Actor, dataflow: Dataflow, definition: DataflowDefinition) -> None:
    if not may_see(connection, actor, dataflow.scope_id):
        raise ConflictError(f"The name '{definition.name}' cannot be used.", hint="Choose another one.")
    require(connection, actor, Action.DATAFLOW_EDIT, dataflow.scope_id)
    if dataflow.definition.to_json() != definition.to_json():
        _add_version(connection, actor, (dataflow.id, dataflow.scope_id), dataflow.version + 1, definition)


def _add_version(
    connection: Connection, actor: Actor, dataflow: tuple[int, int], version: int, definition: DataflowDefinition
) -> None:
    """Save a version of the dataflow of these ids: its own, and its scope's."""
    dataflow_id, scope_id = dataflow
    target = f"dataflow:{definition.name}"
    record(
        connection, Event.DATAFLOW_SAVED, actor, now=utc_now(), target=target, scope_id=scope_id, version=str(version)
    )
    connection.execute(
        insert(tables.dataflow_versions).values(
            dataflow_id=dataflow_id,
            version=version,
            definition=definition.to_json(),
            saved_by_id=actor.user_id,
            saved_by=actor.name,
            saved_at=utc_now(),
        )
    )
    connection.execute(
        update(tables.dataflows).where(tables.dataflows.c.id == dataflow_id).values(current_version=version)
    )
