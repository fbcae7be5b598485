"""The record of refreshes: written before one starts, closed however it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, and_, delete, func, insert, null, or_, select, update

from headwater.access import Action, Actor, allowed_to
from headwater.access.policies import Restriction
from headwater.catalog import LineageRecord
from headwater.dataflows.restricted import restriction_of
from headwater.dataflows.service import Dataflow
from headwater.errors import HeadwaterError, NotFoundError
from headwater.store import Database, tables, utc_now


@dataclass(frozen=True, slots=True)
class EntitySummary:
    """What a refresh did to one entity; ``delta_version`` is None where it was not published, ``rows_read`` where
    nobody knows.
    """

    entity: str
    rows_written: int
    rows_scored: int
    rows_reused: int
    errors: int
    bytes: int
    seconds: float
    delta_version: int | None = None
    model_versions: Mapping[str, str] = field(default_factory=dict)
    rows_read: int | None = 0
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
class CellError:
    """An error cell: its column, the number of its row in what the query gave, and what M said of it.

    ``key`` has the row's key columns, where the entity has a key. ``key`` and ``message`` hold values of rows: they are
    None for whoever may not read the table, and after the days that they are kept.
    """

    column: str
    row: int
    reason: str
    message: str | None = None
    key: Mapping[str, Any] | None = None


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
    requested_by: str = ""
    definition_version: int | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class StartedRefresh:
    """A refresh that has just begun, for whoever is told of it."""

    id: str
    dataflow: Dataflow
    trigger: str
    started_at: datetime


OnStarted: TypeAlias = Callable[[Connection, StartedRefresh], None]
"""Called in the transaction in which a refresh begins, once however often it is taken up; as :data:`OnEnded`."""


@dataclass(frozen=True, slots=True)
class EndedRefresh:
    """A refresh at its end, for whoever is told of it; ``lineage`` is what it published, nothing of one that failed."""

    id: str
    dataflow: Dataflow
    status: str
    trigger: str
    error: Mapping[str, Any] | None
    started_at: datetime
    ended_at: datetime
    entities: Sequence[EntitySummary]
    lineage: Sequence[LineageRecord]


OnEnded: TypeAlias = Callable[[Connection, EndedRefresh], None]
"""Called in the transaction that ends a refresh: it may write rows and add jobs, and sends nothing itself."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of a refresh when it begins."""

    id: str
    dataflow_id: int
    trigger: str
    requested_by: str
    definition_version: int | None
    full: bool


def begin(connection: Connection, beginning: Beginning) -> datetime | None:
    """Write the row of a refresh that begins; of one that begins again after a crash, take back what it had noted.

    Returns the moment at which it begins; None where it had begun before.
    """
    refreshes, entities = tables.refreshes, tables.refresh_entities
    known = connection.scalar(select(refreshes.c.status).where(refreshes.c.id == beginning.id))
    if known is None:
        now = utc_now()
        values = {**asdict(beginning), "status": "running", "started_at": now}
        connection.execute(insert(refreshes).values(values))
        return now
    connection.execute(delete(entities).where(entities.c.refresh_id == beginning.id))
    again = update(refreshes).where(refreshes.c.id == beginning.id, refreshes.c.status == "running")
    connection.execute(again.values(definition_version=beginning.definition_version))
    return None


def status_of(connection: Connection, identifier: str) -> str | None:
    """How a refresh stands; None where it has not begun."""
    status: str | None = connection.scalar(select(tables.refreshes.c.status).where(tables.refreshes.c.id == identifier))
    return status


def close(connection: Connection, identifier: str, status: str, error: HeadwaterError | None = None) -> None:
    """Write how a refresh ended, unless it is on record already; what has been written before stands."""
    connection.execute(
        update(tables.refreshes)
        .where(tables.refreshes.c.id == identifier, tables.refreshes.c.status == "running")
        .values(status=status, ended_at=utc_now(), error=None if error is None else error.to_dict())
    )


