"""The worker: claims what is due, keeps its leases, runs handlers, ends jobs."""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headwater import moments
from headwater.errors import ConflictError, LeaseLostError, NotFoundError, UsageError
from headwater.jobs import claims, presence, queue
from headwater.jobs.attempts import Attempt, Outcome
from headwater.jobs.claims import Claim
from headwater.jobs.clock import AWAY, Moment, database_clock, moment_of_statement
from headwater.jobs.ending import conclude, fate_of_dead
from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job
from headwater.jobs.lease import Lease
from headwater.jobs.ticking import tick
from headwater.store import Database

__all__ = ["Worker", "WorkerOptions"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker works; all times in seconds.

    Attributes:
        lease: how long a job stays with a worker that is not heard of.
        heartbeat: how often leases are renewed, progress is written and requests to cancel are read.
        poll: how often it is looked whether something is due.
        parallel: how many jobs run at once.
        grace: how long running jobs may go on after the worker was told to stop.
        keep_days: how long jobs that have ended are kept.

    Raises:
        UsageError: they do not go together (``worker.options``).
    """

    lease: float = 30.0
    heartbeat: float = 1.0
    poll: float = 1.0
    parallel: int = 2
    grace: float = 5.0
    keep_days: float = 30.0

    def __post_init__(self) -> None:
        if min(self.lease, self.heartbeat, self.poll, self.parallel) <= 0 or self.lease < 3 * self.heartbeat:
            raise UsageError(
                "A lease lasts three heartbeats at least, and every time is more than nothing.",
                code="worker.options",
                hint="Give more --parallel, a longer --poll.",
            )


class Worker:
    """Does jobs, side by side, until it is told to stop; any number of them work on one database.

    Args:
        database: the metadata database.
        handlers: what does each kind of job; others are left to other workers.
        options: how it works.
        watch: called with each job as it was claimed, and as it was when this worker was done with it.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        options: WorkerOptions | None = None,
        *,
        watch: Callable[[Job], None] | None = None,
    ) -> None:
        self.id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._database = database
        self._handlers = handlers
        self._options = options or WorkerOptions()
        self._watch = watch or (lambda _job: None)
        self._chance = random.Random()  # noqa: S311 -- spreads attempts over time, and keeps nothing secret
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._news = threading.Semaphore(0)
        self._broken: list[BaseException] = []
        self._cleaned = 0.0

    # -- many jobs -------------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; then let jobs under way go on for the grace time, and give back the others."""
        hands = [self._thread(self._work, stop) for _ in range(self._options.parallel)]
        with self._at_work():
            for hand in hands:
                hand.start()
            while not (stop.is_set() or self._broken):
                with self._unless_away():
                    self._look_around()
                stop.wait(self._options.poll)
            stop.set()
            self._wake(len(hands))
            self._let_go(hands)
        if self._broken:
            raise self._broken[0]

    def _work(self, stop: threading.Event) -> None:
        idle = False
        while not stop.is_set():
            idle = not self._next(idle)
            if idle:
                self._news.acquire(timeout=self._options.poll)

    def _next(self, idle: bool) -> bool:
        """Do a job that is due; whether there was one. Who is idle looks first, and locks nothing."""
        with self._unless_away():
            if idle and not self._finds(claims.is_any_due):
                return False
            try:
                lease = self._claim()
            except IntegrityError:
                # Another worker began a job on the same subject in this very moment: there may be others.
                return True
            if lease is not None:
                self._attempt(lease)
                return True
        return False

    def _look_around(self) -> None:
        """What any worker does for all: jobs of schedules that are due, jobs of the dead, old jobs forgotten."""
        found = tick(self._database)
        if self._finds(claims.is_any_left):
            with self._database.begin() as connection:
                found += claims.requeue(connection, self._handlers, moment_of_statement(connection))
            while self._conclude_dead() is not None:
                pass
        self._wake(found)
        if time.monotonic() > self._cleaned:
            with self._database.begin() as connection:
                queue.forget_ended(connection, database_clock(connection) - timedelta(days=self._options.keep_days))
            self._cleaned = time.monotonic() + 3600

    def _wake(self, hands: int) -> None:
        """Have as many of the hands as have something to do look for it now."""
        if hands:
            self._news.release(min(hands, self._options.parallel))

    def _finds(self, look: Callable[[Connection, Iterable[str], Moment], bool]) -> bool:
        with self._database.read() as connection:
            return look(connection, self._handlers, moment_of_statement(connection))

    def _let_go(self, hands: list[threading.Thread]) -> None:
        _join(hands, self._options.grace)
        for lease in self._held():
            lease.stop()
        _join(hands, self._options.grace)
        # Who does not listen is left alone: what it holds can be claimed by others, and it can write nothing more.
        for lease in self._held():
            with suppress(*AWAY), lease.ending() as (connection, held):
                claims.give_back(connection, held)

    # -- one job ---------------------------------------------------------------------------------------------------

    def run_one(self, job_id: str) -> Job:
        """Do exactly this job in the caller's thread, now, whatever else is due; returns it as it ended.

        A job whose worker died is taken over once its lease is over. An attempt that fails and may succeed later is
        followed by another one, after a pause. Ctrl+C calls the job off.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it has ended (``job.ended``), or another worker has it or another job on its subject
                (``job.busy``).
            LeaseLostError: another worker took the job over meanwhile.
            UsageError: it is of a kind that this worker does not know (``job.kind``).
        """
        with self._at_work():
            while True:
                lease = self._claim_this(job_id)
                job = self._conclude_dead(job_id) if lease is None else self._attempt(lease)
                if job is None:
                    raise (
                        self._refusal(job_id)
                        if lease is None
                        else LeaseLostError("Another worker took the job over.", place=job_id, hint="Watch it there.")
                    )
                if job.has_ended:
                    return job
                self._wait_for(job)

    def _claim_this(self, job_id: str) -> Lease | None:
        try:
            return self._claim(job_id)
        except IntegrityError:
            return None

    def _refusal(self, job_id: str) -> NotFoundError | ConflictError | UsageError:
        with self._database.read() as connection:
            job = queue.get(connection, job_id)
        if job is None:
            return NotFoundError(f"There is no job '{job_id}'.", hint="List those there are.")
        if job.kind not in self._handlers:
            return UsageError(f"No handler does jobs of kind '{job.kind}' here.", code="job.kind", place=job_id)
        if job.has_ended:
            return ConflictError(f"The job has ended: {job.status}.", code="job.ended", place=job_id)
        return ConflictError(
            f"Another worker is at work on '{job.subject}'.",
            code="job.busy",
            place=job_id,
            hint="Wait until that has ended, or call it off.",
        )

    def _wait_for(self, job: Job) -> None:
        with self._database.read() as connection:
            pause = job.due_at - database_clock(connection)
        time.sleep(max(0.0, pause.total_seconds()))

    # -- both ------------------------------------------------------------------------------------------------------

    def _claim(self, job_id: str | None = None) -> Lease | None:
        since, seconds = time.monotonic(), self._options.lease
        length, kinds = timedelta(seconds=seconds), self._handlers
        with self._database.begin() as connection:
            now = moment_of_statement(connection)
            if job_id is None:
                held = claims.claim(connection, self.id, kinds, now=now, lease=length)
            else:
                held = claims.claim_this(connection, self.id, kinds, job_id, now=now, lease=length)
        if held is None:
            return None
        lease = Lease(self._database, held, seconds, since=since)
        with self._lock:
            self._leases[lease.job.id] = lease
        moments.reached("jobs.claimed")
        return lease

    def _attempt(self, lease: Lease) -> Job | None:
        """Do a job that was claimed; returns it as it is then, None where it is another's."""
        self._watch(lease.job)
        attempt = Attempt(lease, self._handlers, self._chance)
        try:
            outcome = attempt.run()
            job = attempt.settle(outcome)
        finally:
            with self._lock:
                del self._leases[lease.job.id]
        if job is None:
            log.warning("the lease of job %s was lost", lease.job.id)
        else:
            self._watch(job)
        _raise_interrupt(outcome)
        return job

    def _conclude_dead(self, job_id: str | None = None) -> Job | None:
        """End a job that died with its worker and is not to be begun again."""

        @contextmanager
        def begin() -> Iterator[tuple[Connection, Claim | None]]:
            with self._database.begin() as connection:
                yield connection, claims.used_up(connection, self._handlers, moment_of_statement(connection), job_id)

        return conclude(begin, fate_of_dead, self._handlers)

    def _held(self) -> list[Lease]:
        with self._lock:
            return list(self._leases.values())

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Known to live, with a thread that renews leases, until the block ends."""
        over = threading.Event()
        heart = self._thread(self._beat, over)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join(self._options.lease)
            with suppress(*AWAY), self._database.begin() as connection:
                presence.leave(connection, self.id)

    def _beat(self, over: threading.Event) -> None:
        seen = 0.0
        while True:
            for lease in self._held():
                lease.beat()
            if time.monotonic() > seen:
                with self._unless_away(), self._database.begin() as connection:
                    presence.seen(connection, self.id, socket.gethostname(), os.getpid(), database_clock(connection))
                seen = time.monotonic() + self._options.lease / 3
            if over.wait(self._options.heartbeat):
                return

    @contextmanager
    def _unless_away(self) -> Iterator[None]:
        """Go on after the block when the database is away: it is asked again at the next round."""
        try:
            yield
        except AWAY as error:
            log.warning("the metadata database cannot be used just now, and is asked again: %s", error.orig)

    def _thread(self, target: Callable[[threading.Event], None], end: threading.Event) -> threading.Thread:
        """A thread whose failure ends the worker, instead of leaving it without a hand."""

        def run() -> None:
            try:
                target(end)
            except BaseException as error:  # noqa: BLE001 -- handed to the thread that runs the worker
                self._broken.append(error)

        return threading.Thread(target=run, daemon=True)


def _join(threads: list[threading.Thread], seconds: float) -> None:
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _raise_interrupt(outcome: Outcome) -> None:
    if outcome.interrupted:
        raise KeyboardInterrupt
