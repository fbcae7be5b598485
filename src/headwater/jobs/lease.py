"""The lease of a running job: what its handler writes through, and hears by that it has to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from headwater.jobs.job import Job
from headwater.store import Database

__all__ = ["Lease"]


class Lease:
    """Held by a worker for one running job, and given to the job's handler.

    Attributes:
        job: the job, as it was when it was claimed.
        database: the metadata database; every ``begin()`` of it is this lease's.
        cancelled: set when somebody called the job off.
        lost: set when the job is, or may be, another worker's by now, or this worker is to stop.
    """

    job: Job
    database: Database
    cancelled: threading.Event
    lost: threading.Event

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes, and that nobody commits who lost the job.

        First of all it renews the lease, which only its holder can.

        Raises:
            LeaseLostError: the job is another's; nothing was written.
        """
        raise NotImplementedError
        yield

    def check(self) -> None:
        """Go on only while the job is ours and wanted. Cheap: it asks no database.

        Raises:
            LeaseLostError: the lease is over, or the worker stops.
            CancelRequestedError: somebody called the job off.
        """
        raise NotImplementedError

    def tell(self, progress: Mapping[str, Any]) -> None:
        """Say how far it is; what was said last is written about once a second."""
        raise NotImplementedError
