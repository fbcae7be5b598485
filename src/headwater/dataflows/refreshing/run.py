"""One refresh under its lease: roll forward, stage every entity, publish all of them together."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from zoneinfo import ZoneInfo

from sqlalchemy import select

from headwater import moments
from headwater.dataflows import history
from headwater.dataflows.history import Beginning, EntitySummary, StartedRefresh
from headwater.dataflows.publishing import Publisher, StagedEntity
from headwater.dataflows.refreshing.context import ModelsWanted, Refresher, RefreshEvent, RefreshRequest, Watcher
from headwater.dataflows.refreshing.entity import EntityRun, Surroundings
from headwater.dataflows.refreshing.graph import run_in_order
from headwater.dataflows.refreshing.previous import published_before
from headwater.dataflows.rescoring import earlier_versions
from headwater.dataflows.service import Dataflow
from headwater.errors import RefreshError
from headwater.jobs import Lease
from headwater.models.environment import ModelEnvironment
from headwater.models.statistics import ScoringProgress
from headwater.store import tables, utc_now
from headwater.tables import discard

__all__ = ["RefreshRun"]


class RefreshRun:
    """One attempt at a refresh.

    Args:
        refresher: what all refreshes share.
        dataflow: at its current version.
        lease: of the job that is this refresh.
        watcher: whoever watches in this process.
    """

    def __init__(self, refresher: Refresher, dataflow: Dataflow, lease: Lease, watcher: Watcher) -> None:
        self._refresher = refresher
        self._dataflow = dataflow
        self._lease = lease
        self._id = lease.job.id
        self._request = RefreshRequest.from_json(lease.job.payload)
        self._watcher = watcher
        self._publisher = Publisher(refresher.database, lease, dataflow.id)
        self._progress = _Progress(lease, watcher)
        self._stopped = threading.Event()
        self._failed: list[EntitySummary] = []

    def execute(self) -> None:
        """Refresh, or finish what an earlier attempt had begun to publish.

        Raises:
            RefreshError: a query failed, time ran out, or nobody's rights are left to run with.
            LeaseLostError, CancelRequestedError: it is to end; what is published is unchanged.
        """
        self._publisher.roll_forward()
        if self._is_published():
            self._publisher.tell_catalog(self._id)
            return
        self._begin()
        self._check_runner()
        entities = self._staged()
        self._progress.tell(RefreshEvent("", "publish", 0))
        self._publisher.publish(self._id, entities)

    def _is_published(self) -> bool:
        with self._refresher.database.read() as connection:
            return history.status_of(connection, self._id) == "succeeded"

    def _begin(self) -> None:
        beginning = Beginning(
            self._id,
            self._dataflow.id,
            self._request.trigger,
            self._request.by or self._lease.job.created_by,
            self._dataflow.version,
            self._request.full,
        )
        with self._lease.begin() as connection:
            started_at = history.begin(connection, beginning)
            if started_at is not None:
                started = StartedRefresh(self._id, self._dataflow, self._request.trigger, started_at)
                for tell in self._refresher.on_started:
                    tell(connection, started)
        moments.reached("refresh.started")

    def _check_runner(self) -> None:
        """Nobody's rights are used who may not come in any more."""
        runner = self._dataflow.runner
        if runner.user_id is None:
            return
        user = tables.users.c
        with self._refresher.database.read() as connection:
            active = connection.scalar(select(user.active).where(user.id == runner.user_id))
        if not active:
            raise RefreshError(
                f"The dataflow runs with the rights of {runner.name}, whose account is disabled.",
                place=self._dataflow.name,
                hint="Have somebody else save it: it then runs with their rights.",
                code=SAVER_DISABLED,
            )

    def _staged(self) -> list[StagedEntity]:
        dataflow, refresher = self._dataflow, self._refresher
        policy = dataflow.definition.settings.rescore
        earlier = earlier_versions(refresher.database, dataflow.id, policy, rescore=self._request.rescore)
        lease, progress = self._lease, self._progress.scoring
        # What was scored need not be scored again: an attempt that comes to that has got ahead.
        kept = lease.advanced
        wanted = ModelsWanted(dataflow.runner, lease.database, earlier, progress, kept, dataflow=dataflow.name)
        with closing(refresher.environment(wanted)) as models:
            around = Surroundings(
                refresher,
                dataflow,
                self._request,
                refresher.reach(dataflow.runner, dataflow.scope_id),
                models,
                published_before(refresher.database, dataflow.id),
                utc_now().astimezone(ZoneInfo(dataflow.definition.settings.time_zone)),
                self._stopped,
                self._watcher,
                self._progress.tell,
            )
            try:
                with around.pins:
                    self._stage_all(around)
            except BaseException as error:
                for staged in around.done.values():
                    discard(staged.staged)
                self._note_failure(around, error)
                raise
        return [around.done[name] for name in dataflow.definition.entities()]

    def _stage_all(self, around: Surroundings) -> None:
        definition = self._dataflow.definition
        deadline = _Deadline(definition.settings.limits.seconds, self._dataflow.name)

        def work(name: str) -> None:
            run = EntityRun(around, name)
            try:
                around.done[name] = run.stage()
            except RefreshError as error:
                if not self._stopped.is_set():
                    self._failed.append(run.failed(error))
                raise
            moments.reached("refresh.staged")

        def check() -> None:
            self._lease.check()
            deadline.check()

        run_in_order(
            {name: definition.dependencies(name) for name in definition.entities()},
            work,
            parallel=definition.settings.limits.parallel,
            check=check,
            stop=lambda: self._stop(around.models),
        )

    def _stop(self, models: ModelEnvironment) -> None:
        self._stopped.set()
        models.cancel()

    def _note_failure(self, around: Surroundings, error: BaseException) -> None:
        """Keep what had been done to each entity, and why the one that failed did."""
        if not isinstance(error, RefreshError):
            return  # called off, or lost to another worker: there is nothing that somebody could mend
        with self._lease.begin() as connection:
            for staged in around.done.values():
                history.record_entity(connection, self._id, staged.summary, staged.errors)
            for failed in self._failed:
                history.record_entity(connection, self._id, failed)


