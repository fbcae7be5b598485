"""Scans as jobs: asked for by anybody who may scan, carried out by a worker with the rights of whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from headwater.access import Action, Actor, Via
from headwater.catalog import ScanOptions, ScanReport, close_left, fetch_details, last_full_scan, scan, scan_data
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewJob, queue
from headwater.store import Database, utc_now
from headwater.workspaces import Source
from headwater.workspaces.registry import holds_models
from headwater.workspaces.source_rows import find_source

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = [
    "AUTOMATIC",
    "DETAILS",
    "KIND",
    "SCAN_NAME",
    "WITHIN",
    "DetailsHandler",
    "ScanHandler",
    "ask_for_scan",
    "due_options",
    "is_within",
    "on_behalf_of",
    "scan_now",
]

KIND = "scan"
#: Reading what a scan left pending: a job of its own, so that the scan is done as soon as everything is in the catalog.
DETAILS = "scan_details"
#: In a job's payload: an incremental scan that a schedule asked for, and that is a full one once a day.
AUTOMATIC = "automatic"
#: In a job's payload: by what name the scan was defined that it is a run of.
SCAN_NAME = "scan_name"
#: In a job's payload: from when and up to when its schedule holds (ISO 8601; either may be null).
WITHIN = "within"
FULL_EVERY = timedelta(hours=24)


def scan_now(
    app: Headwater,
    actor: Actor,
    source_name: str,
    options: ScanOptions,
    progress: Callable[[int, int], None] | None = None,
    *,
    details: bool = True,
) -> ScanReport:
    """Scan a source here and now; ``details``: and read the signatures that are pending then.

    Raises:
        NotFoundError: there is no such source, or none that may be seen.
        ForbiddenError: the actor may not scan it.
        ScanError: the workspace does not answer or cannot be listed.
    """
    source = app.sources.get(actor, source_name)
    if not holds_models(source.kind):
        return _scan_data(app, actor, source, options, progress, database=app.database)
    with app.sources.connect(actor, source_name, purpose="scan") as connector:
        report = scan(app.database, actor, source, connector, options, progress=progress)
        if not details or not report.pending:
            return report
        read = fetch_details(app.database, actor, source, connector, scan_id=report.id, progress=progress)
        return replace(report, details=read, pending=read.pending)


def _scan_data(
    app: Headwater,
    actor: Actor,
    source: Source,
    options: ScanOptions,
    progress: Callable[[int, int], None] | None,
    *,
    database: Database,
) -> ScanReport:
    with app.sources.connect_data(actor, source.name, purpose="scan") as place:
        return scan_data(database, actor, source, place, options, progress=progress)


def ask_for_scan(database: Database, actor: Actor, source_name: str, options: ScanOptions) -> str:
    """Have a source scanned; returns the id of the job, which is one that waits already where there is one.

    Raises:
        NotFoundError: there is no such source, or none that may be seen.
        ForbiddenError: the actor may not scan it.
    """
    with database.begin() as connection:
        source = find_source(connection, actor, source_name, Action.SOURCE_SCAN)
        new = NewJob(KIND, f"source:{source.name}", options.to_json())
        for job in queue.of_subject(connection, new.subject, active_only=True):
            if job.status == "queued" and job.payload == new.payload and job.created_by_id == actor.user_id:
                return job.id
        return queue.add(connection, actor, new)


def on_behalf_of(job: Job) -> Actor:
    """Whose rights a job has: those of whoever asked for it, as they are when it runs."""
    return Actor(job.created_by_id, job.created_by, Via.SYSTEM if job.created_by_id is None else Via.RUN)


class ScanHandler:
    """Scans a source, and has another job read what the scan leaves pending."""

    def __init__(self, app: Headwater) -> None:
        self._app = app

    def run(self, lease: Lease) -> None:
        """Bring what the source holds into the catalog; begun again, it reads the source again."""
        if not is_within(lease.job):
            return
        actor, name = on_behalf_of(lease.job), _source_of(lease.job)
        source = self._app.sources.get(actor, name)
        options = due_options(lease.database, source, lease.job.payload)
        if not holds_models(source.kind):
            _scan_data(self._app, actor, source, options, _progress(lease), database=lease.database)
            return
        with self._app.sources.connect(actor, name, purpose="scan") as connector:
            report = scan(lease.database, actor, source, connector, options, progress=_progress(lease))
        if report.pending:
            with lease.begin() as connection:
                key = f"details of scan {report.id}"
                queue.add(connection, actor, NewJob(DETAILS, lease.job.subject, {"scan": report.id}, key))

    def may_pass(self, _error: Exception) -> bool:
        """Only what passes for every job."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, _error: HeadwaterError | None) -> None:
        """Leave no scan of an attempt that died as running."""
        if job.started_at is not None:
            close_left(connection, _source_of(job), job.started_at, "cancelled" if status == "cancelled" else "failed")


class DetailsHandler:
    """Reads the signatures of a source's versions that are pending."""

    def __init__(self, app: Headwater) -> None:
        self._app = app

    def run(self, lease: Lease) -> None:
        """Read them; begun again, it goes on with those that are still pending."""
        actor, name = on_behalf_of(lease.job), _source_of(lease.job)
        with self._app.sources.connect(actor, name, purpose="scan") as connector:
            source = self._app.sources.get(actor, name)
            scan_id = lease.job.payload.get("scan")
            fetch_details(lease.database, actor, source, connector, scan_id=scan_id, progress=_progress(lease))

    def may_pass(self, _error: Exception) -> bool:
        """Only what passes for every job."""
        return False

    def ended(self, _connection: Connection, _job: Job, _status: JobStatus, _error: HeadwaterError | None) -> None:
        """Nothing: what was read is written, and the rest is pending."""


def due_options(database: Database, source: Source, payload: Mapping[str, Any]) -> ScanOptions:
    """What a job asks for; what a schedule asks for every few minutes is everything, once a day.

    Raises:
        UsageError: the payload asks for nothing that there is.
    """
    told_apart = {AUTOMATIC, SCAN_NAME, WITHIN}
    options = ScanOptions.from_json({name: value for name, value in payload.items() if name not in told_apart})
    if not payload.get(AUTOMATIC):
        return options
    with database.read() as connection:
        last = last_full_scan(connection, source.id, options)
    is_due = last is None or utc_now() - last >= FULL_EVERY
    return replace(options, kind="full") if is_due else options


def is_within(job: Job) -> bool:
    """Whether a job was made while its schedule holds: cron knows no first and no last time."""
    start, end = (
        None if each is None else datetime.fromisoformat(each) for each in job.payload.get(WITHIN) or (None,) * 2
    )
    return (start is None or job.created_at >= start) and (end is None or job.created_at <= end)


def _progress(lease: Lease) -> Callable[[int, int], None]:
    """Says how far a job is, and ends it when it is to end."""

    def progress(done: int, total: int) -> None:
        lease.check()
        lease.tell({"done": done, "total": total})

    return progress


def _source_of(job: Job) -> str:
    return job.subject.removeprefix("source:")
