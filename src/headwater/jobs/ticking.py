"""What is due by schedules becomes jobs: one for a due time, however many workers look at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile

from sqlalchemy import Connection, exists, select, update

from headwater import moments
from headwater.access import Actor, Via
from headwater.errors import UsageError
from headwater.jobs import cron, queue
from headwater.jobs.clock import database_clock
from headwater.jobs.job import NewJob
from headwater.jobs.schedules import Schedule
from headwater.store import Database, tables

__all__ = ["MISSED_AFTER", "MOST_MADE_UP", "tick"]

#: A due time counts as missed when no worker has looked for so long after it.
MISSED_AFTER = timedelta(minutes=5)

#: How many missed due times are made up for at most, the latest, where each gets a job.
MOST_MADE_UP = 100

#: How many schedules one transaction takes; others wait for it.
_AT_ONCE = 50

_SCHEDULER = Actor(None, "schedule", Via.SYSTEM)
_schedules = tables.schedules
_schedule = tables.schedules.c
_job = tables.jobs.c


def tick(database: Database, now: datetime | None = None) -> int:
    """Add the jobs of all schedules that are due; returns how many. Any number of processes may do so at once.

    Args:
        database: the metadata database.
        now: what the time is; None asks the database.
    """
    added = 0
    while True:
        with database.read() as connection:
            moment = now or database_clock(connection)
            if not connection.scalar(select(exists().where(_schedule.next_due <= moment))):
                return added
        with database.begin() as connection:
            found = _due(connection, moment)
            added += sum(_serve(connection, schedule, moment) for schedule in found)
            moments.reached("jobs.ticked")
        if not found:
            # Another worker has them in its hands.
            return added


def _due(connection: Connection, now: datetime) -> list[Schedule]:
    """Schedules that are due and that nobody else has in its hands, locked."""
    query = select(_schedules).where(_schedule.next_due <= now).order_by(_schedule.next_due, _schedule.id)
    rows = connection.execute(query.limit(_AT_ONCE).with_for_update(skip_locked=True))
    return [Schedule.of(row) for row in rows]


def _serve(connection: Connection, schedule: Schedule, now: datetime) -> int:
    """Add the jobs of a schedule, and write when it is due next; returns how many jobs."""
    this = update(_schedules).where(_schedule.id == schedule.id)
    try:
        times = _to_do(schedule, now)
        following = next(cron.due_after(schedule.cron, schedule.time_zone, now), None)
    except UsageError as error:
        # It could be used when it was saved: the machine's time zones have changed.
        connection.execute(this.values(paused=True, paused_reason=error.message, next_due=None, changed_at=now))
        return 0
    if schedule.missed != "all" and _waits(connection, schedule):
        times = []
    for due in times:
        queue.add(connection, _SCHEDULER, _job_of(schedule, due))
    connection.execute(this.values(next_due=following))
    return len(times)


def _to_do(schedule: Schedule, now: datetime) -> list[datetime]:
    """The due times that get a job, the earliest first."""
    first = schedule.next_due
    if first is None:
        return []
    before = cron.due_before(schedule.cron, schedule.time_zone, now)
    passed = list(islice(takewhile(lambda due: due >= first, before), MOST_MADE_UP if schedule.missed == "all" else 1))
    # The expression may have been another one when the first was set.
    passed = passed or [first]
    if schedule.missed == "skip":
        passed = [due for due in passed if now - due <= MISSED_AFTER]
    return passed[::-1]


def _waits(connection: Connection, schedule: Schedule) -> bool:
    """Whether a job of the schedule's has not begun yet: it does for this time too."""
    same = (_job.kind == schedule.kind, _job.subject == schedule.subject, _job.status == "queued")
    return bool(connection.scalar(select(exists().where(*same, _job.key.like(f"schedule:{schedule.id}@%")))))


def _job_of(schedule: Schedule, due: datetime) -> NewJob:
    return NewJob(
        schedule.kind,
        schedule.subject,
        schedule.payload,
        key=f"schedule:{schedule.id}@{due.isoformat()}",
        due_at=due,
        max_attempts=schedule.max_attempts,
    )
