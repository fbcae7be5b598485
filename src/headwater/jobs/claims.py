"""The table of jobs under its rules: one statement claims, and a number that grows keeps former holders out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select, tuple_, update

from headwater.jobs.job import Job, JobStatus
from headwater.store import tables

__all__ = [
    "Beat",
    "Claim",
    "beat",
    "claim",
    "end",
    "give_back",
    "is_any_due",
    "is_any_used_up",
    "renew",
    "retry",
    "used_up",
]

_jobs = tables.jobs
_job = tables.jobs.c
_turn = (_job.due_at, _job.created_at, _job.id)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker holds, and the number that its writes are checked by."""

    job: Job
    fence: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat found: whether the job is still held, was renewed, and is to be called off."""

    held: bool
    renewed: bool
    cancel_requested: bool


def is_any_due(connection: Connection, kinds: Iterable[str], now: datetime) -> bool:
    """Whether ``claim`` would find a job, without keeping anybody from anything."""
    kinds = list(kinds)
    return bool(connection.scalar(select(exists().where(_job.kind.in_(kinds), _claimable(kinds, now)))))


def is_any_used_up(connection: Connection, kinds: Iterable[str], now: datetime) -> bool:
    """Whether ``used_up`` would find a job, likewise."""
    return bool(connection.scalar(select(exists().where(_job.kind.in_(list(kinds)), _left(now), not_(_to_go_on())))))


def claim(
    connection: Connection,
    worker: str,
    kinds: Iterable[str],
    *,
    now: datetime,
    lease: timedelta,
    limit: int = 1,
    job_id: str | None = None,
) -> list[Claim]:
    """Take jobs that are due, or whose worker was not heard of for the time of its lease; the longest due first.

    Of one subject's jobs the first is taken, and only while none of them runs. ``job_id``: take this one or none,
    whether it is due and its subject's first or not.

    Raises:
        IntegrityError: another worker has just begun a job on the same subject; nothing was taken.
    """
    kinds = list(kinds)
    wanted = _claimable(kinds, now) if job_id is None else and_(_job.id == job_id, _free_or_left(now))
    chosen = (
        select(_job.id)
        .where(_job.kind.in_(kinds), wanted)
        .order_by(*_turn)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_jobs)
        .cte()
    )
    taken = (
        update(_jobs)
        .where(_job.id.in_(select(chosen.c.id)))
        .values(
            status="running",
            worker=worker,
            attempts=_job.attempts + 1,
            fence=_job.fence + 1,
            lease_until=now + lease,
            started_at=func.coalesce(_job.started_at, now),
        )
        .returning(*_jobs.c)
    )
    rows = sorted(connection.execute(taken), key=lambda row: (row.due_at, row.created_at, row.id))
    return [Claim(Job.of(row), row.fence) for row in rows]


def renew(connection: Connection, held: Claim, now: datetime, lease: timedelta) -> bool:
    """Keep a job for another while; False: it is another's, or at its end."""
    return _write(connection, held, lease_until=now + lease) is not None


def beat(
    connection: Connection, held: Claim, now: datetime, lease: timedelta, progress: Mapping[str, Any] | None
) -> Beat:
    """Keep a job for another while without waiting for whoever is writing to its row, and see what became of it.

    The holder's own long transactions keep its row locked, and the job with it: there is nothing to renew then.
    """
    values = {"lease_until": now + lease} | ({} if progress is None else {"progress": progress})
    free = select(_job.id).where(_held(held)).with_for_update(skip_locked=True)
    renewed = update(_jobs).where(_job.id.in_(free)).values(values).returning(_job.cancel_requested)
    row = connection.execute(renewed).one_or_none()
    if row is not None:
        return Beat(held=True, renewed=True, cancel_requested=row.cancel_requested)
    there = connection.execute(select(_job.cancel_requested).where(_held(held))).one_or_none()
    return Beat(held=there is not None, renewed=False, cancel_requested=there is not None and there.cancel_requested)


def end(
    connection: Connection, held: Claim, status: JobStatus, error: Mapping[str, Any] | None, now: datetime
) -> Job | None:
    """End a job; None: it is another's by now, and nothing was written."""
    return _write(connection, held, status=status, error=error, ended_at=now, lease_until=None)


def retry(connection: Connection, held: Claim, error: Mapping[str, Any], due: datetime) -> Job | None:
    """Have a job begun again at ``due``; None: it is another's by now, and nothing was written."""
    return _write(connection, held, status="queued", error=error, due_at=due, worker=None, lease_until=None)


def give_back(connection: Connection, held: Claim) -> Job | None:
    """Let another worker have a job at once, as if it had not been begun here; None: another has it by now."""
    attempts = held.job.attempts - 1
    return _write(connection, held, status="queued", attempts=attempts, worker=None, lease_until=None)


def used_up(connection: Connection, kinds: Iterable[str], now: datetime, job_id: str | None = None) -> Claim | None:
    """A job that died with its worker and is not to be begun again, locked: no attempts are left, or it was called off.

    ``job_id``: that one, or none.
    """
    query = (
        select(_jobs)
        .where(_job.kind.in_(list(kinds)), _left(now), not_(_to_go_on()))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query if job_id is None else query.where(_job.id == job_id)).one_or_none()
    return None if row is None else Claim(Job.of(row), row.fence)


def _held(held: Claim) -> ColumnElement[bool]:
    """Whether a job is still the holder's."""
    return and_(_job.id == held.job.id, _job.fence == held.fence, _job.status == "running")


def _write(connection: Connection, held: Claim, **values: Any) -> Job | None:
    row = connection.execute(update(_jobs).where(_held(held)).values(**values).returning(*_jobs.c)).one_or_none()
    return None if row is None else Job.of(row)


def _left(now: datetime) -> ColumnElement[bool]:
    """Whether a job's worker was not heard of for the time of its lease."""
    return and_(_job.status == "running", _job.lease_until < now)


def _to_go_on() -> ColumnElement[bool]:
    return and_(_job.attempts < _job.max_attempts, not_(_job.cancel_requested))


def _free_or_left(now: datetime) -> ColumnElement[bool]:
    """Whether a job can be taken: it is queued and its subject's others rest, or its worker is gone."""
    other = _jobs.alias()
    busy = exists().where(other.c.subject == _job.subject, other.c.status == "running")
    return or_(and_(_job.status == "queued", not_(busy)), and_(_left(now), _to_go_on()))


def _claimable(kinds: list[str], now: datetime) -> ColumnElement[bool]:
    """Whether a job can be taken, and is due and the first of its subject where it waits in the queue."""
    other = _jobs.alias()
    before = exists().where(
        other.c.subject == _job.subject,
        other.c.status == "queued",
        other.c.kind.in_(kinds),
        tuple_(other.c.due_at, other.c.created_at, other.c.id) < tuple_(*_turn),
    )
    its_turn = or_(_job.status == "running", and_(_job.due_at <= now, not_(before)))
    return and_(_free_or_left(now), its_turn)