def ended_at(database: Database, refresh_id: str) -> datetime | None:
    """When a refresh ended; None where it has not, or there is none."""
    with database.read() as connection:
        refreshes = tables.refreshes.c
        moment: datetime | None = connection.scalar(select(refreshes.ended_at).where(refreshes.id == refresh_id))
        return moment


def published(connection: Connection, identifier: str) -> None:
    """Write that a refresh has published its tables: it succeeded, whatever became of the process that ran it."""
    refreshes = tables.refreshes
    connection.execute(
        update(refreshes)
        .where(refreshes.c.id == identifier)
        .values(status="succeeded", error=None, ended_at=func.coalesce(refreshes.c.ended_at, utc_now()))
    )


def record_entity(
    connection: Connection, identifier: str, summary: EntitySummary, errors: Sequence[CellError] = ()
) -> None:
    """Write what a refresh did to an entity, with the first of its error cells."""
    row = {"refresh_id": identifier, "entity": summary.entity}
    entities = tables.refresh_entities
    connection.execute(delete(entities).filter_by(**row))
    connection.execute(insert(entities).values(refresh_id=identifier, **asdict(summary)))
    if errors:
        numbered = [{**row, "number": number, **asdict(error)} for number, error in enumerate(errors, start=1)]
        connection.execute(insert(tables.refresh_errors), numbered)


def record_version(connection: Connection, identifier: str, entity: str, version: int) -> None:
    """Write as which Delta version an entity was published."""
    entities = tables.refresh_entities
    this = update(entities).where(entities.c.refresh_id == identifier, entities.c.entity == entity)
    connection.execute(this.values(delta_version=version))


def entity_rows(connection: Connection, refresh_id: str) -> Sequence[EntitySummary]:
    """What a refresh did, entity by entity, whoever asks."""
    columns = tables.refresh_entities.c
    query = select(*(columns[f.name] for f in fields(EntitySummary))).where(columns.refresh_id == refresh_id)
    return [EntitySummary(**row._mapping) for row in connection.execute(query.order_by(columns.entity))]


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
            refreshes.requested_by,
            refreshes.definition_version,
            refreshes.full,
            func.coalesce(sums.c.rows_written, 0).label("rows_written"),
            func.coalesce(sums.c.rows_scored, 0).label("rows_scored"),
        )
        .join(tables.dataflows, tables.dataflows.c.id == refreshes.dataflow_id)
        .outerjoin(sums, sums.c.refresh_id == refreshes.id)
        .where(tables.dataflows.c.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
        .order_by(refreshes.started_at.desc(), refreshes.id.desc())
    )


def latest(
    database: Database, actor: Actor, dataflow: str | None = None, limit: int = 50, after: str | None = None
) -> Sequence[RefreshSummary]:
    """The newest refreshes first, of one dataflow or of all that may be seen; ``after``: those older than that one."""
    query, refreshes = _listing(actor).limit(limit), tables.refreshes.c
    if dataflow is not None:
        query = query.where(tables.dataflows.c.name == dataflow)
    if after is not None:
        last = select(refreshes.started_at).where(refreshes.id == after).scalar_subquery()
        query = query.where(or_(refreshes.started_at < last, and_(refreshes.started_at == last, refreshes.id < after)))
    with database.read() as connection:
        return [RefreshSummary(**row._mapping) for row in connection.execute(query)]


def get(database: Database, actor: Actor, refresh_id: str) -> RefreshSummary:
    """One refresh; NotFoundError where there is none of this id to be seen."""
    with database.read() as connection:
        row = connection.execute(_listing(actor).where(tables.refreshes.c.id == refresh_id)).one_or_none()
    if row is None:
        raise no_refresh()
    return RefreshSummary(**row._mapping)


def no_refresh() -> NotFoundError:
    """The error of whoever asks for a refresh that is not there to be seen."""
    return NotFoundError("There is no such refresh.", hint="List the refreshes of the dataflow.")


