"""What a job is: a piece of work that outlives the process that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

__all__ = ["Job", "JobStatus", "NewJob"]

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be done.

    Attributes:
        kind: which handler does it.
        subject: what it works on, e.g. ``dataflow:12``; of the jobs on one subject, one runs at a time.
        payload: what the handler needs to know, as JSON; no secrets.
        key: whoever asks twice under one key asks for one job. None: every call adds one.
        due_at: not before then; None is now.
        max_attempts: after so many attempts that failed it is not begun again; attempts whose worker was lost are no
            failures of the work, and have a bound of their own (:mod:`headwater.jobs.claims`).
    """

    kind: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    due_at: datetime | None = None
    max_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was when it was read.

    ``attempts`` counts the one under way, ``failed`` those that ended by a failure, and ``lost`` those whose worker was
    lost, in a row and without getting ahead, up to now. ``error`` is {code, message, where, hint} of the last failure,
    also of one that is being tried again. ``started_at`` is when it was first begun.
    """

    id: str
    kind: str
    subject: str
    payload: Mapping[str, Any]
    status: JobStatus
    key: str | None
    due_at: datetime
    attempts: int
    failed: int
    max_attempts: int
    lost: int
    worker: str | None
    cancel_requested: bool
    progress: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: datetime
    created_by_id: str | None
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in {"queued", "running"}

    @classmethod
    def of(cls, row: Row[Any]) -> Job:
        """The job in a row of the table ``jobs``."""
        return cls(**{name: row._mapping[name] for name in cls.__slots__})
