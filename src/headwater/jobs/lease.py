"""The lease of a running job: what its handler writes through, and hears by that it has to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from headwater import moments
from headwater.errors import CancelRequestedError, LeaseLostError
from headwater.jobs import claims
from headwater.jobs.claims import Claim
from headwater.jobs.clock import AWAY, moment_of_statement
from headwater.store import Database

__all__ = ["Lease"]

#: How long to wait before a database that is away is asked again.
_AGAIN_SECONDS = 0.2


class Lease:
    """Held by a worker for one running job, and given to the job's handler. Any thread of the handler's may use it.

    Args:
        database: the metadata database.
        held: the job and the number that it was claimed under.
        seconds: for how long each renewal holds.
        since: the moment before it was claimed, by ``time.monotonic``.

    Attributes:
        job: the job, as it was when it was claimed.
        database: the metadata database; every ``begin()`` of it is this lease's.
        cancelled: set when somebody called the job off.
        lost: set when the job is, or may be, another worker's by now, or this worker is to stop.
    """

    def __init__(self, database: Database, held: Claim, seconds: float, *, since: float) -> None:
        self.job = held.job
        self.database = database.begun_by(self.begin)
        self.cancelled = threading.Event()
        self.lost = threading.Event()
        self._plain = database
        self._held = held
        self._seconds = seconds
        self._until = since + seconds
        self._writing = 0
        self._told: Mapping[str, Any] | None = None
        self._stopped = False
        self._lock = threading.Lock()
        if held.job.cancel_requested:
            self.cancelled.set()

    # -- the handler's ---------------------------------------------------------------------------------------------

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes, and that nobody commits who lost the job.

        First of all it renews the lease, which only its holder can; a database that is away is waited for as long as
        the lease lasts. Others can take the job from a worker that stops in the middle of one for longer than that, so
        nothing slow is done in it. A thread that is in one begins no second one: it would wait for itself.

        Raises:
            LeaseLostError: the job is another's; nothing was written.
        """
        opened, connection, renewed = self._opened()
        with self._holding(), opened:
            yield connection
            moments.reached("jobs.lease.written")
            if time.monotonic() - renewed > self._seconds / 2:
                renewed = self._renew(connection)
        self._extend(renewed)

    def check(self) -> None:
        """Go on only while the job is ours and wanted. Cheap: it asks no database.

        Raises:
            LeaseLostError: the lease is over, or the worker stops (``job.stopped``).
            CancelRequestedError: somebody called the job off.
        """
        if self.is_over():
            self.lost.set()
        if self.lost.is_set():
            raise self._loss()
        if self.cancelled.is_set():
            raise CancelRequestedError("The job was called off.", place=self.job.subject)

    def advanced(self, connection: Connection) -> None:
        """Say, in one of its transactions, that what that writes need not be done again by whoever goes on.

        Only what brings the end of the job nearer counts: a job may lose but a few workers in a row that did not.
        """
        if self.job.lost:
            claims.advance(connection, self._held)

    def tell(self, progress: Mapping[str, Any]) -> None:
        """Say how far it is; what was said last is written about once a second."""
        with self._lock:
            self._told = dict(progress)

    # -- the worker's ----------------------------------------------------------------------------------------------

    @property
    def stopped(self) -> bool:
        """Whether it ends because its worker does."""
        return self._stopped

    def beat(self) -> None:
        """Renew it, write what was told, and hear whether the job is to end. Lost when it is another's, or over."""
        started = time.monotonic()
        with self._lock:
            told, self._told = self._told, None
        try:
            with self._plain.begin() as connection:
                self._bound(connection)
                found = claims.beat(connection, self._held, moment_of_statement(connection), self._lease(), told)
        except AWAY:
            self._tell_again(told)
            if self.is_over():
                self.lost.set()
            return
        if found.renewed:
            self._extend(started)
        else:
            self._tell_again(told)
        if found.cancel_requested:
            self.cancelled.set()
        if not found.held:
            self.lost.set()

    def stop(self) -> None:
        """Have the handler end, because the worker does."""
        self._stopped = True
        self.lost.set()

    @contextmanager
    def ending(self) -> Iterator[tuple[Connection, Claim]]:
        """The transaction that ends the job, or gives it back; it renews nothing, for that is over then."""
        with self._plain.begin() as connection:
            yield connection, self._held

    def is_over(self) -> bool:
        """Whether it lasts no longer, as far as is known here: not while a transaction holds the job's row."""
        with self._lock:
            return self._writing == 0 and time.monotonic() > self._until

    # -- within ----------------------------------------------------------------------------------------------------

    def _opened(self) -> tuple[ExitStack, Connection, float]:
        """A transaction that has renewed the lease, to be committed by leaving the stack; and when it did."""
        while True:
            if self.lost.is_set():
                raise self._loss()
            try:
                with ExitStack() as stack:
                    connection = stack.enter_context(self._plain.begin())
                    self._bound(connection)
                    renewed = self._renew(connection)
                    return stack.pop_all(), connection, renewed
            except AWAY:
                if self.is_over():
                    self.lost.set()
                elif self.lost.wait(_AGAIN_SECONDS):
                    raise self._loss() from None

    def _renew(self, connection: Connection) -> float:
        started = time.monotonic()
        if not claims.renew(connection, self._held, moment_of_statement(connection), self._lease()):
            self.lost.set()
            raise self._loss()
        return started

    def _bound(self, connection: Connection) -> None:
        """Have PostgreSQL end a transaction whose worker was stopped in it: it would keep the job from all others."""
        if connection.dialect.name == "postgresql":
            milliseconds = str(int(self._seconds * 1000))
            connection.execute(select(func.set_config("idle_in_transaction_session_timeout", milliseconds, True)))

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Note that a transaction holds the job's row: nobody can take the job then, however long it takes."""
        with self._lock:
            self._writing += 1
        try:
            yield
        finally:
            with self._lock:
                self._writing -= 1

    def _lease(self) -> timedelta:
        return timedelta(seconds=self._seconds)

    def _extend(self, since: float) -> None:
        with self._lock:
            self._until = max(self._until, since + self._seconds)

    def _tell_again(self, told: Mapping[str, Any] | None) -> None:
        with self._lock:
            if self._told is None:
                self._told = told

    def _loss(self) -> LeaseLostError:
        if self._stopped:
            return LeaseLostError("The worker stops; another one goes on.", place=self.job.subject, code="job.stopped")
        return LeaseLostError(
            "The job's lease was lost: another worker has it, or may have.",
            place=self.job.subject,
            hint="Nothing more was written here. The worker that has the job goes on with it.",
        )
