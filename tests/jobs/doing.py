"""Handlers that do little, and say what was asked of them; and what tests do again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from headwater.access import SYSTEM
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewJob, Worker, WorkerOptions, queue
from headwater.store import Database

#: Everything at once, for tests: a lease that is over soon, and no waiting.
FAST = WorkerOptions(lease=2.5, heartbeat=0.1, poll=0.05, parallel=2, grace=0.3)
SECONDS = 30


class Doing:
    """A handler of which a test says what it does; it notes each run and each end."""

    def __init__(
        self, do: Callable[[Lease], None] = lambda _lease: None, *, passes: tuple[type[Exception], ...] = ()
    ) -> None:
        self._do = do
        self._passes = passes
        self.begun: list[str] = []
        self.ends: list[tuple[str, JobStatus, str | None]] = []

    def run(self, lease: Lease) -> None:
        self.begun.append(lease.job.id)
        self._do(lease)

    def may_pass(self, error: Exception) -> bool:
        return isinstance(error, self._passes)

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        assert job.status == status
        self.ends.append((job.id, status, None if error is None else error.code))


def ask(database: Database, subject: str = "thing:1", *, kind: str = "do", **more: Any) -> str:
    with database.begin() as connection:
        return queue.add(connection, SYSTEM, NewJob(kind, subject, **more))


def look(database: Database, job_id: str) -> Job:
    with database.read() as connection:
        job = queue.get(connection, job_id)
    assert job is not None
    return job


def until(condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    """Wait until something holds; it has to in the end."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def wait_for(event: threading.Event) -> None:
    assert event.wait(SECONDS), "it never came to that"


@contextmanager
def working(
    database: Database, handlers: Mapping[str, Any], options: WorkerOptions = FAST
) -> Iterator[tuple[Worker, threading.Event]]:
    """A worker at work, and the event that stops it; what it raises fails the test."""
    worker, stop = Worker(database, handlers, options), threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            worker.run(stop)
        except BaseException as error:  # noqa: BLE001 -- shown by the test's own thread
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield worker, stop
    finally:
        stop.set()
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert not raised, raised
