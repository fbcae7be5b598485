"""The rules of claims against a model, under any order of claims, crashes, pauses and time that passes.

What has to hold at every step: two never hold one job, two jobs of one subject never run, and nothing that is written
under an old number lands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select
from tests.access.databases import new_sqlite_database

from headwater.access import SYSTEM
from headwater.errors import JobError
from headwater.jobs import NewJob, claims, queue
from headwater.jobs.claims import Claim
from headwater.store import open_database, tables, utc_now

LEASE = timedelta(seconds=30)
WORKERS = ("a", "b", "c")
MOST_ATTEMPTS = 3


@dataclass
class Known:
    """A job as the model has it. ``holder`` is the claim that may write; ``until`` the end of its lease."""

    subject: str
    due: datetime
    number: int
    status: str = "queued"
    attempts: int = 0
    holder: Claim | None = None
    until: datetime | None = None


class Leases(RuleBasedStateMachine):
    claimed = Bundle("claimed")

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.database = open_database(new_sqlite_database(Path(self.folder.name)))
        self.now = utc_now()
        self.jobs: dict[str, Known] = {}

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()

    # -- what happens ----------------------------------------------------------------------------------------------

    @rule(subject=st.sampled_from(["x", "y"]))
    def ask(self, subject: str) -> None:
        new = NewJob("do", subject, due_at=self.now, max_attempts=MOST_ATTEMPTS)
        with self.database.begin() as connection:
            job_id = queue.add(connection, SYSTEM, new)
        self.jobs[job_id] = Known(subject, self.now, len(self.jobs))

    @rule(seconds=st.sampled_from([1, 10, 29, 31, 100]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=claimed, worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> Claim | None:
        expected = self.first_to_claim()
        with self.database.begin() as connection:
            found = claims.claim(connection, worker, ["do"], now=self.now, lease=LEASE)
        assert [held.job.id for held in found] == ([] if expected is None else [expected])
        if not found:
            return None
        known = self.jobs[found[0].job.id]
        assert known.until is None or known.until < self.now, "the lease before was not over"
        known.status, known.holder, known.until = "running", found[0], self.now + LEASE
        known.attempts += 1
        return found[0]

    @rule(held=claimed)
    def renew(self, held: Claim | None) -> None:
        if held is None:
            return
        with self.database.begin() as connection:
            renewed = claims.renew(connection, held, self.now, LEASE)
        assert renewed == self.holds(held)
        if renewed:
            self.jobs[held.job.id].until = self.now + LEASE

    @rule(held=claimed)
    def beat(self, held: Claim | None) -> None:
        if held is None:
            return
        with self.database.begin() as connection:
            found = claims.beat(connection, held, self.now, LEASE, {"done": 1})
        assert found.held == found.renewed == self.holds(held)
        if found.held:
            self.jobs[held.job.id].until = self.now + LEASE

    @rule(held=claimed, status=st.sampled_from(["succeeded", "failed"]))
    def end(self, held: Claim | None, status: Any) -> None:
        if held is None:
            return
        may = self.holds(held)
        with self.database.begin() as connection:
            job = claims.end(connection, held, status, None, self.now)
        assert (job is not None) == may
        if may:
            self.let_go(held, status)

    @rule(held=claimed)
    def give_back(self, held: Claim | None) -> None:
        if held is None:
            return
        may = self.holds(held)
        with self.database.begin() as connection:
            job = claims.give_back(connection, held)
        assert (job is not None) == may
        if may:
            self.let_go(held, "queued")
            self.jobs[held.job.id].attempts -= 1

    @rule(held=claimed, pause=st.sampled_from([0, 5, 60]))
    def try_again(self, held: Claim | None, pause: int) -> None:
        if held is None or held.job.attempts >= MOST_ATTEMPTS:
            return
        may, due = self.holds(held), self.now + timedelta(seconds=pause)
        with self.database.begin() as connection:
            job = claims.retry(connection, held, JobError("Not now.").to_dict(), due)
        assert (job is not None) == may
        if may:
            self.let_go(held, "queued")
            self.jobs[held.job.id].due = due

    @rule()
    def conclude_the_dead(self) -> None:
        with self.database.begin() as connection:
            dead = claims.used_up(connection, ["do"], self.now)
            if dead is not None:
                claims.end(connection, dead, "failed", None, self.now)
        expected = [job for job, known in self.jobs.items() if self.is_left(known) and known.attempts >= MOST_ATTEMPTS]
        assert (dead is not None) == bool(expected)
        if dead is not None:
            assert dead.job.id in expected
            known = self.jobs[dead.job.id]
            known.status, known.holder, known.until = "failed", None, None

    # -- what has to hold ------------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "database"))
    @invariant()
    def one_of_a_subject_runs(self) -> None:
        job = tables.jobs.c
        with self.database.read() as connection:
            counts = select(func.count()).where(job.status == "running").group_by(job.subject)
            assert all(count == 1 for count in connection.execute(counts).scalars())
            rows = connection.execute(select(job.id, job.status, job.attempts, job.fence)).all()
        for row in rows:
            known = self.jobs[row.id]
            assert (row.status, row.attempts) == (known.status, known.attempts)
            assert row.attempts <= MOST_ATTEMPTS
            assert known.holder is None or known.holder.fence == row.fence

    # -- the model -------------------------------------------------------------------------------------------------

    def holds(self, held: Claim) -> bool:
        return self.jobs[held.job.id].holder is held

    def let_go(self, held: Claim, status: str) -> None:
        known = self.jobs[held.job.id]
        known.status, known.holder, known.until = status, None, None

    def is_left(self, known: Known) -> bool:
        return known.status == "running" and known.until is not None and known.until < self.now

    def first_to_claim(self) -> str | None:
        busy = {known.subject for known in self.jobs.values() if known.status == "running"}
        waiting: dict[str, str] = {}
        for job_id, known in sorted(self.jobs.items(), key=lambda item: self.turn(*item)):
            if known.status == "queued":
                waiting.setdefault(known.subject, job_id)
        ready = [
            job_id
            for job_id, known in self.jobs.items()
            if (self.is_left(known) and known.attempts < MOST_ATTEMPTS)
            or (known.subject not in busy and waiting.get(known.subject) == job_id and known.due <= self.now)
        ]
        return min(ready, key=lambda job_id: self.turn(job_id, self.jobs[job_id]), default=None)

    def turn(self, _job_id: str, known: Known) -> tuple[datetime, int]:
        return known.due, known.number


TestLeases = Leases.TestCase
TestLeases.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
