"""Asking for jobs, looking at them, calling them off."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from headwater.access import Actor
from headwater.jobs.clock import database_clock
from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job, NewJob
from headwater.store import tables

__all__ = ["add", "forget_ended", "get", "is_left", "of_subject", "request_cancel"]

_jobs = tables.jobs
_job = tables.jobs.c


def add(connection: Connection, actor: Actor, new: NewJob, *, identifier: str | None = None) -> str:
    """Ask for a job; returns its id, or that of the one that has the same key.

    It is to be done once the caller's transaction is committed, and never was asked for when that is rolled back.
    ``identifier`` is the id it gets, where the caller wants to know it before.
    """
    now = database_clock(connection)
    values = {
        "id": identifier or str(uuid.uuid4()),
        "kind": new.kind,
        "subject": new.subject,
        "payload": dict(new.payload),
        "status": "queued",
        "key": new.key,
        "due_at": new.due_at or now,
        "max_attempts": new.max_attempts,
        "created_at": now,
        "created_by_id": actor.user_id,
        "created_by": actor.name,
    }
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    adding = dialect.insert(_jobs).values(values).on_conflict_do_nothing(index_elements=[_job.key])
    added = connection.execute(adding.returning(_job.id)).scalar_one_or_none()
    if added is None:
        added = connection.execute(select(_job.id).where(_job.key == new.key)).scalar_one()
    found: str = added
    return found


def get(connection: Connection, job_id: str) -> Job | None:
    """A job."""
    row = connection.execute(select(_jobs).where(_job.id == job_id)).one_or_none()
    return None if row is None else Job.of(row)


def of_subject(connection: Connection, subject: str, *, active_only: bool = False, limit: int = 50) -> Sequence[Job]:
    """The newest jobs on a subject first; ``active_only``: those that are queued or running."""
    query = select(_jobs).where(_job.subject == subject).order_by(_job.created_at.desc(), _job.id.desc()).limit(limit)
    if active_only:
        query = query.where(_job.status.in_(["queued", "running"]))
    return [Job.of(row) for row in connection.execute(query)]


def is_left(connection: Connection, job_id: str) -> bool:
    """Whether nobody is at a job that was begun: the lease of the worker that had it is over."""
    row = connection.execute(select(_job.status, _job.lease_until).where(_job.id == job_id)).one_or_none()
    return row is not None and row.status == "running" and bool(row.lease_until < database_clock(connection))


def request_cancel(connection: Connection, job_id: str, handlers: Mapping[str, Handler]) -> bool:
    """Call a job off: a queued one ends at once (``ended`` of its handler runs), a running one is told to end.

    Returns whether there was anything to call off.
    """
    row = connection.execute(select(_jobs).where(_job.id == job_id).with_for_update()).one_or_none()
    if row is None or row.status not in {"queued", "running"}:
        return False
    this = update(_jobs).where(_job.id == job_id)
    if row.status == "running":
        connection.execute(this.values(cancel_requested=True))
        return True
    now = database_clock(connection)
    job = Job.of(connection.execute(this.values(status="cancelled", ended_at=now).returning(*_jobs.c)).one())
    if job.kind in handlers:
        handlers[job.kind].ended(connection, job, "cancelled", None)
    return True


def forget_ended(connection: Connection, before: datetime) -> int:
    """Delete the jobs that ended before a moment; returns how many."""
    return connection.execute(delete(_jobs).where(_job.ended_at < before)).rowcount
