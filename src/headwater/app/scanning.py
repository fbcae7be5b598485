"""Scans as jobs: asked for by anybody who may scan, carried out by a worker with the rights of whoever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from headwater.access import Action, Actor, Via
from headwater.catalog import close_left, scan
from headwater.catalog.scans import ScanKind
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewJob, queue
from headwater.store import Database
from headwater.workspaces.source_rows import find_source

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = ["KIND", "ScanHandler", "ask_for_scan", "on_behalf_of"]

KIND = "scan"


def ask_for_scan(database: Database, actor: Actor, source_name: str, kind: ScanKind) -> str:
    """Have a source scanned; returns the id of the job, which is one that waits already where there is one.

    Raises:
        NotFoundError: there is no such source, or none that may be seen.
        ForbiddenError: the actor may not scan it.
    """
    with database.begin() as connection:
        source = find_source(connection, actor, source_name, Action.SOURCE_SCAN)
        new = NewJob(KIND, f"source:{source.name}", {"kind": kind})
        for job in queue.of_subject(connection, new.subject, active_only=True):
            if job.status == "queued" and job.payload == new.payload and job.created_by_id == actor.user_id:
                return job.id
        return queue.add(connection, actor, new)


def on_behalf_of(job: Job) -> Actor:
    """Whose rights a job has: those of whoever asked for it, as they are when it runs."""
    return Actor(job.created_by_id, job.created_by, Via.SYSTEM if job.created_by_id is None else Via.RUN)


class ScanHandler:
    """Scans a source."""

    def __init__(self, app: Headwater) -> None:
        self._app = app

    def run(self, lease: Lease) -> None:
        """Bring what the source holds into the catalog; begun again, it reads the source again."""
        actor, name = on_behalf_of(lease.job), _source_of(lease.job)

        def progress(done: int, total: int) -> None:
            lease.check()
            lease.tell({"done": done, "total": total})

        with self._app.sources.connect(actor, name, purpose="scan") as connector:
            source = self._app.sources.get(actor, name)
            scan(lease.database, actor, source, connector, lease.job.payload["kind"], progress=progress)

    def may_pass(self, _error: Exception) -> bool:
        """Only what passes for every job."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, _error: HeadwaterError | None) -> None:
        """Leave no scan of an attempt that died as running."""
        if job.started_at is not None:
            close_left(connection, _source_of(job), job.started_at, "cancelled" if status == "cancelled" else "failed")


def _source_of(job: Job) -> str:
    return job.subject.removeprefix("source:")