#: The code of a refresh that has nobody's rights to run with.
SAVER_DISABLED = "refresh.saver_disabled"


class _Deadline:
    """When a refresh has to be over."""

    def __init__(self, seconds: int | None, dataflow: str) -> None:
        self._seconds = seconds
        self._dataflow = dataflow
        self._until = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        if self._until is not None and time.monotonic() > self._until:
            raise RefreshError(
                f"The refresh took longer than the {self._seconds:,} seconds that the dataflow allows.",
                place=self._dataflow,
                hint="Raise 'time' under [limits], or have it read or score less at a time.",
                code="refresh.time_limit",
            )


class _Progress:
    """What each entity is at, for the job's row and for whoever watches in this process."""

    def __init__(self, lease: Lease, watcher: Watcher) -> None:
        self._lease = lease
        self._watcher = watcher
        self._entities: dict[str, Mapping[str, object]] = {}
        self._scoring: dict[str, Mapping[str, object]] = {}
        self._lock = threading.Lock()

    def tell(self, event: RefreshEvent) -> None:
        """Say what is being done to an entity."""
        with self._lock:
            if event.entity:
                self._entities[event.entity] = {"phase": event.phase, "rows": event.rows}
            self._say()
        self._watcher.on_event(event)

    def scoring(self, progress: ScoringProgress) -> None:
        """Say how far the scoring of a function is."""
        with self._lock:
            self._scoring[progress.function] = {
                "rows_done": progress.rows_done,
                "rows_total": progress.rows_total,
                "rows_per_second": round(progress.rows_per_second, 1),
                "seconds_left": None if progress.seconds_left is None else round(progress.seconds_left, 1),
            }
            self._say()
        self._watcher.on_scoring(progress)

    def _say(self) -> None:
        self._lease.tell({"entities": dict(self._entities), "scoring": dict(self._scoring)})
