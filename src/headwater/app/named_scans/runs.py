"""Runs of scans by name: the jobs that they are, with what their scans saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, select

from headwater.access import Action, Actor
from headwater.app.named_scans.definitions import (
    OWN_SCAN,
    NamedScan,
    NamedScans,
    options_of,
    scan_named,
    scannable,
    source_named,
)
from headwater.app.scanning import KIND, SCAN_NAME, is_within
from headwater.catalog.scans.options import ScanKind
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.jobs import Job, NewJob, queue
from headwater.store import exclusive, tables

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = ["ScanRun", "ScanRuns"]

#: So many jobs of a source are looked through for the runs of one scan.
_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class ScanRun:
    """A run of a scan.

    Attributes:
        job: the job that it is; its id is the run's.
        kind: whether it reads everything.
        scheduled: whether a trigger asked for it.
        counts: how many assets of each type it saw; empty until it has.
        warnings: how many items it had to skip, by why.
    """

    job: Job
    kind: ScanKind
    scheduled: bool
    counts: Mapping[str, int]
    warnings: Mapping[str, int]


class ScanRuns:
    """Starts, lists and calls off the runs of scans by name; raises as ``NamedScans`` says."""

    def __init__(self, app: Headwater) -> None:
        self._app = app
        self._scans = NamedScans(app.database)

    def start(self, actor: Actor, source_name: str, name: str, run_id: str, kind: ScanKind) -> ScanRun:
        """Have a scan run, under an id of the caller's; the same id again is the same run.

        Raises:
            UsageError: the id is no UUID, or nothing here can scan such a source.
            ConflictError: something else has the id (``scan.run_id``).
        """
        identifier = _uuid(run_id)
        with self._app.database.begin() as connection:
            exclusive(connection, "sources")
            source = scannable(source_named(connection, actor, source_name, Action.SOURCE_SCAN))
            scan = scan_named(connection, source, name)
            payload = {**options_of(source, scan, kind).options.to_json(), SCAN_NAME: scan.name}
            before = queue.get(connection, identifier)
            if before is not None and not _is_run_of(before, scan):
                raise ConflictError("The run's id is taken.", code="scan.run_id", hint="Choose another UUID.")
            if before is None:
                new = NewJob(KIND, f"source:{source.name}", payload, f"run {identifier}")
                queue.add(connection, actor, new, identifier=identifier)
        return self.get(actor, source_name, name, identifier)

    def list(self, actor: Actor, source_name: str, name: str) -> Sequence[Job]:
        """The jobs that a scan's runs are, the newest first."""
        scan = self._scans.get(actor, source_name, name)
        with self._app.database.read() as connection:
            jobs = queue.of_subject(connection, f"source:{source_name}", limit=_LOOKED_AT)
        return [job for job in jobs if _is_run_of(job, scan) and is_within(job)]

    def get(self, actor: Actor, source_name: str, name: str, run_id: str) -> ScanRun:
        """One run; NotFoundError where there is none."""
        scan = self._scans.get(actor, source_name, name)
        with self._app.database.read() as connection:
            job = queue.get(connection, _uuid(run_id))
        if job is None or not _is_run_of(job, scan):
            raise NotFoundError(f"The scan '{name}' has no such run.", code="scan.run_unknown", hint="List its runs.")
        return self.told(job)

    def told(self, job: Job) -> ScanRun:
        """What there is to be said of a run that somebody was let see."""
        with self._app.database.read() as connection:
            counts, warnings = _seen(connection, job)
        scheduled = (job.key or "").startswith("schedule:")
        return ScanRun(job, job.payload.get("kind", "full"), scheduled, counts, warnings)

    def cancel(self, actor: Actor, source_name: str, name: str, run_id: str) -> ScanRun:
        """Call a run off; it is cancelled then, or still running and told to end.

        Raises:
            ConflictError: it has ended (``job.ended``).
        """
        run = self.get(actor, source_name, name, run_id)
        self._app.jobs.cancel(actor, run.job.id)
        return self.get(actor, source_name, name, run_id)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise UsageError("A run's id is a UUID.", hint="Make a new one for each run.") from error


def _is_run_of(job: Job, scan: NamedScan) -> bool:
    asked_as = job.payload.get(SCAN_NAME, OWN_SCAN)
    return (job.kind, job.subject, asked_as) == (KIND, f"source:{scan.source_name}", scan.name)


def _seen(connection: Connection, job: Job) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """What the last scan of a job saw. Of the jobs on one source one runs at a time, so time tells them apart."""
    if job.started_at is None:
        return {}, {}
    scans, sources = tables.scans.c, tables.sources.c
    query = (
        select(scans.counts, scans.warnings)
        .join(tables.sources, sources.id == scans.source_id)
        .where(sources.name == job.subject.removeprefix("source:"), scans.started_at >= job.started_at)
        .order_by(scans.started_at.desc(), scans.id.desc())
        .limit(1)
    )
    if job.ended_at is not None:
        query = query.where(scans.started_at <= job.ended_at)
    row: Any = connection.execute(query).one_or_none()
    if row is None:
        return {}, {}
    return row.counts, Counter(each["code"] for each in row.warnings)
