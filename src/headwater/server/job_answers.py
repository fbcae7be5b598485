"""What the API answers about jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from headwater import jobs
from headwater.server.answers import Answer, Problem

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
"""How a job stands."""


class Job(Answer):
    """A piece of work on a ``subject``, begun so many times (``attempts``); ``progress`` is how far it is.

    ``failed`` of the attempts failed, and ``max_attempts`` may; ``lost`` is how many of the latest lost their worker.

    ``error`` is the last failure: of a job that failed, and of one that waits for its next attempt.
    """

    id: str
    kind: str
    subject: str
    status: JobStatus
    due_at: datetime
    attempts: int
    failed: int
    max_attempts: int
    lost: int
    cancel_requested: bool
    progress: dict[str, Any] | None
    error: Problem | None
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, job: jobs.Job) -> Job:
        """The answer for a job; what its handler was told stays within."""
        values = {name: getattr(job, name) for name in cls.model_fields if name != "error"}
        return cls(**values, error=None if job.error is None else Problem.model_validate(dict(job.error)))


class Jobs(Answer):
    """``after`` goes into the request for the next page; null: there is none. ``total`` counts all that match."""

    total: int
    after: str | None
    value: list[Job]
