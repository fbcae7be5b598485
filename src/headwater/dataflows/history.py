"""The record of refreshes: written before one starts, closed however it ends."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from headwater.access import Action, Actor, allowed_to
from headwater.errors import HeadwaterError
from headwater.store import Database, tables, utc_now


@dataclass(frozen=True, slots=True)
class EntitySummary:
    """What a refresh did to one entity; ``delta_version`` is None where it was not published."""

    entity: str
    rows_written: int
    rows_scored: int
    rows_reused: int
    errors: int
    bytes: int
    seconds: float
    delta_version: int | None = None
    model_versions: Mapping[str, str] = field(default_factory=dict)
    rows_read: int = 0
    rows_skipped: int = 0
    rows_inserted: int | None = None
    rows_updated: int | None = None
    rows_deleted: int | None = None
    reuse: Mapping[str, str] = field(default_factory=dict)
    mode: str = "full"
    engine: str = ""
    schema_changes: Sequence[Mapping[str, Any]] = ()
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RefreshSummary:
    """One refresh. ``error`` is {code, message, where, hint} of one that failed."""

    id: str
    dataflow: str
    status: str
    trigger: str
    started_at: datetime
    ended_at: datetime | None
    error: Mapping[str, Any] | None
    rows_written: int
    rows_scored: int


def start(database: Database, dataflow_id: int, trigger: str) -> str:
    """Write the row of a refresh that begins now, closing those whose process died; returns its id.

    The caller holds the dataflow's lock, so that a row that still says "running" belongs to nobody.
    """
    identifier = str(uuid.uuid4())
    died = {"code": "refresh.died", "message": "The process ended before the refresh did.", "where": "", "hint": ""}
    refreshes = tables.refreshes.c
    with database.begin() as connection:
        connection.execute(
            update(tables.refreshes)
            .where(refreshes.dataflow_id == dataflow_id, refreshes.status == "running")
            .values(status="failed", ended_at=utc_now(), error=died)
        )
        connection.execute(
            insert(tables.refreshes).values(
                id=identifier, dataflow_id=dataflow_id, status="running", trigger=trigger, started_at=utc_now()
            )
        )
    return identifier


def close(connection: Connection, identifier: str, status: str, error: HeadwaterError | None = None) -> None:
    """Write how a refresh ended; what has been written before stands."""
    connection.execute(
        update(tables.refreshes)
        .where(tables.refreshes.c.id == identifier, tables.refreshes.c.status == "running")
        .values(status=status, ended_at=utc_now(), error=None if error is None else error.to_dict())
    )


def record_entity(connection: Connection, identifier: str, summary: EntitySummary) -> None:
    """Write what a refresh did to an entity."""
    connection.execute(insert(tables.refresh_entities).values(refresh_id=identifier, **asdict(summary)))


def rows_before(database: Database, dataflow_id: int, entity: str) -> int | None:
    """The rows that an entity had after its last refresh: about as many as it will have. None: there was none."""
    refreshes, written = tables.refreshes.c, tables.refresh_entities.c
    query = (
        select(written.rows_written)
        .join(tables.refreshes, refreshes.id == written.refresh_id)
        .where(refreshes.dataflow_id == dataflow_id, refreshes.status == "succeeded", written.entity == entity)
        .order_by(refreshes.started_at.desc())
        .limit(1)
    )
    with database.read() as connection:
        found: int | None = connection.scalar(query)
    return found


def _listing(actor: Actor) -> Select[Any]:
    """The one query behind every listing of refreshes."""
    refreshes, entities = tables.refreshes.c, tables.refresh_entities.c
    sums = (
        select(
            entities.refresh_id,
            func.sum(entities.rows_written).label("rows_written"),
            func.sum(entities.rows_scored).label("rows_scored"),
        )
        .group_by(entities.refresh_id)
        .subquery()
    )
    return (
        select(
            refreshes.id,
            tables.dataflows.c.name.label("dataflow"),
            refreshes.status,
            refreshes.trigger,
            refreshes.started_at,
            refreshes.ended_at,
            refreshes.error,
            func.coalesce(sums.c.rows_written, 0).label("rows_written"),
            func.coalesce(sums.c.rows_scored, 0).label("rows_scored"),
        )
        .join(tables.dataflows, tables.dataflows.c.id == refreshes.dataflow_id)
        .outerjoin(sums, sums.c.refresh_id == refreshes.id)
        .where(tables.dataflows.c.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
        .order_by(refreshes.started_at.desc())
    )


def latest(database: Database, actor: Actor, dataflow: str | None = None, limit: int = 50) -> Sequence[RefreshSummary]:
    """The newest refreshes first, of one dataflow or of all that may be seen."""
    query = _listing(actor).limit(limit)
    if dataflow is not None:
        query = query.where(tables.dataflows.c.name == dataflow)
    with database.read() as connection:
        return [RefreshSummary(**row._mapping) for row in connection.execute(query)]


def entities(database: Database, actor: Actor, refresh_id: str) -> Sequence[EntitySummary]:
    """What a refresh did, entity by entity; nothing where it may not be seen."""
    columns = tables.refresh_entities.c
    seen = _listing(actor).where(tables.refreshes.c.id == refresh_id).order_by(None).exists()
    query = select(*(columns[f.name] for f in fields(EntitySummary))).where(columns.refresh_id == refresh_id, seen)
    with database.read() as connection:
        return [EntitySummary(**row._mapping) for row in connection.execute(query.order_by(columns.entity))]
