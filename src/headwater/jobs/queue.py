"""Asking for jobs, looking at them, calling them off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from headwater.access import Actor
from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job, NewJob

__all__ = ["add", "get", "of_subject", "request_cancel"]


def add(connection: Connection, actor: Actor, new: NewJob, *, identifier: str | None = None) -> str:
    """Ask for a job; returns its id, or that of the one that has the same key.

    It is to be done once the caller's transaction is committed, and never was asked for when that is rolled back.
    ``identifier`` is the id it gets, where the caller wants to know it before.
    """
    raise NotImplementedError


def get(connection: Connection, job_id: str) -> Job | None:
    """A job."""
    raise NotImplementedError


def of_subject(connection: Connection, subject: str, *, active_only: bool = False, limit: int = 50) -> Sequence[Job]:
    """The newest jobs on a subject first; ``active_only``: those that are queued or running."""
    raise NotImplementedError


def request_cancel(connection: Connection, job_id: str, handlers: Mapping[str, Handler]) -> bool:
    """Call a job off: a queued one ends at once (``ended`` of its handler runs), a running one is told to end.

    Returns whether there was anything to call off.
    """
    raise NotImplementedError
