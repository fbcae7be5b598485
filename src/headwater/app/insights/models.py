"""Models by use: what they feed, what they scored, when they were called last; and those that nobody touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from headwater.access import Action, Actor, allowed_to
from headwater.app.insights.counting import readable_assets
from headwater.catalog.seeing import may_read
from headwater.store import tables, utc_now

__all__ = ["ModelUse", "ScoringDay", "model_use", "scoring"]

_asset, _edge, _use, _link = tables.assets.c, tables.flow_edges.c, tables.model_use.c, tables.relationships.c
_VERSION, _QUERY, _TABLE = "ml_model_version", "dataflow_query", "dataflow_table"


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model, or a deployed one, and its use.

    Attributes:
        guid: of its asset.
        source: the registered source that has it; "" where that is gone.
        model: its name there.
        type_name: ``ml_model`` or ``ml_endpoint``.
        versions: how many versions there are, of a model.
        newest_at: when its newest version was registered, where the workspace says it.
        tables: how many published tables are computed with it.
        rows: inputs that were sent to it, since the day that was asked for; so it is with those below.
        reused: rows whose prediction was known already.
        calls: how often it was asked.
        cpu_seconds: CPU time that it took here.
        last_use: when it was called last, whenever that was; None: never, as far as is recorded.
        is_stale: no new version, and no use, for so many days as were asked for.
    """

    guid: str
    source: str
    model: str
    type_name: str
    versions: int
    newest_at: datetime | None
    tables: int
    rows: int
    reused: int
    calls: int
    cpu_seconds: float
    last_use: datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class ScoringDay:
    """What one day's calls of a model's version came to; ``dataflow`` "": calls that no dataflow made."""

    day: str
    source: str
    model: str
    version: str
    dataflow: str
    rows: int
    reused: int
    failed: int
    calls: int
    seconds: float
    cpu_seconds: float


def seen_use(actor: Actor) -> Any:
    """The use that whoever asks may know of: of models that they may see, by dataflows that they may see."""
    by = or_(_use.dataflow == "", _use.dataflow_scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
    return and_(_use.scope_id.in_(allowed_to(actor, Action.MODEL_READ)), by)


def scoring(connection: Connection, actor: Actor, since: str) -> Sequence[ScoringDay]:
    """The use since a day, the newest first."""
    columns = [_use[name] for name in ScoringDay.__dataclass_fields__]
    order = (_use.day.desc(), _use.source, _use.model, _use.version, _use.dataflow)
    query = select(*columns).where(_use.day >= since, seen_use(actor)).order_by(*order)
    return [ScoringDay(*row) for row in connection.execute(query)]


def model_use(connection: Connection, actor: Actor, *, since: str, stale_days: int) -> Sequence[ModelUse]:
    """Every model that may be seen, the most used first."""
    source = tables.sources.c
    query = (
        select(_asset.id, _asset.guid, source.name, _asset.display_name, _asset.type_name, _asset.created_at)
        .join_from(tables.assets, tables.sources, source.id == _asset.source_id, isouter=True)
        .where(readable_assets(actor), _asset.type_name.in_(("ml_model", "ml_endpoint")))
        .order_by(source.name, _asset.display_name, _asset.id)
    )
    versions, fed = _versions(connection, actor), _fed(connection, actor)
    used, last = _used(connection, actor, since), _last(connection, actor)
    found = []
    for row in connection.execute(query):
        count, newest = versions.get(row.id, (0, None))
        key = (row.name or "", row.display_name)
        rows, reused, calls, cpu = used.get(key, (0, 0, 0, 0.0))
        use = ModelUse(
            guid=row.guid,
            source=key[0],
            model=key[1],
            type_name=row.type_name,
            versions=count,
            newest_at=newest,
            tables=fed.get(row.id, 0),
            rows=rows,
            reused=reused,
            calls=calls,
            cpu_seconds=cpu,
            last_use=last.get(key),
            is_stale=_is_stale(newest or row.created_at, last.get(key), stale_days),
        )
        found.append(use)
    return sorted(found, key=lambda each: (-each.rows - each.reused, each.source, each.model))


def _is_stale(newest: datetime, last_use: datetime | None, stale_days: int) -> bool:
    limit = utc_now() - timedelta(days=stale_days)
    return newest < limit and (last_use is None or last_use < limit)


def _versions(connection: Connection, actor: Actor) -> Mapping[int, tuple[int, datetime | None]]:
    """How many versions each model has, and when the newest was registered."""
    registered = func.max(_asset.attributes["registered_at"].as_string())
    query = (
        select(_link.end1_id, func.count(), registered)
        .join(tables.assets, _asset.id == _link.end2_id)
        .where(_asset.type_name == _VERSION, _asset.status == "active", may_read(actor))
        .group_by(_link.end1_id)
    )
    return {row[0]: (row[1], _moment(row[2])) for row in connection.execute(query)}


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        # What another tool wrote there.
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def _fed(connection: Connection, actor: Actor) -> Mapping[int, int]:
    """How many published tables each model, or deployed one, is used for."""
    called, table, inward, outward = (
        tables.assets.alias("called"),
        tables.assets.alias("fed_table"),
        tables.flow_edges.alias("into_query"),
        tables.flow_edges.alias("out_of_query"),
    )
    pairs: Select[Any] = (
        select(called.c.id, called.c.type_name, table.c.id.label("table_id"))
        .select_from(inward)
        .join(called, called.c.id == inward.c.source_id)
        .join(tables.assets, and_(_asset.id == inward.c.target_id, _asset.type_name == _QUERY))
        .join(outward, outward.c.source_id == inward.c.target_id)
        .join(table, and_(table.c.id == outward.c.target_id, table.c.type_name == _TABLE, table.c.status == "active"))
        .where(called.c.type_name.in_((_VERSION, "ml_endpoint")))
        .where(may_read(actor, called.c), may_read(actor), may_read(actor, table.c))
        .distinct()
    )
    holder = {row.end2_id: row.end1_id for row in connection.execute(_holders())}
    found: dict[int, set[int]] = {}
    for row in connection.execute(pairs):
        found.setdefault(holder.get(row.id, row.id), set()).add(row.table_id)
    return {number: len(fed) for number, fed in found.items()}


def _holders() -> Select[Any]:
    version = select(_asset.id).where(_asset.type_name == _VERSION)
    return select(_link.end1_id, _link.end2_id).where(_link.end2_id.in_(version))


def _used(connection: Connection, actor: Actor, since: str) -> Mapping[tuple[str, str], tuple[int, int, int, float]]:
    sums = [func.sum(column) for column in (_use.rows, _use.reused, _use.calls, _use.cpu_seconds)]
    query = select(_use.source, _use.model, *sums).where(_use.day >= since, seen_use(actor))
    rows = connection.execute(query.group_by(_use.source, _use.model))
    return {(row[0], row[1]): (int(row[2]), int(row[3]), int(row[4]), float(row[5])) for row in rows}


def _last(connection: Connection, actor: Actor) -> Mapping[tuple[str, str], datetime]:
    query = select(_use.source, _use.model, func.max(_use.last_at)).where(seen_use(actor))
    return {(row[0], row[1]): row[2] for row in connection.execute(query.group_by(_use.source, _use.model))}
