"""Durable work: jobs with their leases, what is due when, and who is at work."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false, text

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import GUID, JsonValue, UtcDateTime

__all__ = ["JOB_STATUSES", "MISSED_POLICIES", "jobs", "schedules", "workers"]

JOB_STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
MISSED_POLICIES = ("once", "skip", "all")

jobs = Table(
    "jobs",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("kind", String(64), nullable=False),
    # What it works on, e.g. "dataflow:12": of two jobs on one subject, one runs at a time.
    Column("subject", String(255), nullable=False),
    Column("payload", JsonValue, nullable=False),
    Column("status", String(16), nullable=False),
    # Whoever asks twice for one thing asks under one key: the second adds nothing.
    Column("key", String(255), unique=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    # How many of these failed; at most so many may.
    Column("failed", Integer, nullable=False, default=0, server_default="0"),
    Column("max_attempts", Integer, nullable=False),
    # How many of the latest ones lost their worker, and had not got ahead.
    Column("lost", Integer, nullable=False, default=0, server_default="0"),
    # Grows with each claim: a worker that lost its lease holds an older number, and can write nothing any more.
    Column("fence", BigInteger, nullable=False, default=0),
    Column("worker", String(255)),
    Column("lease_until", UtcDateTime),
    Column("cancel_requested", Boolean, nullable=False, default=False, server_default=false()),
    Column("progress", JsonValue),
    # {code, message, where, hint} of the last failure.
    Column("error", JsonValue),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by_id", GUID, ForeignKey("users.id")),
    Column("created_by", Text, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    one_of("status", JOB_STATUSES),
    Index(None, "status", "due_at"),
    Index(None, "subject", "created_at"),
    Index(
        "uq_jobs_running_subject",
        "subject",
        unique=True,
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
)

#: What is to be done again and again. The job of a due time has the key "schedule:<id>@<due>", so that there is one.
schedules = Table(
    "schedules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("payload", JsonValue, nullable=False),
    Column("cron", String(255), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("missed", String(16), nullable=False),
    # Of each of its jobs.
    Column("max_attempts", Integer, nullable=False, server_default="3"),
    # NULL: paused, or the expression names no time that is still to come.
    Column("next_due", UtcDateTime, index=True),
    Column("paused", Boolean, nullable=False, default=False, server_default=false()),
    Column("paused_reason", Text),
    # How many of its jobs failed in a row.
    Column("failures", Integer, nullable=False, default=0),
    Column("changed_at", UtcDateTime, nullable=False),
    one_of("missed", MISSED_POLICIES),
    Index(None, "kind", "subject", unique=True),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
