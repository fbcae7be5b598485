"""Refreshes for people and programs: asked for, run here or watched, called off, looked at afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from headwater.access import Action, Actor, may, require
from headwater.dataflows import DataflowService, EntityResult, Refresher, RefreshResult, history
from headwater.dataflows.history import CellError, EntitySummary, RefreshSummary
from headwater.dataflows.refresh import active_refresh, request_refresh
from headwater.dataflows.refresh_jobs import KIND, dataflow_of, subject_of
from headwater.dataflows.refreshing.context import RefreshRequest, Watcher
from headwater.dataflows.refreshing.forecast import Forecast, foresee
from headwater.dataflows.refreshing.handler import RefreshHandler
from headwater.dataflows.service import Dataflow, find_dataflow
from headwater.errors import CancelRequestedError, ConflictError, LeaseLostError, NotFoundError, RefreshError
from headwater.jobs import Job, Schedule, Worker, WorkerOptions, queue, schedules
from headwater.store import Database, tables, utc_now

__all__ = ["RefreshState", "Refreshing", "check_succeeded"]

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RefreshState:
    """How a refresh stands; ``status`` is queued, running, succeeded, failed or cancelled.

    Attributes:
        progress: what each entity is at, while it runs: {entities: {name: {phase, rows}}, scoring: {function: …}}.
        entities: what it did, entity by entity, once that is known.
    """

    id: str
    dataflow: str
    status: str
    trigger: str
    requested_by: str
    full: bool
    requested_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    error: Mapping[str, Any] | None
    progress: Mapping[str, Any] | None
    entities: Sequence[EntitySummary]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in {"queued", "running"}


class Refreshing:
    """Refreshes, as far as whoever asks may see and start them.

    Args:
        database: the metadata database.
        dataflows: finds dataflows.
        refresher: what refreshes need; asked for when one runs here.
        worker: how the work is done that runs here.
    """

    def __init__(
        self,
        database: Database,
        dataflows: DataflowService,
        refresher: Callable[[], Refresher],
        worker: WorkerOptions | None = None,
    ) -> None:
        self._database = database
        self._dataflows = dataflows
        self._refresher = refresher
        self._worker = worker or WorkerOptions()

    def handler(self, watcher: Watcher | None = None) -> RefreshHandler:
        """What runs refreshes in this process."""
        return RefreshHandler(self._refresher(), watcher)

    def request(
        self, actor: Actor, name: str, *, full: bool = False, trigger: str = "manual", rescore: bool = False
    ) -> str:
        """Ask for a refresh, which a worker does; returns its id.

        Raises:
            NotFoundError: there is no such dataflow to be seen.
            ForbiddenError: ``actor`` may not refresh it.
            ConflictError: it is being refreshed already (``refresh.active``).
        """
        dataflow = self._dataflows.get(actor, name)
        return request_refresh(self._database, actor, dataflow, RefreshRequest(trigger, full, rescore, actor.name))

    def run(
        self,
        actor: Actor,
        name: str,
        *,
        full: bool = False,
        trigger: str = "manual",
        rescore: bool = False,
        watcher: Watcher | None = None,
    ) -> RefreshResult:
        """Refresh a dataflow and wait for it: it runs here, or where another worker was quicker to take it.

        Ctrl+C cancels it.

        Raises:
            RefreshError: it failed, or was called off (``refresh.cancelled``); what was published is unchanged.
            ConflictError: it is being refreshed already.
        """
        started = time.perf_counter()
        watcher = watcher or Watcher()
        identifier = self.take_up(actor, name, full=full, trigger=trigger, rescore=rescore)
        try:
            state = self.carry_out(actor, identifier, watcher)
        except BaseException:
            self._call_off(identifier)
            raise
        check_succeeded(state)
        return RefreshResult(identifier, self._results(state), watcher.scoring, time.perf_counter() - started)

    def take_up(
        self, actor: Actor, name: str, *, full: bool = False, trigger: str = "manual", rescore: bool = False
    ) -> str:
        """Ask for a refresh that is going to be carried out here; returns its id.

        One that was left by a process that died is taken up in place of another one; where more is wanted than it does,
        it ends.

        Raises:
            NotFoundError, ForbiddenError, ConflictError: as :meth:`request`.
        """
        dataflow = self._dataflows.get(actor, name)
        with self._database.read() as connection:
            require(connection, actor, Action.DATAFLOW_REFRESH, dataflow.scope_id)
            left = active_refresh(connection, dataflow.id)
            if left is not None and not queue.is_left(connection, left.id):
                left = None
        if left is not None:
            does_as_much = not rescore and (not full or RefreshRequest.from_json(left.payload).full)
            if does_as_much and not left.cancel_requested:
                return left.id
            self._end_left(left.id)
        return self.request(actor, name, full=full, trigger=trigger, rescore=rescore)

    def _end_left(self, identifier: str) -> None:
        self._call_off(identifier)
        # Another worker may be at it after all.
        with suppress(ConflictError, LeaseLostError):
            Worker(self._database, {KIND: self.handler()}, self._worker).run_one(identifier)

    def carry_out(
        self,
        actor: Actor,
        identifier: str,
        watcher: Watcher | None = None,
        on_state: Callable[[RefreshState], None] = lambda _: None,
    ) -> RefreshState:
        """Run a refresh that was asked for in this thread, or watch it where another worker has it, to its end.

        Args:
            actor: who asks.
            identifier: the refresh.
            watcher: told of progress here.
            on_state: told how it stands, now and then, where another worker has it.
        """
        worker = Worker(self._database, {KIND: self.handler(watcher)}, self._worker)
        while not (state := self.get(actor, identifier)).has_ended:
            if self._is_due(identifier):
                # Another worker has it, or it has ended meanwhile.
                with suppress(ConflictError, LeaseLostError):
                    worker.run_one(identifier)
                    continue
            on_state(state)
            time.sleep(_LOOK_SECONDS)
        return state

    def foresee(self, actor: Actor, name: str, *, full: bool = False, rescore: bool = False) -> Forecast:
        """What a refresh would do now: rows, what of them would be scored and about how long that takes.

        Raises:
            NotFoundError: there is no such dataflow to be seen.
            ForbiddenError: ``actor`` may not refresh it.
            RefreshError: a query of it fails.
        """
        dataflow = self._dataflows.get(actor, name)
        with self._database.read() as connection:
            require(connection, actor, Action.DATAFLOW_REFRESH, dataflow.scope_id)
        return foresee(self._refresher(), dataflow, RefreshRequest("forecast", full, rescore, actor.name))

    # -- looking -------------------------------------------------------------------------------------------------------

    def get(self, actor: Actor, identifier: str) -> RefreshState:
        """How a refresh stands; NotFoundError where there is none of this id to be seen."""
        with self._database.read() as connection:
            job = queue.get(connection, identifier)
            if job is not None and job.kind == KIND and not job.has_ended:
                dataflow = find_dataflow(connection, dataflow_of(job.subject))
                if dataflow is not None and may(connection, actor, Action.DATAFLOW_READ, dataflow.scope_id):
                    return _of_job(job, dataflow)
        summary = history.get(self._database, actor, identifier)
        return _of_summary(summary, history.entities(self._database, actor, identifier))

    def of_dataflow(self, actor: Actor, name: str, identifier: str) -> RefreshState:
        """A dataflow's refresh; NotFoundError where it has none of this id, or it may not be seen."""
        state = self.get(actor, identifier)
        if state.dataflow != name:
            raise history.no_refresh()
        return state

    def active(self, actor: Actor, name: str) -> RefreshState | None:
        """The refresh of a dataflow that waits or is under way."""
        dataflow = self._dataflows.get(actor, name)
        with self._database.read() as connection:
            job = active_refresh(connection, dataflow.id)
        return None if job is None else _of_job(job, dataflow)

    def list(
        self, actor: Actor, name: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> Sequence[RefreshSummary]:
        """The newest refreshes that have begun first, of those that may be seen; ``after``: older than that one."""
        return history.latest(self._database, actor, name, limit, after)

    def entities(self, actor: Actor, identifier: str) -> Sequence[EntitySummary]:
        """What a refresh did, entity by entity."""
        return history.entities(self._database, actor, identifier)

    def errors(self, actor: Actor, identifier: str) -> Mapping[str, Sequence[CellError]]:
        """The first error cells of each entity; values only for who may read the table."""
        return history.errors(self._database, actor, identifier)

    # -- calling off, schedules ----------------------------------------------------------------------------------------

    def cancel(self, actor: Actor, identifier: str) -> None:
        """Call a refresh off: it ends within a second or so, and what is published stays.

        Raises:
            NotFoundError: there is no such refresh to be seen.
            ForbiddenError: ``actor`` may not refresh the dataflow.
            ConflictError: it has ended (``refresh.ended``).
        """
        state = self.get(actor, identifier)
        dataflow = self._dataflows.get(actor, state.dataflow)
        with self._database.begin() as connection:
            require(connection, actor, Action.DATAFLOW_REFRESH, dataflow.scope_id)
            if not queue.request_cancel(connection, identifier, {KIND: self.handler()}):
                raise ConflictError(
                    "The refresh has ended already.",
                    place=identifier,
                    hint="See how it ended in the history of the dataflow.",
                    code="refresh.ended",
                )

    def schedule(self, actor: Actor, name: str) -> Schedule | None:
        """When a dataflow is refreshed by itself; None where it never is."""
        dataflow = self._dataflows.get(actor, name)
        with self._database.read() as connection:
            return schedules.get(connection, KIND, subject_of(dataflow.id))

    def pause(self, actor: Actor, name: str, reason: str = "") -> None:
        """Let a dataflow not be refreshed by itself any more until :meth:`resume`.

        Raises:
            ForbiddenError: ``actor`` may not change the dataflow.
            NotFoundError: it has no schedule.
        """
        with self._database.begin() as connection:
            dataflow = self._scheduled(connection, actor, name)
            schedules.pause(connection, KIND, subject_of(dataflow.id), reason or f"Paused by {actor.name}.")

    def resume(self, actor: Actor, name: str) -> None:
        """Let a dataflow be refreshed by itself again, at the next due time.

        Raises:
            ForbiddenError: ``actor`` may not change the dataflow.
            NotFoundError: it has no schedule.
        """
        with self._database.begin() as connection:
            dataflow = self._scheduled(connection, actor, name)
            schedules.resume(connection, KIND, subject_of(dataflow.id))

    def _scheduled(self, connection: Connection, actor: Actor, name: str) -> Dataflow:
        dataflow = self._dataflows.get(actor, name)
        require(connection, actor, Action.DATAFLOW_EDIT, dataflow.scope_id)
        if schedules.get(connection, KIND, subject_of(dataflow.id)) is None:
            raise NotFoundError(
                f"The dataflow '{name}' has no schedule.", hint="Write one under [schedule] and apply it."
            )
        return dataflow

    # -- within --------------------------------------------------------------------------------------------------------

    def _is_due(self, identifier: str) -> bool:
        with self._database.read() as connection:
            job = queue.get(connection, identifier)
        return job is not None and not job.has_ended and job.due_at <= utc_now()

    def _call_off(self, identifier: str) -> None:
        with self._database.begin() as connection:
            queue.request_cancel(connection, identifier, {KIND: self.handler()})

    def _results(self, state: RefreshState) -> Sequence[EntityResult]:
        table, flows = tables.published_tables.c, tables.dataflows.c
        query = select(table.entity, table.path).join(tables.dataflows, flows.id == table.dataflow_id)
        with self._database.read() as connection:
            paths = {
                row.entity: Path(row.path) for row in connection.execute(query.where(flows.name == state.dataflow))
            }
        return [EntityResult(entity, paths[entity.entity]) for entity in state.entities if entity.entity in paths]


def check_succeeded(state: RefreshState) -> None:
    """Go on only where a refresh that has ended succeeded.

    Raises:
        RefreshError: it failed, with its error.
        CancelRequestedError: it was called off (``refresh.cancelled``).
    """
    if state.status == "cancelled":
        raise CancelRequestedError(
            "The refresh was cancelled; what was published before is unchanged.",
            place=state.dataflow,
            hint="Refresh again when nobody minds.",
            code="refresh.cancelled",
        )
    if state.error is not None:
        said = state.error
        raise RefreshError(said["message"], place=said["where"], hint=said["hint"], code=said["code"])


def _of_job(job: Job, dataflow: Dataflow) -> RefreshState:
    request = RefreshRequest.from_json(job.payload)
    return RefreshState(
        job.id,
        dataflow.name,
        job.status,
        request.trigger,
        request.by or job.created_by,
        request.full,
        job.created_at,
        job.started_at,
        job.ended_at,
        job.error,
        job.progress,
        (),
    )


def _of_summary(summary: RefreshSummary, entities: Sequence[EntitySummary]) -> RefreshState:
    return RefreshState(
        summary.id,
        summary.dataflow,
        summary.status,
        summary.trigger,
        summary.requested_by,
        summary.full,
        None,
        summary.started_at,
        summary.ended_at,
        summary.error,
        None,
        entities,
    )
