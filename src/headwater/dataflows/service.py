"""Dataflows in the metadata database: saved as versions, found by name, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from headwater.access import SYSTEM, Action, Actor, Via, allowed_to, require
from headwater.dataflows import removing, saving
from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.errors import NotFoundError
from headwater.store import Database, exclusive, tables

__all__ = ["Dataflow", "DataflowService", "DataflowVersion"]


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A saved dataflow at its current version.

    ``saved_by_id`` is the user whose rights its runs have; None: whoever may use the machine's command line.
    ``runner_active`` is False where that user's account is disabled: it cannot be refreshed until somebody else
    takes it over.
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
    runner_active: bool = True

    @property
    def runner(self) -> Actor:
        """With whose rights it runs."""
        via = Via.SYSTEM if self.saved_by_id is None else Via.RUN
        return Actor(self.saved_by_id, self.saved_by, via)


@dataclass(frozen=True, slots=True)
class DataflowVersion:
    """A version of a dataflow: who saved it, when, and why in their words."""

    version: int
    saved_by: str
    saved_at: datetime
    comment: str


class DataflowService:
    """Saves, finds and removes dataflows.

    Args:
        database: the metadata database.
        folder: the folder of published tables, ``folder/<dataflow>/<entity>``; None where there are none.
    """

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._database = database
        self._folder = folder

    def apply(
        self,
        actor: Actor,
        definition: DataflowDefinition,
        collection: str = tables.ROOT_COLLECTION,
        *,
        comment: str = "",
        take_over: bool = False,
        expected: int | None = None,
    ) -> Dataflow:
        """Save a definition: as a new dataflow, as its next version, or not at all when nothing changed.

        Whoever creates one owns it, and its runs have the rights of whoever saved it last. Whether its queries can run
        with those is for :mod:`headwater.dataflows.definitions.checking`.

        Args:
            actor: who saves it.
            definition: what is saved.
            collection: where a new one goes; one that exists stays where it is.
            comment: why it is saved.
            take_over: save it although it ran with somebody else's rights until now, even when nothing changed.
            expected: the version that the change was made to; 0: there was none.

        Raises:
            ForbiddenError: ``actor`` may not create dataflows there, or not change this one.
            NotFoundError: there is no such collection to be seen, or no such dataflow that ``expected`` is a version
                of.
            ConflictError: the name is taken by one that ``actor`` may not see; or there is one where none was
                expected (``dataflow.exists``), it runs with the rights of somebody else
                (``dataflow.take_over_needed``), or its linked entities lead back to it (``dataflow.circle``).
            StaleError: somebody saved another version meanwhile (``dataflow.changed``).
            UsageError: queries read each other.
        """
        definition.entities()
        if expected:
            self.get(actor, definition.name)
        saved = saving.Save(actor, definition, collection, comment, take_over, expected, self._folder)
        with self._database.begin() as connection:
            exclusive(connection, "dataflows")
            saving.save(connection, saved)
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

    def versions(self, actor: Actor, name: str) -> Sequence[DataflowVersion]:
        """The versions of a dataflow, the newest first; NotFoundError when it may not be seen."""
        dataflow, columns = self.get(actor, name), tables.dataflow_versions.c
        query = (
            select(columns.version, columns.saved_by, columns.saved_at, columns.comment)
            .where(columns.dataflow_id == dataflow.id)
            .order_by(columns.version.desc())
        )
        with self._database.read() as connection:
            return [DataflowVersion(**row._mapping) for row in connection.execute(query)]

    def version(self, actor: Actor, name: str, version: int) -> DataflowDefinition:
        """What a version of a dataflow was; NotFoundError when there is none, or none that may be seen."""
        dataflow, columns = self.get(actor, name), tables.dataflow_versions.c
        query = select(columns.definition).where(columns.dataflow_id == dataflow.id, columns.version == version)
        with self._database.read() as connection:
            stored = connection.scalar(query)
        if stored is None:
            raise NotFoundError(
                f"The dataflow '{name}' has no version {version}.", hint=f"Its newest version is {dataflow.version}."
            )
        return DataflowDefinition.from_json(stored)

    def remove(self, actor: Actor, name: str, *, force: bool = False) -> None:
        """Remove a dataflow: its versions, history, schedule and tables, and the roles given at them.

        What models predicted stays in the ledger, and its assets stay in the catalog as deleted, for the lineage that
        runs through them.

        Args:
            actor: who removes it.
            name: the dataflow.
            force: although other dataflows link to its entities.

        Raises:
            NotFoundError: there is no such dataflow to be seen.
            ForbiddenError: ``actor`` may not delete it.
            ConflictError: another dataflow links to its entities (``dataflow.linked``), or it is being refreshed
                (``dataflow.refreshing``).
        """
        dataflow = self.get(actor, name)
        with self._database.begin() as connection:
            exclusive(connection, "dataflows")
            require(connection, actor, Action.DATAFLOW_DELETE, dataflow.scope_id)
            removing.check_unused(connection, actor, dataflow.id, name, force=force)
            removing.remove_rows(connection, actor, dataflow.id, name, dataflow.scope_id)
        if self._folder is not None:
            self._remove_files(self._folder, name)

    def _remove_files(self, folder: Path, name: str) -> None:
        with self._database.begin() as connection:
            exclusive(connection, "dataflows")
            # Unless there is a new dataflow of this name by now: its maker moved the files aside, and it has its own.
            if connection.scalar(select(tables.dataflows.c.id).where(tables.dataflows.c.name == name)) is None:
                removing.move_aside(folder, name)
        removing.sweep(folder)


def find_dataflow(connection: Connection, dataflow_id: int) -> Dataflow | None:
    """The dataflow of an id at its current version, for what nobody asked for; None where there is none any more."""
    row = connection.execute(_listing(SYSTEM).where(tables.dataflows.c.id == dataflow_id)).one_or_none()
    return None if row is None else _dataflow(row)


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of dataflows."""
    flows, versions, users = tables.dataflows.c, tables.dataflow_versions.c, tables.users.c
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
            or_(versions.saved_by_id.is_(None), users.active.is_(True)).label("runner_active"),
        )
        .join(tables.dataflow_versions, current)
        .join(tables.collections, tables.collections.c.id == flows.collection_id)
        .outerjoin(tables.users, users.id == versions.saved_by_id)
        .where(flows.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
    )


def _dataflow(row: Row[Any]) -> Dataflow:
    definition = DataflowDefinition.from_json(row.definition)
    return Dataflow(**{**row._mapping, "definition": definition, "runner_active": bool(row.runner_active)})
