"""What a refresh would do: its rows, what of them would be scored by which versions, and about how long that takes.

The queries are evaluated into a folder that is thrown away, and every model gives null: what a query does with
predictions (a filter on a score) is not foreseen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from headwater.dataflows.publishing import StagedEntity
from headwater.dataflows.refreshing.context import ModelsWanted, Refresher, RefreshRequest, Watcher
from headwater.dataflows.refreshing.entity import EntityRun, Surroundings
from headwater.dataflows.refreshing.graph import run_in_order
from headwater.dataflows.refreshing.previous import published_before
from headwater.dataflows.rescoring import earlier_versions
from headwater.dataflows.service import Dataflow
from headwater.dataflows.staging import Previous
from headwater.dataflows.staging.columns import schema_changes
from headwater.store import tables, utc_now

__all__ = ["EntityForecast", "Forecast", "ModelChange", "foresee"]


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A function, and the version that it stood for and will stand for; ``before`` "" where it was not called."""

    function: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EntityForecast:
    """What a refresh would do to an entity.

    Attributes:
        entity: its name.
        mode: how it is refreshed.
        rows_before: the rows that are published; None: it is not.
        rows: those that its query gives now.
        rows_to_score: distinct inputs that no prediction is kept of.
        models: which versions its models stand for.
        seconds: how long scoring takes about, by the pace of earlier refreshes; None: there was none to go by.
        schema_changes: [{change: added | removed | retyped, column, before, after}].
    """

    entity: str
    mode: str
    rows_before: int | None
    rows: int
    rows_to_score: int
    models: Sequence[ModelChange]
    seconds: float | None
    schema_changes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a refresh would do, entity by entity; ``rescore`` is the policy that decides about new versions."""

    dataflow: str
    rescore: str
    entities: Sequence[EntityForecast]


def foresee(refresher: Refresher, dataflow: Dataflow, request: RefreshRequest) -> Forecast:
    """What a refresh would do now; nothing is published, scored or kept.

    Raises:
        RefreshError: a query fails already now.
    """
    policy = dataflow.definition.settings.rescore
    earlier = earlier_versions(refresher.database, dataflow.id, policy, rescore=request.rescore)
    wanted = ModelsWanted(dataflow.runner, refresher.database, earlier, counts_only=True)
    published = published_before(refresher.database, dataflow.id)
    with (
        tempfile.TemporaryDirectory(prefix="headwater-forecast-") as folder,
        closing(refresher.environment(wanted)) as models,
    ):
        around = Surroundings(
            replace(refresher, tables=Path(folder)),
            dataflow,
            replace(request, full=True),
            refresher.reach(dataflow.runner, dataflow.scope_id),
            models,
            {},
            utc_now().astimezone(ZoneInfo(dataflow.definition.settings.time_zone)),
            Event(),
            Watcher(),
            lambda _event: None,
        )
        with around.pins:
            _stage_all(around)
    with refresher.database.read() as connection:
        entities = [
            _forecast(connection, dataflow, around.done[name], published.get(name))
            for name in dataflow.definition.entities()
        ]
    return Forecast(dataflow.name, "all" if request.rescore else policy, entities)


def _stage_all(around: Surroundings) -> None:
    definition = around.dataflow.definition

    def work(name: str) -> None:
        around.done[name] = EntityRun(around, name).stage()

    def stop() -> None:
        around.stopped.set()
        around.models.cancel()

    run_in_order(
        {name: definition.dependencies(name) for name in definition.entities()},
        work,
        parallel=definition.settings.limits.parallel,
        check=lambda: None,
        stop=stop,
    )


def _forecast(
    connection: Connection, dataflow: Dataflow, staged: StagedEntity, published: Previous | None
) -> EntityForecast:
    done = staged.summary
    before = _versions_before(connection, dataflow.id, done.entity)
    changes = () if published is None else schema_changes(published.columns, staged.staged.schema.columns)
    return EntityForecast(
        done.entity,
        done.mode,
        None if published is None else published.rows,
        done.rows_written,
        done.rows_scored,
        [ModelChange(name, before.get(name, ""), version) for name, version in sorted(done.model_versions.items())],
        _seconds(connection, dataflow.id, done.entity, done.rows_scored),
        changes,
    )


def _versions_before(connection: Connection, dataflow_id: int, entity: str) -> Mapping[str, str]:
    """The versions that the last refresh of an entity called."""
    refreshes, entities = tables.refreshes.c, tables.refresh_entities.c
    found: Mapping[str, str] | None = connection.scalar(
        select(entities.model_versions)
        .join(tables.refreshes, refreshes.id == entities.refresh_id)
        .where(refreshes.dataflow_id == dataflow_id, refreshes.status == "succeeded", entities.entity == entity)
        .order_by(refreshes.started_at.desc())
        .limit(1)
    )
    return found or {}


def _seconds(connection: Connection, dataflow_id: int, entity: str, rows: int) -> float | None:
    """About how long so many rows take, by what earlier refreshes of the entity scored in which time."""
    if not rows:
        return 0.0
    refreshes, entities = tables.refreshes.c, tables.refresh_entities.c
    scored, seconds = connection.execute(
        select(func.sum(entities.rows_scored), func.sum(entities.seconds))
        .join(tables.refreshes, refreshes.id == entities.refresh_id)
        .where(refreshes.dataflow_id == dataflow_id, entities.entity == entity, entities.rows_scored > 0)
    ).one()
    return None if not scored or not seconds else round(rows * float(seconds) / float(scored), 3)
