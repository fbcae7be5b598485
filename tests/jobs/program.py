"""A worker for tests that kill and stop it.

``python program.py URL [--die MOMENT[:TIME]] [--stop MOMENT[:TIME]] [--careless]``

Its one handler writes a job's rows one by one, each in a transaction of the lease, and goes on where the rows end. What
it stores next is decided before that transaction begins, and ``--careless`` it never asks whether it still has the
job: whether a row is stored twice is up to the lease alone. It works until it is killed.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, insert, select

from headwater import moments
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, Worker, WorkerOptions
from headwater.store import Database

OPTIONS = WorkerOptions(lease=1.5, heartbeat=0.2, poll=0.1, parallel=2, grace=1.0)

metadata = MetaData()
stored = Table(
    "test_stored",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", String(36), nullable=False),
    Column("row", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
)
ends = Table(
    "test_ends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", String(36), nullable=False),
    Column("status", String(16), nullable=False),
    Column("pid", Integer, nullable=False),
)


class Storing:
    """Stores ``payload["rows"]`` rows, ``payload["pause"]`` seconds apart."""

    def __init__(self, *, careless: bool = False) -> None:
        self._careless = careless

    def run(self, lease: Lease) -> None:
        job = lease.job
        while True:
            with lease.database.read() as connection:
                count = select(func.count()).where(stored.c.job == job.id)
                row = connection.execute(count).scalar_one()
            if row >= job.payload["rows"]:
                return
            time.sleep(job.payload["pause"])
            if not self._careless:
                lease.check()
            with lease.begin() as connection:
                connection.execute(insert(stored).values(job=job.id, row=row, pid=os.getpid()))
                lease.advanced(connection)

    def may_pass(self, _error: Exception) -> bool:
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, _error: HeadwaterError | None) -> None:
        connection.execute(insert(ends).values(job=job.id, status=status, pid=os.getpid()))


def at(moment: str, sent: signal.Signals) -> None:
    """Send this process a signal when it comes to a moment for the given time."""
    name, _, which = moment.partition(":")
    left = [int(which or 1)]

    def come(_name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), sent)

    moments.on(name, come)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--die", default="")
    parser.add_argument("--stop", default="")
    parser.add_argument("--careless", action="store_true")
    arguments = parser.parse_args()
    if arguments.die:
        at(arguments.die, signal.SIGKILL)
    if arguments.stop:
        at(arguments.stop, signal.SIGSTOP)
    worker = Worker(Database(arguments.url), {"store": Storing(careless=arguments.careless)}, OPTIONS)
    print(f"at work {worker.id}", flush=True)
    worker.run(threading.Event())


if __name__ == "__main__":
    main()
