"""What does a kind of job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection

from headwater.errors import HeadwaterError
from headwater.jobs.job import Job, JobStatus

if TYPE_CHECKING:
    from headwater.jobs.lease import Lease

__all__ = ["Handler"]


class Handler(Protocol):
    """Does the jobs of one kind. One handler serves many jobs at once, each in a thread of its own."""

    def run(self, lease: Lease) -> None:
        """Do the job, or go on with it where an earlier attempt ended.

        It returns when the job is done. What it raises makes the job fail, unless that may pass by itself and attempts
        are left: then it is begun again after a while. It calls ``lease.check()`` often, lets what that raises
        through, and writes through ``lease.begin()`` or ``lease.database`` only.
        """

    def may_pass(self, error: Exception) -> bool:
        """Whether the same work may succeed later; asked besides the worker's own rule (the network, the database)."""

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Do what belongs to the end of a job, in the very transaction that ends it.

        Called once for each job, also where ``run`` never was, or was not to its end: cancelled in the queue, or its
        attempts used up by processes that died. ``status`` is succeeded, failed or cancelled; ``job`` is as it is
        after that. It does little: other processes may wait for the transaction.
        """
