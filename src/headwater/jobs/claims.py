"""The table of jobs under its rules: one statement claims, and a number that grows keeps former holders out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, not_, or_, select, update

from headwater.jobs.clock import Moment
from headwater.jobs.job import Job, JobStatus
from headwater.store import tables

__all__ = [
    "MOST_LOST",
    "MOST_LOST_IN_A_ROW",
    "Beat",
    "Claim",
    "advance",
    "beat",
    "claim",
    "claim_this",
    "end",
    "give_back",
    "is_any_due",
    "is_any_left",
    "renew",
    "requeue",
    "retry",
    "used_up",
]

#: A job whose workers die one after another, without its getting ahead, is what kills them.
MOST_LOST_IN_A_ROW = 3
#: One that gets ahead a little each time, and never to its end, ends as well.
MOST_LOST = 20

_jobs = tables.jobs
_job = tables.jobs.c


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


def is_any_due(connection: Connection, kinds: Iterable[str], now: Moment) -> bool:
    """Whether ``claim`` would find a job, without keeping anybody from anything."""
    return connection.scalar(_ready(kinds, now)) is not None


def is_any_left(connection: Connection, kinds: Iterable[str], now: Moment) -> bool:
    """Whether a worker has died or lost its lease, and its job is as it was, likewise."""
    return connection.scalar(select(_job.id).where(_job.kind.in_(list(kinds)), _left(now)).limit(1)) is not None


def claim(connection: Connection, worker: str, kinds: Iterable[str], *, now: Moment, lease: timedelta) -> Claim | None:
    """Take the job that is due the longest; none of a subject's jobs while another one runs.

    Raises:
        IntegrityError: another worker has just begun a job on the same subject; nothing was taken.
    """
    return _take(connection, _ready(kinds, now), worker, now, lease)


def claim_this(
    connection: Connection, worker: str, kinds: Iterable[str], job_id: str, *, now: Moment, lease: timedelta
) -> Claim | None:
    """Take exactly this job, due or not, where it is queued or its worker is gone; as ``claim`` otherwise."""
    free = or_(and_(_job.status == "queued", not_(_is_busy())), _is_orphan(now))
    this = select(_job.id).where(_job.id == job_id, _job.kind.in_(list(kinds)), free)
    return _take(connection, this, worker, now, lease)


def renew(connection: Connection, held: Claim, now: Moment, lease: timedelta) -> bool:
    """Keep a job for another while; False: it is another's, or at its end."""
    return _write(connection, held, lease_until=now + lease) is not None


def beat(
    connection: Connection, held: Claim, now: Moment, lease: timedelta, progress: Mapping[str, Any] | None
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


def advance(connection: Connection, held: Claim) -> None:
    """Note that a job got ahead: workers that it lost before say nothing about it any more."""
    _write(connection, held, lost=0)


def end(
    connection: Connection, held: Claim, status: JobStatus, error: Mapping[str, Any] | None, now: Moment
) -> Job | None:
    """End a job; None: it is another's by now, and nothing was written."""
    return _write(connection, held, status=status, error=error, ended_at=now, lease_until=None)


def retry(connection: Connection, held: Claim, error: Mapping[str, Any], due: Moment) -> Job | None:
    """Have a job that failed begun again at ``due``; None: it is another's by now, and nothing was written."""
    waiting = {"status": "queued", "worker": None, "lease_until": None}
    return _write(connection, held, **waiting, error=error, due_at=due, failed=_job.failed + 1, lost=0)


def give_back(connection: Connection, held: Claim) -> Job | None:
    """Let another worker have a job at once, as if it had not been begun here; None: another has it by now."""
    attempts = held.job.attempts - 1
    return _write(connection, held, status="queued", attempts=attempts, worker=None, lease_until=None)


def requeue(connection: Connection, kinds: Iterable[str], now: Moment) -> int:
    """Put the jobs whose worker was not heard of for the time of its lease back into the queue; returns how many.

    They are due as they were, and so before others. Those that are not to be begun again stay: see ``used_up``.
    """
    orphans = select(_job.id).where(_job.kind.in_(list(kinds)), _is_orphan(now)).with_for_update(skip_locked=True)
    chosen = orphans.cte()
    put_back = update(_jobs).where(_job.id.in_(select(chosen.c.id))).returning(_job.id)
    values = {"status": "queued", "worker": None, "lease_until": None, "lost": _job.lost + 1}
    return len(connection.execute(put_back.values(values)).all())


def used_up(connection: Connection, kinds: Iterable[str], now: Moment, job_id: str | None = None) -> Claim | None:
    """A job that was lost with its worker and is not to be begun again, locked: that was so too often, or it was
    called off.

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


def _take(connection: Connection, wanted: Select[Any], worker: str, now: Moment, lease: timedelta) -> Claim | None:
    """Claim the first of the wanted jobs that nobody else is about to."""
    chosen = wanted.with_for_update(skip_locked=True, of=_jobs).cte()
    taken = (
        update(_jobs)
        .where(_job.id.in_(select(chosen.c.id)))
        .values(
            status="running",
            worker=worker,
            attempts=_job.attempts + 1,
            # Taken over from a worker that is gone, without having been put back into the queue.
            lost=case((_job.status == "running", _job.lost + 1), else_=_job.lost),
            fence=_job.fence + 1,
            lease_until=now + lease,
            started_at=func.coalesce(_job.started_at, now),
        )
        .returning(*_jobs.c)
    )
    row = connection.execute(taken).one_or_none()
    return None if row is None else Claim(Job.of(row), row.fence)


def _ready(kinds: Iterable[str], now: Moment) -> Select[Any]:
    """The job that waits in the queue, is due the longest, and may begin.

    In the order of the index, so that the first one that may begin ends the search, however many wait.
    """
    may_begin = _job.kind.in_(list(kinds)), _job.status == "queued", _job.due_at <= now, not_(_is_busy())
    return select(_job.id).where(*may_begin).order_by(_job.due_at).limit(1)


def _is_busy() -> ColumnElement[bool]:
    """Whether a job on the same subject runs."""
    other = _jobs.alias()
    return exists().where(other.c.subject == _job.subject, other.c.status == "running")


def _is_orphan(now: Moment) -> ColumnElement[bool]:
    """Whether a job has lost its worker, and is to be begun again."""
    return and_(_left(now), _to_go_on())


def _left(now: Moment) -> ColumnElement[bool]:
    """Whether a job's worker was not heard of for the time of its lease."""
    return and_(_job.status == "running", _job.lease_until < now)


def _to_go_on() -> ColumnElement[bool]:
    lost_in_all = _job.attempts - _job.failed
    return and_(_job.lost + 1 < MOST_LOST_IN_A_ROW, lost_in_all < MOST_LOST, not_(_job.cancel_requested))
