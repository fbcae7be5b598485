"""Publishing: all entities of a refresh, or none.

The files of every entity are staged first. One row, the publish intent, then says which staged files belong together;
from there on there is no way back, only forward: the Delta logs are committed one after another, and one transaction
moves the pointer that Headwater's own readers follow. A process that dies in between leaves the intent, and
:func:`roll_forward` finishes it. Whoever reads a Delta path itself sees one table after another change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater import moments
from headwater.access import ScopeKind, add_scopes, remove_scope
from headwater.catalog import LineageRecord, record_process
from headwater.dataflows import history
from headwater.dataflows.history import CellError, EntitySummary
from headwater.dataflows.lineage_json import lineage_from_json, lineage_to_json, with_table_scope
from headwater.dataflows.published import listed_columns
from headwater.errors import TableError
from headwater.jobs.lease import Lease
from headwater.store import Database, tables, utc_now
from headwater.store.changes import next_change
from headwater.tables import Staged, commit

_HINT = (
    "See that the disk has room and that the folder can be written to. What was published before is still read, and the"
    " next refresh publishes this before it begins."
)


@dataclass(frozen=True, slots=True)
class StagedEntity:
    """An entity whose files are written and not yet visible.

    Attributes:
        summary: for the history.
        path: the folder of its table.
        staged: its files.
        state: for the refresh after this one.
        lineage: what it is made of.
        errors: the first of its error cells; they hold values of rows, and no intent keeps them.
    """

    summary: EntitySummary
    path: Path
    staged: Staged
    state: Mapping[str, Any] = field(default_factory=dict)
    lineage: LineageRecord | None = None
    errors: Sequence[CellError] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the publish intent."""
        return {
            "summary": asdict(self.summary),
            "path": str(self.path),
            "staged": self.staged.to_json(),
            "state": dict(self.state),
            "lineage": None if self.lineage is None else lineage_to_json(self.lineage),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> StagedEntity:
        """What :meth:`to_json` wrote."""
        lineage = stored["lineage"]
        return cls(
            EntitySummary(**stored["summary"]),
            Path(stored["path"]),
            Staged.from_json(stored["staged"]),
            stored["state"],
            None if lineage is None else lineage_from_json(lineage),
        )


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes a dataflow's refreshes under the lease of the job that does so.

    Args:
        database: the metadata database.
        lease: what is written is written under it, so that a worker that lost it changes nothing.
        dataflow_id: of the dataflow.
    """

    database: Database
    lease: Lease
    dataflow_id: int

    def publish(self, refresh_id: str, entities: Sequence[StagedEntity]) -> Mapping[str, int]:
        """Make the staged entities visible together; returns each one's Delta version.

        Raises:
            LeaseLostError: another worker has the job; it finishes what this one began.
            TableError: a log cannot be written. What is decided stays so, and the next refresh finishes it.
        """
        self.decide(refresh_id, entities)
        return self.finish(refresh_id, entities)

    def decide(self, refresh_id: str, entities: Sequence[StagedEntity]) -> None:
        """Write the intent: from here on there is no way back."""
        moments.reached("refresh.before_intent")
        with self.lease.begin() as connection:
            self.lease.advanced(connection)
            for entity in entities:
                history.record_entity(connection, refresh_id, entity.summary, entity.errors)
            connection.execute(
                insert(tables.publish_intents).values(
                    refresh_id=refresh_id,
                    created_at=utc_now(),
                    payload={"entities": [entity.to_json() for entity in entities]},
                    state="pending",
                )
            )
        moments.reached("refresh.after_intent")

    def roll_forward(self) -> Sequence[str]:
        """Finish what workers that died had begun to publish; returns the refreshes that have succeeded by it."""
        intents, refreshes = tables.publish_intents.c, tables.refreshes.c
        query = (
            select(intents.refresh_id, intents.payload)
            .join(tables.refreshes, refreshes.id == intents.refresh_id)
            .where(intents.state == "pending", refreshes.dataflow_id == self.dataflow_id)
            .order_by(intents.created_at)
        )
        with self.database.read() as connection:
            pending = connection.execute(query).all()
        for row in pending:
            self.finish(row.refresh_id, _staged(row.payload))
        return [row.refresh_id for row in pending]

    def finish(self, refresh_id: str, entities: Sequence[StagedEntity]) -> Mapping[str, int]:
        """From an intent to tables that are published; may be repeated."""
        versions = {entity.summary.entity: self._commit(refresh_id, entity) for entity in entities}
        moments.reached("refresh.before_pointer")
        published = tables.published_tables.c
        with self.lease.begin() as connection:
            connection.execute(delete(tables.published_tables).where(published.dataflow_id == self.dataflow_id))
            scopes = _table_scopes(connection, self.dataflow_id, list(versions))
            for entity in entities:
                place = (scopes[entity.summary.entity], versions[entity.summary.entity])
                _point_to(connection, self.dataflow_id, refresh_id, entity, place)
            done = update(tables.publish_intents).where(tables.publish_intents.c.refresh_id == refresh_id)
            connection.execute(done.values(state="done"))
            history.published(connection, refresh_id)
        moments.reached("refresh.after_pointer")
        self._tell_catalog(refresh_id, entities)
        return versions

    def _commit(self, refresh_id: str, entity: StagedEntity) -> int:
        self.lease.check()
        try:
            version = commit(entity.path, entity.staged, transaction=refresh_id)
        except TableError as error:
            error.hint = error.hint or _HINT
            raise
        moments.reached("refresh.committed")
        return version

    def tell_catalog(self, refresh_id: str) -> None:
        """Write the lineage of what a refresh has published, which a worker that died may not have come to."""
        with self.database.read() as connection:
            self._tell_catalog(refresh_id, _intended(connection, refresh_id))

    def _tell_catalog(self, refresh_id: str, entities: Sequence[StagedEntity]) -> None:
        scopes = table_scopes(self.database, self.dataflow_id)
        at = history.ended_at(self.database, refresh_id)
        for entity in entities:
            if entity.lineage is not None and entity.summary.entity in scopes:
                self.lease.check()
                record_process(self.database, with_table_scope(entity.lineage, scopes[entity.summary.entity]), at=at)


def published_lineage(connection: Connection, refresh_id: str) -> Sequence[LineageRecord]:
    """The lineage of what a refresh has published, entity by entity; nothing of one that published nothing."""
    return [entity.lineage for entity in _intended(connection, refresh_id) if entity.lineage is not None]


def _intended(connection: Connection, refresh_id: str) -> Sequence[StagedEntity]:
    payload = connection.scalar(
        select(tables.publish_intents.c.payload).where(tables.publish_intents.c.refresh_id == refresh_id)
    )
    return [] if payload is None else _staged(payload)


def _staged(payload: Mapping[str, Any]) -> Sequence[StagedEntity]:
    return [StagedEntity.from_json(stored) for stored in payload["entities"]]


def table_scopes(database: Database, dataflow_id: int) -> Mapping[str, int]:
    """The scopes of a dataflow's published tables, by entity."""
    published = tables.published_tables.c
    query = select(published.entity, published.scope_id).where(published.dataflow_id == dataflow_id)
    with database.read() as connection:
        return {row.entity: row.scope_id for row in connection.execute(query)}


def _table_scopes(connection: Connection, dataflow_id: int, names: Sequence[str]) -> Mapping[str, int]:
    """The scope of each table, made for new ones; those of tables that are no more go, with who could read them."""
    flow = select(tables.dataflows.c.scope_id).where(tables.dataflows.c.id == dataflow_id)
    dataflow: int = connection.execute(flow).scalar_one()
    scope = tables.scopes.c
    below = select(scope.name, scope.id).where(
        scope.parent_id == dataflow, scope.kind == ScopeKind.PUBLISHED_TABLE.value
    )
    known = {row.name: row.id for row in connection.execute(below)}
    for name in known.keys() - set(names):
        gone = tables.assets.c.scope_id == known[name]
        moved = {"scope_id": dataflow, "change": next_change(connection)}
        connection.execute(update(tables.assets).where(gone).values(moved))
        remove_scope(connection, known[name])
    new = [name for name in names if name not in known]
    return known | add_scopes(connection, ScopeKind.PUBLISHED_TABLE, new, dataflow)


def _point_to(
    connection: Connection, dataflow_id: int, refresh_id: str, entity: StagedEntity, place: tuple[int, int]
) -> None:
    """Publish an entity; ``place`` is its scope and its Delta version."""
    scope_id, version = place
    name = entity.summary.entity
    connection.execute(
        insert(tables.published_tables).values(
            dataflow_id=dataflow_id,
            entity=name,
            path=str(entity.path),
            delta_version=version,
            rows=entity.summary.rows_written,
            schema=listed_columns(entity.staged.schema),
            refresh_id=refresh_id,
            published_at=utc_now(),
            state=dict(entity.state),
            scope_id=scope_id,
        )
    )
    history.record_version(connection, refresh_id, name, version)
