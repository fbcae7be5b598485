"""The worker: claims what is due, keeps its leases, runs handlers, ends jobs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job
from headwater.store import Database

__all__ = ["Worker", "WorkerOptions"]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works; all times in seconds.

    Attributes:
        lease: how long a job stays with a worker that is not heard of.
        heartbeat: how often leases are renewed, progress is written and requests to cancel are read.
        poll: how often it is looked whether something is due.
        parallel: how many jobs run at once.
        grace: how long running jobs may go on after the worker was told to stop.
    """

    lease: float = 30.0
    heartbeat: float = 1.0
    poll: float = 1.0
    parallel: int = 2
    grace: float = 5.0


class Worker:
    """Does jobs, side by side, until it is told to stop; any number of them work on one database."""

    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], options: WorkerOptions | None = None
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._options = options or WorkerOptions()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; then let jobs under way go on for the grace time, and give back the others."""
        raise NotImplementedError

    def run_one(self, job_id: str) -> Job:
        """Do exactly this job in the caller's thread, now, whatever else is due; returns it as it ended.

        A job whose worker died is taken over once its lease is over.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it has ended, or another worker has it or another job on its subject (``job.busy``).
        """
        raise NotImplementedError
