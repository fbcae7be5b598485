"""``headwater worker``."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

from headwater.app.runtime import Headwater
from headwater.cli.output import say, show
from headwater.jobs import Job, Worker, WorkerOptions


def run(home: Path, *, parallel: int, poll: float, grace: float) -> None:
    """Do jobs of a home folder until SIGINT or SIGTERM; a second one ends what is under way at once."""
    options = WorkerOptions(parallel=parallel, poll=poll, grace=grace)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.default_int_handler)

    with Headwater.open(home) as app:
        app.check_keys()
        worker = Worker(app.database, app.job_handlers, options, watch=_tell)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, end)
        say(f"Worker {worker.id} does up to {parallel} jobs at once. Ctrl+C ends it.")
        worker.run(stop)
    say("The worker has stopped.")


def _tell(job: Job) -> None:
    """A line for a job that is over, or goes back to the queue."""
    if job.status == "running":
        return
    reason = "" if job.error is None else f"\t{job.error['code']}: {job.error['message']}"
    show(f"{job.status}\t{job.kind}\t{job.subject}\t{job.id}{reason}")
