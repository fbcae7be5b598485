"""What is to be done again and again: cron schedules in a time zone, made into jobs when they are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from headwater.store import Database

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
    "tick",
]

MissedPolicy = Literal["once", "skip", "all"]


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """When a job is to be added by itself: ``kind``, ``subject`` and ``payload`` are the job's.

    ``cron`` has five fields and means local times of ``time_zone``. ``missed`` says what becomes of due times at which
    no worker was there: one job for all of them, none, or one for each.
    """

    kind: str
    subject: str
    payload: Mapping[str, Any]
    cron: str
    time_zone: str = "UTC"
    missed: MissedPolicy = "once"


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
    next_due: datetime | None
    paused: bool
    paused_reason: str | None
    failures: int
    changed_at: datetime


def put(connection: Connection, new: NewSchedule) -> None:
    """Set the schedule of a kind and subject; a paused one stays paused.

    Raises:
        UsageError: the expression or the time zone cannot be used (``schedule.cron``, ``schedule.time_zone``).
    """
    raise NotImplementedError


def get(connection: Connection, kind: str, subject: str) -> Schedule | None:
    """The schedule of a kind and subject."""
    raise NotImplementedError


def remove(connection: Connection, kind: str, subject: str) -> None:
    """Forget a schedule; jobs that it added stay."""
    raise NotImplementedError


def pause(connection: Connection, kind: str, subject: str, reason: str) -> None:
    """Add no more jobs, for the reason that people are shown."""
    raise NotImplementedError


def resume(connection: Connection, kind: str, subject: str) -> None:
    """Go on with the first due time from now; what was due while it was paused is not made up for."""
    raise NotImplementedError


def count_failure(connection: Connection, kind: str, subject: str, *, pause_after: int, reason: str) -> bool:
    """Note that a job of it failed; returns whether that paused it, being the ``pause_after``th in a row."""
    raise NotImplementedError


def count_success(connection: Connection, kind: str, subject: str) -> None:
    """Note that a job of it succeeded: failures are counted anew."""
    raise NotImplementedError


def tick(database: Database, now: datetime | None = None) -> int:
    """Add the jobs of all schedules that are due; returns how many. Any number of processes may do so at once."""
    raise NotImplementedError
