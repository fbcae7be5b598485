"""What is to be done again and again: cron schedules in a time zone, made into jobs when they are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from headwater.errors import NotFoundError
from headwater.jobs import cron
from headwater.jobs.clock import database_clock
from headwater.store import exclusive, tables

__all__ = [
    "MissedPolicy",
    "NewSchedule",
    "Schedule",
    "count_failure",
    "count_success",
    "get",
    "pause",
    "put",
    "remove",
    "resume",
]

_schedules = tables.schedules
_schedule = tables.schedules.c

MissedPolicy = Literal["once", "skip", "all"]


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """When a job is to be added by itself: ``kind``, ``subject`` and ``payload`` are the job's.

    ``cron`` has five fields and means local times of ``time_zone``. ``missed`` says what becomes of due times at which
    no worker was there: one job for all of them, none, or one for each. ``max_attempts`` is the jobs'.
    """

    kind: str
    subject: str
    payload: Mapping[str, Any]
    cron: str
    time_zone: str = "UTC"
    missed: MissedPolicy = "once"
    max_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it stands. ``next_due`` is None while it is paused, or when no time is to come."""

    id: int
    kind: str
    subject: str
    payload: Mapping[str, Any]
    cron: str
    time_zone: str
    missed: MissedPolicy
    max_attempts: int
    next_due: datetime | None
    paused: bool
    paused_reason: str | None
    failures: int
    changed_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> Schedule:
        """The schedule in a row of the table ``schedules``."""
        return cls(**row._mapping)


def put(connection: Connection, new: NewSchedule) -> None:
    """Set the schedule of a kind and subject. A paused one stays paused; one that is due stays due.

    Raises:
        UsageError: the expression or the time zone cannot be used (``schedule.cron``, ``schedule.time_zone``).
    """
    cron.check(new.cron, new.time_zone)
    exclusive(connection, f"schedule {new.kind} {new.subject}")
    before = get(connection, new.kind, new.subject)
    now = database_clock(connection)
    values = asdict(new) | {"payload": dict(new.payload), "changed_at": now}
    if before is None:
        due = next(cron.due_after(new.cron, new.time_zone, now), None)
        connection.execute(insert(_schedules).values(**values, next_due=due))
        return
    if not before.paused and (before.cron, before.time_zone) != (new.cron, new.time_zone):
        values["next_due"] = next(cron.due_after(new.cron, new.time_zone, now), None)
    connection.execute(update(_schedules).where(_schedule.id == before.id).values(values))


def get(connection: Connection, kind: str, subject: str) -> Schedule | None:
    """The schedule of a kind and subject."""
    row = connection.execute(select(_schedules).where(*_of(kind, subject))).one_or_none()
    return None if row is None else Schedule.of(row)


def remove(connection: Connection, kind: str, subject: str) -> None:
    """Forget a schedule, if there is one; the jobs that it added stay."""
    connection.execute(delete(_schedules).where(*_of(kind, subject)))


def pause(connection: Connection, kind: str, subject: str, reason: str) -> None:
    """Add no more jobs, for the reason that people are shown.

    Raises:
        NotFoundError: there is no such schedule (``schedule.unknown``).
    """
    _locked(connection, kind, subject)
    _pause(connection, kind, subject, reason)


def resume(connection: Connection, kind: str, subject: str) -> None:
    """Go on with the first due time from now; what was due while it was paused is not made up for.

    Raises:
        NotFoundError: there is no such schedule (``schedule.unknown``).
    """
    found = _locked(connection, kind, subject)
    if not found.paused:
        return
    now = database_clock(connection)
    due = next(cron.due_after(found.cron, found.time_zone, now), None)
    _set(connection, kind, subject, paused=False, paused_reason=None, failures=0, next_due=due, changed_at=now)


def count_failure(connection: Connection, kind: str, subject: str, *, pause_after: int, reason: str) -> bool:
    """Note that a job of it failed; returns whether that paused it, being the ``pause_after``th in a row.

    Raises:
        NotFoundError: there is no such schedule (``schedule.unknown``).
    """
    failures = _locked(connection, kind, subject).failures + 1
    _set(connection, kind, subject, failures=failures)
    paused = failures >= pause_after
    if paused:
        _pause(connection, kind, subject, reason)
    return paused


def count_success(connection: Connection, kind: str, subject: str) -> None:
    """Note that a job of it succeeded: failures are counted anew."""
    _set(connection, kind, subject, failures=0)


def _of(kind: str, subject: str) -> tuple[Any, Any]:
    return _schedule.kind == kind, _schedule.subject == subject


def _set(connection: Connection, kind: str, subject: str, **values: Any) -> None:
    connection.execute(update(_schedules).where(*_of(kind, subject)).values(**values))


def _pause(connection: Connection, kind: str, subject: str, reason: str) -> None:
    now = database_clock(connection)
    _set(connection, kind, subject, paused=True, paused_reason=reason, next_due=None, changed_at=now)


def _locked(connection: Connection, kind: str, subject: str) -> Schedule:
    """A schedule that nobody else changes until the transaction ends."""
    row = connection.execute(select(_schedules).where(*_of(kind, subject)).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(
            f"'{subject}' has no schedule.", code="schedule.unknown", place=subject, hint="Give it one first."
        )
    return Schedule.of(row)
