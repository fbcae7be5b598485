"""Publishing: all entities of a refresh, or none.

The files of every entity are staged first. One row, the publish intent, then says which staged files belong together;
from there on there is no way back, only forward: the Delta logs are committed one after another, and one transaction
moves the pointer that Headwater's own readers follow. A process that dies in between leaves the intent, and
:func:`roll_forward` finishes it. Whoever reads a Delta path itself sees one table after another change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.access import ScopeKind, add_scopes, remove_scope
from headwater.dataflows import history
from headwater.dataflows.history import EntitySummary
from headwater.store import Database, tables, utc_now
from headwater.tables import PublishedSchema, Staged, commit


@dataclass(frozen=True, slots=True)
class StagedEntity:
    """An entity whose files are written and not yet visible; ``state`` is for the refresh after this one."""

    summary: EntitySummary
    path: Path
    staged: Staged
    state: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the publish intent."""
        return {
            "summary": asdict(self.summary),
            "path": str(self.path),
            "staged": self.staged.to_json(),
            "state": dict(self.state),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> StagedEntity:
        """What :meth:`to_json` wrote."""
        summary = EntitySummary(**stored["summary"])
        return cls(summary, Path(stored["path"]), Staged.from_json(stored["staged"]), stored["state"])


def publish(
    database: Database, dataflow_id: int, refresh_id: str, entities: Sequence[StagedEntity]
) -> Mapping[str, int]:
    """Make the staged entities visible together; returns each one's Delta version."""
    with database.begin() as connection:
        connection.execute(
            insert(tables.publish_intents).values(
                refresh_id=refresh_id,
                created_at=utc_now(),
                payload={"entities": [entity.to_json() for entity in entities]},
                state="pending",
            )
        )
    return _finish(database, dataflow_id, refresh_id, entities)


def roll_forward(database: Database, dataflow_id: int) -> None:
    """Finish what a process that died had begun to publish; the caller holds the dataflow's lock."""
    intents, refreshes = tables.publish_intents.c, tables.refreshes.c
    query = (
        select(intents.refresh_id, intents.payload)
        .join(tables.refreshes, refreshes.id == intents.refresh_id)
        .where(intents.state == "pending", refreshes.dataflow_id == dataflow_id)
        .order_by(intents.created_at)
    )
    with database.read() as connection:
        pending = connection.execute(query).all()
    for row in pending:
        entities = [StagedEntity.from_json(stored) for stored in row.payload["entities"]]
        _finish(database, dataflow_id, row.refresh_id, entities)


def _finish(
    database: Database, dataflow_id: int, refresh_id: str, entities: Sequence[StagedEntity]
) -> Mapping[str, int]:
    versions = {e.summary.entity: commit(e.path, e.staged, transaction=refresh_id) for e in entities}
    published = tables.published_tables.c
    with database.begin() as connection:
        connection.execute(delete(tables.published_tables).where(published.dataflow_id == dataflow_id))
        scopes = _table_scopes(connection, dataflow_id, list(versions))
        for entity in entities:
            place = (scopes[entity.summary.entity], versions[entity.summary.entity])
            _point_to(connection, dataflow_id, refresh_id, entity, place)
        connection.execute(
            update(tables.publish_intents).where(tables.publish_intents.c.refresh_id == refresh_id).values(state="done")
        )
        history.close(connection, refresh_id, "succeeded")
    return versions


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
        connection.execute(update(tables.assets).where(gone).values(scope_id=dataflow))
        remove_scope(connection, known[name])
    new = [name for name in names if name not in known]
    return known | add_scopes(connection, ScopeKind.PUBLISHED_TABLE, new, dataflow)


def _listed(schema: PublishedSchema) -> list[dict[str, Any]]:
    """The columns as a reader is told of them."""
    return [{"name": c.name, "type": c.type.kind.value, "nullable": c.type.nullable} for c in schema.columns]


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
            schema=_listed(entity.staged.schema),
            refresh_id=refresh_id,
            published_at=utc_now(),
            state=dict(entity.state),
            scope_id=scope_id,
        )
    )
    history.record_entity(connection, refresh_id, replace(entity.summary, delta_version=version))
