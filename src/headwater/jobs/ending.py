"""Ending a job: its row and what its handler does then, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection

from headwater import moments
from headwater.errors import HeadwaterError, JobError
from headwater.jobs import claims
from headwater.jobs.claims import MOST_LOST_IN_A_ROW, Claim
from headwater.jobs.clock import AWAY, moment_of_statement
from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job, JobStatus

__all__ = ["Ending", "conclude", "fate_of_dead", "presentable"]

log = logging.getLogger(__name__)

#: Begins the transaction that ends a job; None: there is nothing to end.
Begin = Callable[[], AbstractContextManager[tuple[Connection, Claim | None]]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ends."""

    status: JobStatus
    error: HeadwaterError | None = None


def conclude(begin: Begin, how: Callable[[Job], Ending], handlers: Mapping[str, Handler]) -> Job | None:
    """End a job; None where there is nothing to end, or it is another's.

    A handler whose ``ended`` fails must not leave the job running for ever: it ends as failed then, and without it.
    """
    try:
        with begin() as (connection, held):
            if held is None:
                return None
            ending = how(held.job)
            job = _end(connection, held, ending)
            if job is not None:
                handlers[job.kind].ended(connection, job, ending.status, ending.error)
            moments.reached("jobs.ending")
    except AWAY:
        raise
    except Exception as error:  # a handler's code raises what it likes; the job has to end
        failure = Ending("failed", presentable(error))
        log.error("the end of a job could not be written as its handler wants it", exc_info=error)
        with begin() as (connection, held):
            return None if held is None else _end(connection, held, failure)
    moments.reached("jobs.ended")
    return job


def fate_of_dead(job: Job) -> Ending:
    """How a job ends whose worker died, and which is not to be begun again."""
    if job.cancel_requested:
        return Ending("cancelled")
    in_a_row = job.lost + 1 >= MOST_LOST_IN_A_ROW
    times = f"{MOST_LOST_IN_A_ROW} times in a row" if in_a_row else f"{job.attempts - job.failed} times"
    return Ending(
        "failed",
        JobError(
            f"The process that worked on it died, was stopped or lost the database before it was done, {times}.",
            code="job.worker_died",
            place=job.subject,
            hint="See the log of the worker, and whether its machine has enough memory; then start it again.",
        ),
    )


def presentable(error: Exception) -> HeadwaterError:
    """An error as it may be shown: what was not raised for people may hold rows or secrets in its message."""
    if isinstance(error, HeadwaterError):
        return error
    if isinstance(error, AWAY):
        return JobError(
            "The metadata database could not be used.",
            code="job.database",
            hint="See that it runs, can be reached and has room on its disk.",
        )
    return JobError(
        f"The job ended with an unexpected error ({type(error).__name__}).",
        code="job.unexpected",
        hint="See the worker's log.",
    )


def _end(connection: Connection, held: Claim, ending: Ending) -> Job | None:
    error = None if ending.error is None else ending.error.to_dict()
    return claims.end(connection, held, ending.status, error, moment_of_statement(connection))
