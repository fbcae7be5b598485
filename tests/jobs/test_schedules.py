from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from tests.jobs.doing import Doing, look, until, working

from headwater.errors import NotFoundError, UsageError
from headwater.jobs import Job, NewSchedule, Schedule, Worker, queue, schedules, tick
from headwater.jobs.schedules import MissedPolicy
from headwater.jobs.ticking import MOST_MADE_UP
from headwater.store import Database, tables, utc_now

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def put(
    database: Database,
    cron: str = "0 * * * *",
    *,
    missed: MissedPolicy = "once",
    due: datetime = NOON,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """A schedule that is due at a moment."""
    with database.begin() as connection:
        schedules.put(connection, NewSchedule("do", "thing:1", payload or {}, cron, "UTC", missed))
        connection.execute(update(tables.schedules).values(next_due=due))


def found(database: Database) -> Schedule:
    with database.read() as connection:
        schedule = schedules.get(connection, "do", "thing:1")
    assert schedule is not None
    return schedule


def jobs(database: Database) -> list[Job]:
    with database.read() as connection:
        return list(queue.of_subject(connection, "thing:1", limit=1000))[::-1]


class TestBeingDue:
    def test_a_due_time_becomes_a_job(self, database: Database) -> None:
        put(database, payload={"trigger": "schedule"})
        assert tick(database, NOON - timedelta(seconds=1)) == 0
        assert tick(database, NOON + timedelta(seconds=1)) == 1
        (job,) = jobs(database)
        schedule = found(database)
        assert job.key == f"schedule:{schedule.id}@2026-06-01T12:00:00+00:00"
        assert (job.kind, job.subject, job.due_at, job.created_by) == ("do", "thing:1", NOON, "schedule")
        assert (job.payload, schedule.next_due) == ({"trigger": "schedule"}, NOON + HOUR)

    def test_a_due_time_becomes_one_job(self, database: Database) -> None:
        put(database)
        assert [tick(database, NOON), tick(database, NOON)] == [1, 0]
        # Even if it were due a second time.
        put(database)
        Worker(database, {"do": Doing()}).run_one(jobs(database)[0].id)
        tick(database, NOON)
        assert len(jobs(database)) == 1

    def test_many_schedulers_add_one_job_a_due_time(self, database: Database) -> None:
        with database.begin() as connection:
            for number in range(120):
                schedules.put(connection, NewSchedule("do", f"thing:{number}", {}, "0 * * * *"))
            connection.execute(update(tables.schedules).values(next_due=NOON))
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(tick(database, NOON))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with database.read() as connection:
            keys = connection.execute(select(tables.jobs.c.key)).scalars().all()
        assert (sum(counts), len(keys), len(set(keys))) == (120, 120, 120)

    def test_any_worker_looks_for_what_is_due(self, database: Database) -> None:
        doing = Doing()
        put(database, due=utc_now() - timedelta(seconds=1))
        with working(database, {"do": doing}):
            until(lambda: doing.ends)
        assert found(database).next_due > utc_now()  # type: ignore[operator] # not None: it is every hour

    def test_a_job_that_waits_stands_for_the_next_time_too(self, database: Database) -> None:
        put(database)
        assert [tick(database, NOON), tick(database, NOON + HOUR), tick(database, NOON + 2 * HOUR)] == [1, 0, 0]
        Worker(database, {"do": Doing()}).run_one(jobs(database)[0].id)
        assert tick(database, NOON + 3 * HOUR) == 1


class TestMissed:
    """Nobody looked for five hours and ten minutes, and it was due at six times."""

    LATER = NOON + 5 * HOUR + timedelta(minutes=10)

    def test_once_is_the_latest(self, database: Database) -> None:
        put(database, missed="once")
        assert tick(database, self.LATER) == 1
        assert [job.due_at for job in jobs(database)] == [NOON + 5 * HOUR]
        assert found(database).next_due == NOON + 6 * HOUR

    def test_skip_is_none(self, database: Database) -> None:
        put(database, missed="skip")
        assert tick(database, self.LATER) == 0
        assert found(database).next_due == NOON + 6 * HOUR

    def test_what_is_a_little_late_was_not_missed(self, database: Database) -> None:
        put(database, missed="skip")
        assert tick(database, NOON + 5 * HOUR + timedelta(minutes=4)) == 1
        assert [job.due_at for job in jobs(database)] == [NOON + 5 * HOUR]

    def test_all_is_each(self, database: Database) -> None:
        put(database, missed="all")
        assert tick(database, self.LATER) == 6
        assert [job.due_at for job in jobs(database)] == [NOON + hour * HOUR for hour in range(6)]

    def test_all_is_bounded(self, database: Database) -> None:
        put(database, "* * * * *", missed="all")
        assert tick(database, NOON + timedelta(days=300)) == MOST_MADE_UP
        assert jobs(database)[-1].due_at == NOON + timedelta(days=300)
        assert tick(database, NOON + timedelta(days=300)) == 0


class TestChanging:
    def test_a_new_expression_counts_from_now_and_the_same_one_stays_due(self, database: Database) -> None:
        put(database)
        with database.begin() as connection:
            schedules.put(connection, NewSchedule("do", "thing:1", {"new": 1}, "0 * * * *", missed="all"))
        assert (found(database).next_due, found(database).missed, found(database).payload) == (NOON, "all", {"new": 1})
        with database.begin() as connection:
            schedules.put(connection, NewSchedule("do", "thing:1", {}, "0 6 * * *", "Europe/Berlin"))
        assert found(database).next_due != NOON
        assert found(database).next_due > utc_now()  # type: ignore[operator] # not None: it is daily

    def test_what_cannot_be_used_is_refused(self, database: Database) -> None:
        for new in (NewSchedule("do", "x", {}, "daily"), NewSchedule("do", "x", {}, "0 6 * * *", "Atlantis")):
            with pytest.raises(UsageError), database.begin() as connection:
                schedules.put(connection, new)

    def test_a_paused_one_is_not_due_and_goes_on_from_now(self, database: Database) -> None:
        put(database)
        with database.begin() as connection:
            schedules.pause(connection, "do", "thing:1", "On holiday.")
        assert (found(database).paused, found(database).paused_reason) == (True, "On holiday.")
        assert tick(database, NOON) == 0
        put_again = NewSchedule("do", "thing:1", {}, "30 * * * *")
        with database.begin() as connection:
            schedules.put(connection, put_again)
        assert found(database).next_due is None
        with database.begin() as connection:
            schedules.resume(connection, "do", "thing:1")
        assert (found(database).paused, found(database).paused_reason) == (False, None)
        assert found(database).next_due > utc_now()  # type: ignore[operator] # not None: it goes on

    def test_some_failures_in_a_row_pause_it(self, database: Database) -> None:
        put(database)

        def fail() -> bool:
            with database.begin() as connection:
                return schedules.count_failure(connection, "do", "thing:1", pause_after=3, reason="Three failed.")

        assert [fail(), fail()] == [False, False]
        with database.begin() as connection:
            schedules.count_success(connection, "do", "thing:1")
        assert [fail(), fail(), fail()] == [False, False, True]
        assert (found(database).paused_reason, found(database).next_due) == ("Three failed.", None)
        with database.begin() as connection:
            schedules.resume(connection, "do", "thing:1")
        assert found(database).failures == 0

    def test_what_is_removed_is_gone(self, database: Database) -> None:
        put(database)
        with database.begin() as connection:
            schedules.remove(connection, "do", "thing:1")
            assert schedules.get(connection, "do", "thing:1") is None
        with pytest.raises(NotFoundError), database.begin() as connection:
            schedules.pause(connection, "do", "thing:1", "Why not.")
        assert tick(database, NOON) == 0

    def test_one_whose_zone_is_gone_is_paused_and_holds_up_no_other(self, database: Database) -> None:
        put(database)
        with database.begin() as connection:
            connection.execute(update(tables.schedules).values(time_zone="Atlantis"))
        assert tick(database, NOON) == 0
        assert "Atlantis" in (found(database).paused_reason or "")

    def test_a_job_outlives_its_schedule(self, database: Database) -> None:
        put(database)
        tick(database, NOON)
        with database.begin() as connection:
            connection.execute(delete(tables.schedules))
        assert look(database, jobs(database)[0].id).status == "queued"
