"""One attempt at a job: run its handler, then write what came of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from headwater.errors import HeadwaterError
from headwater.jobs import claims
from headwater.jobs.clock import AWAY, moment_of_statement
from headwater.jobs.ending import Ending, conclude, presentable
from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job
from headwater.jobs.lease import Lease
from headwater.jobs.retrying import may_pass, pause

__all__ = ["Attempt", "Outcome"]

log = logging.getLogger(__name__)

#: How long to wait before a database that is away is asked again.
_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the job's end, another attempt later, giving it back, or nothing that may be written."""

    what: Literal["succeeded", "failed", "cancelled", "again", "given_back", "lost"]
    error: HeadwaterError | None = None
    interrupted: bool = False


class Attempt:
    """One attempt at a job that was claimed.

    Args:
        lease: the job's.
        handlers: what does each kind of job.
        chance: by which pauses between attempts differ.
    """

    def __init__(self, lease: Lease, handlers: Mapping[str, Handler], chance: random.Random) -> None:
        self._lease = lease
        self._handlers = handlers
        self._chance = chance

    def run(self) -> Outcome:
        """Run the handler; whatever it raises comes to an outcome."""
        try:
            self._lease.check()
            self._handlers[self._lease.job.kind].run(self._lease)
        except KeyboardInterrupt:
            return Outcome("cancelled", interrupted=True)
        except Exception as error:  # noqa: BLE001 -- a handler's code raises what it likes; the job has to end
            return self._failure(error)
        return Outcome("succeeded")

    def settle(self, outcome: Outcome) -> Job | None:
        """Write what came of it, waiting for a database that is away as long as the lease lasts.

        None: the job is another's by now, or will be, and nothing was written.
        """
        while outcome.what != "lost":
            try:
                return self._write(outcome)
            except AWAY:
                if self._lease.is_over():
                    break
                self._lease.lost.wait(_AGAIN_SECONDS)
        return None

    def _failure(self, error: Exception) -> Outcome:
        lease, job = self._lease, self._lease.job
        if lease.lost.is_set():
            return Outcome("given_back" if lease.stopped else "lost")
        if lease.cancelled.is_set():
            return Outcome("cancelled")
        shown = presentable(error)
        if shown is not error:
            log.error("unexpected error in a job of kind %s", job.kind, exc_info=error)
        passing = may_pass(error) or self._handlers[job.kind].may_pass(error)
        return Outcome("again" if passing and job.failed + 1 < job.max_attempts else "failed", shown)

    def _write(self, outcome: Outcome) -> Job | None:
        match outcome.what:
            case "succeeded" | "failed" | "cancelled":
                ending = Ending(outcome.what, outcome.error)
                return conclude(self._lease.ending, lambda _job: ending, self._handlers)
            case "again":
                return self._again(outcome)
            case _:
                with self._lease.ending() as (connection, held):
                    return claims.give_back(connection, held)

    def _again(self, outcome: Outcome) -> Job | None:
        error = {} if outcome.error is None else outcome.error.to_dict()
        with self._lease.ending() as (connection, held):
            due = moment_of_statement(connection) + pause(self._lease.job.failed + 1, self._chance)
            return claims.retry(connection, held, error, due)
