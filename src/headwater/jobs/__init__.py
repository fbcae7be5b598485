"""Durable work: jobs claimed under a lease, repeated after a crash, and due by a schedule."""

from headwater.jobs import queue, schedules
from headwater.jobs.handlers import Handler
from headwater.jobs.job import Job, JobStatus, NewJob
from headwater.jobs.lease import Lease
from headwater.jobs.schedules import NewSchedule, Schedule
from headwater.jobs.ticking import tick
from headwater.jobs.worker import Worker, WorkerOptions

__all__ = [
    "Handler",
    "Job",
    "JobStatus",
    "Lease",
    "NewJob",
    "NewSchedule",
    "Schedule",
    "Worker",
    "WorkerOptions",
    "queue",
    "schedules",
    "tick",
]
