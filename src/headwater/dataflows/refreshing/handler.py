"""The job that is a refresh: what runs it, and what belongs to its end."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection, select

from headwater.access import Actor, Via
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.dataflows import history
from headwater.dataflows.history import Beginning, EndedRefresh
from headwater.dataflows.publishing import published_lineage
from headwater.dataflows.refresh_jobs import KIND, dataflow_of, subject_of
from headwater.dataflows.refreshing.context import Refresher, RefreshRequest, Watcher
from headwater.dataflows.refreshing.run import SAVER_DISABLED, RefreshRun
from headwater.dataflows.service import Dataflow, find_dataflow
from headwater.errors import HeadwaterError, NotFoundError, RefreshError, TableError
from headwater.jobs import Job, JobStatus, Lease, schedules
from headwater.store import tables, utc_now

__all__ = ["SCHEDULE", "RefreshHandler", "pause_schedules_of"]

#: The trigger of refreshes that a schedule asked for.
SCHEDULE = "schedule"

#: So many scheduled refreshes that fail in a row pause the schedule.
_FAILURES = 4

_PASSING = (
    "refresh.model.unavailable",
    "refresh.network",
)
"""Codes (and what they begin with) of failures that the next attempt may not meet."""


class RefreshHandler:
    """Runs refreshes as jobs; see :class:`headwater.jobs.Handler`.

    Args:
        refresher: what all refreshes share.
        watcher: whoever watches those that run in this process.
    """

    def __init__(self, refresher: Refresher, watcher: Watcher | None = None) -> None:
        self._refresher = refresher
        self._watcher = watcher or Watcher()

    def run(self, lease: Lease) -> None:
        """Refresh the dataflow that the job's subject names.

        Raises:
            RefreshError: it failed; what was published before is unchanged.
            LeaseLostError, CancelRequestedError: it is to end.
        """
        with self._refresher.database.read() as connection:
            dataflow = find_dataflow(connection, dataflow_of(lease.job.subject))
        if dataflow is None:
            raise RefreshError(
                "The dataflow has been removed.", hint="There is nothing left to refresh.", code="refresh.no_dataflow"
            )
        RefreshRun(self._refresher, dataflow, lease, self._watcher).execute()

    def may_pass(self, error: Exception) -> bool:
        """Whether the next attempt may succeed: a service or a network that was not there may be there then, and a
        table that could not be committed is finished.
        """
        if isinstance(error, RefreshError):
            return error.code.startswith(_PASSING)
        return isinstance(error, TableError)

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Close the refresh, count the schedule's failures, and tell those who asked to be told."""
        dataflow = find_dataflow(connection, dataflow_of(job.subject))
        if dataflow is None:
            return
        self._close(connection, dataflow, job, status, error)
        ended = _ended(connection, dataflow, job)
        _audit(connection, job, ended)
        _count(connection, job, ended)
        for tell in self._refresher.on_ended:
            tell(connection, ended)

    def _close(
        self, connection: Connection, dataflow: Dataflow, job: Job, status: JobStatus, error: HeadwaterError | None
    ) -> None:
        if history.status_of(connection, job.id) is None:
            request = RefreshRequest.from_json(job.payload)
            by = request.by or job.created_by
            history.begin(connection, Beginning(job.id, dataflow.id, request.trigger, by, None, request.full))
        history.close(connection, job.id, status, error)


def pause_schedules_of(connection: Connection, user_id: str) -> int:
    """Pause the schedules of all dataflows that run with somebody's rights, who may not come in any more.

    Returns how many dataflows that are; not each of them has a schedule.
    """
    flows, versions, users = tables.dataflows.c, tables.dataflow_versions.c, tables.users.c
    current = (versions.dataflow_id == flows.id) & (versions.version == flows.current_version)
    saved = select(flows.id, users.name).join(tables.dataflow_versions, current)
    saved = saved.join(tables.users, users.id == versions.saved_by_id).where(users.id == user_id)
    rows = connection.execute(saved).all()
    for row in rows:
        reason = f"The dataflow runs with the rights of {row.name}, whose account is disabled."
        _pause(connection, subject_of(row.id), reason)
    return len(rows)


def _ended(connection: Connection, dataflow: Dataflow, job: Job) -> EndedRefresh:
    refreshes = tables.refreshes.c
    row = connection.execute(
        select(refreshes.status, refreshes.trigger, refreshes.error, refreshes.started_at, refreshes.ended_at).where(
            refreshes.id == job.id
        )
    ).one()
    ended_at: datetime = row.ended_at or utc_now()
    return EndedRefresh(
        job.id,
        dataflow,
        row.status,
        row.trigger,
        row.error,
        row.started_at,
        ended_at,
        history.entity_rows(connection, job.id),
        published_lineage(connection, job.id) if row.status == "succeeded" else (),
    )


def _audit(connection: Connection, job: Job, ended: EndedRefresh) -> None:
    via = Via.SYSTEM if job.created_by_id is None else Via.RUN
    record(
        connection,
        Event.DATAFLOW_REFRESHED,
        Actor(job.created_by_id, job.created_by, via),
        now=ended.ended_at,
        target=f"dataflow:{ended.dataflow.name}",
        scope_id=ended.dataflow.scope_id,
        result="succeeded" if ended.status == "succeeded" else "failed",
        refresh_id=ended.id,
        rows=sum(entity.rows_written for entity in ended.entities if entity.delta_version is not None),
    )


def _count(connection: Connection, job: Job, ended: EndedRefresh) -> None:
    """Four scheduled refreshes that failed in a row pause the schedule; so does a saver who is gone, at once."""
    if ended.error is not None and ended.error["code"] == SAVER_DISABLED:
        _pause(connection, job.subject, str(ended.error["message"]))
    if ended.trigger != SCHEDULE:
        return
    if ended.status == "succeeded":
        schedules.count_success(connection, KIND, job.subject)
    elif ended.status == "failed":
        why = str(ended.error["message"]) if ended.error is not None else ""
        reason = f"{_FAILURES} refreshes in a row failed, the last one so: {why}"
        # Its schedule may have been removed while it ran.
        with suppress(NotFoundError):
            schedules.count_failure(connection, KIND, job.subject, pause_after=_FAILURES, reason=reason)


def _pause(connection: Connection, subject: str, reason: str) -> None:
    """Pause a dataflow's schedule, where it has one."""
    with suppress(NotFoundError):
        schedules.pause(connection, KIND, subject, reason)