def entities(database: Database, actor: Actor, refresh_id: str) -> Sequence[EntitySummary]:
    """What a refresh did, entity by entity; nothing where it may not be seen."""
    seen = _listing(actor).where(tables.refreshes.c.id == refresh_id).order_by(None).exists()
    with database.read() as connection:
        return entity_rows(connection, refresh_id) if connection.scalar(select(seen)) else []


def errors(database: Database, actor: Actor, refresh_id: str) -> Mapping[str, Sequence[CellError]]:
    """The first error cells of a refresh by entity; keys and messages only of tables that ``actor`` may read.

    Raises:
        NotFoundError: there is no such refresh to be seen.
    """
    get(database, actor, refresh_id)
    cells = tables.refresh_errors.c
    query = select(cells.entity, *(cells[f.name] for f in fields(CellError))).where(cells.refresh_id == refresh_id)
    found: dict[str, list[CellError]] = {}
    with database.read() as connection:
        readable = _readable(connection, actor, refresh_id)
        for entity, *values in connection.execute(query.order_by(cells.entity, cells.number)):
            error = CellError(**dict(zip((f.name for f in fields(CellError)), values, strict=True)))
            shown = _told(error, readable.get(entity))
            found.setdefault(entity, []).append(shown)
    return found


def _readable(connection: Connection, actor: Actor, refresh_id: str) -> Mapping[str, Restriction]:
    """The entities of a refresh whose tables may be read, as they are published or by the dataflow's own rights, with
    what policies keep back of each.
    """
    table, refreshes, flows = tables.published_tables.c, tables.refreshes.c, tables.dataflows.c
    seen = allowed_to(actor, Action.TABLE_READ)
    published_now = (
        select(table.entity, table.scope_id, flows.name)
        .join(tables.refreshes, refreshes.dataflow_id == table.dataflow_id)
        .join(tables.dataflows, flows.id == table.dataflow_id)
        .where(refreshes.id == refresh_id, table.scope_id.in_(seen))
    )
    whole = (
        select(tables.refresh_entities.c.entity, flows.scope_id, flows.name)
        .join(tables.refreshes, refreshes.id == tables.refresh_entities.c.refresh_id)
        .join(tables.dataflows, flows.id == refreshes.dataflow_id)
        .where(refreshes.id == refresh_id, flows.scope_id.in_(seen))
        .where(tables.refresh_entities.c.entity.not_in(_all_published(refresh_id)))
    )
    found = connection.execute(published_now.union(whole)).all()
    return {row.entity: restriction_of(connection, actor, row.name, row.entity, row.scope_id) for row in found}


def _told(error: CellError, restriction: Restriction | None) -> CellError:
    """An error cell as somebody may see it; ``restriction`` None: they may not read the table.

    What M says of a cell can quote the others of its row, so it is kept back where any column is.
    """
    if restriction is None or restriction.everything:
        return replace(error, message=None, key=None)
    if not restriction.hidden:
        return error
    key = None if error.key is None else {name: error.key[name] for name in restriction.readable(error.key)}
    return replace(error, message=None, key=key)


def _all_published(refresh_id: str) -> Select[Any]:
    table, refreshes = tables.published_tables.c, tables.refreshes.c
    return (
        select(table.entity)
        .join(tables.refreshes, refreshes.dataflow_id == table.dataflow_id)
        .where(refreshes.id == refresh_id)
    )


def forget_values(connection: Connection, before: datetime) -> int:
    """Empty keys and messages of the error cells of refreshes that began before a moment; returns how many cells."""
    old = select(tables.refreshes.c.id).where(tables.refreshes.c.started_at < before)
    cells = tables.refresh_errors.c
    emptied = connection.execute(
        update(tables.refresh_errors)
        .where(cells.refresh_id.in_(old), or_(cells.message.is_not(None), cells.key.is_not(None)))
        .values(message=None, key=null())
    )
    return emptied.rowcount
