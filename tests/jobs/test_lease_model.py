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

from hypothesis import HealthCheck, Phase, settings
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
    status: str = "queued"
    attempts: int = 0
    failed: int = 0
    lost: int = 0
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
        self.jobs[job_id] = Known(subject, self.now)

    @rule(seconds=st.sampled_from([1, 10, 29, 31, 100]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=claimed, worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> Claim | None:
        ready = self.ready_to_claim()
        with self.database.begin() as connection:
            held = claims.claim(connection, worker, ["do"], now=self.now, lease=LEASE)
        assert (held is not None) == bool(ready)
        if held is None:
            return None
        known = self.jobs[held.job.id]
        assert held.job.id in ready
        known.status, known.holder, known.until = "running", held, self.now + LEASE
        known.attempts += 1
        return held

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
        if held is None or held.job.failed + 1 >= MOST_ATTEMPTS:
            return
        may, due = self.holds(held), self.now + timedelta(seconds=pause)
        with self.database.begin() as connection:
            job = claims.retry(connection, held, JobError("Not now.").to_dict(), due)
        assert (job is not None) == may
        if may:
            self.let_go(held, "queued")
            known = self.jobs[held.job.id]
            known.due, known.failed, known.lost = due, known.failed + 1, 0

    @rule(held=claimed)
    def get_ahead(self, held: Claim | None) -> None:
        if held is None:
            return
        with self.database.begin() as connection:
            claims.advance(connection, held)
        if self.holds(held):
            self.jobs[held.job.id].lost = 0

    @rule()
    def requeue(self) -> None:
        orphans = [known for known in self.jobs.values() if self.is_left(known) and not is_used_up(known)]
        with self.database.begin() as connection:
            assert claims.requeue(connection, ["do"], self.now) == len(orphans)
        for known in orphans:
            known.status, known.holder, known.until = "queued", None, None
            known.lost += 1

    @rule(target=claimed, worker=st.sampled_from(WORKERS), number=st.integers(0, 9))
    def claim_this(self, worker: str, number: int) -> Claim | None:
        return self.claimed_by(worker, list(self.jobs)[number]) if number < len(self.jobs) else None

    @rule(target=claimed, held=claimed, worker=st.sampled_from(WORKERS))
    def pause_until_another_has_it(self, held: Claim | None, worker: str) -> Claim | None:
        """What chance alone rarely comes to: a worker stops, its lease ends, another one goes on with the job."""
        if held is None or not self.holds(held):
            return None
        self.now += LEASE + timedelta(seconds=1)
        self.requeue()
        return self.claimed_by(worker, held.job.id)

    @rule(held=claimed, worker=st.sampled_from(WORKERS))
    def die_at_every_attempt(self, held: Claim | None, worker: str) -> None:
        """Likewise: a job whose workers die one after another, until it is not begun again."""
        following: Any = held
        while following is not None and self.holds(following):
            following = self.pause_until_another_has_it(held=following, worker=worker)

    @rule()
    def conclude_the_dead(self) -> None:
        with self.database.begin() as connection:
            dead = claims.used_up(connection, ["do"], self.now)
            if dead is not None:
                claims.end(connection, dead, "failed", None, self.now)
        expected = [job for job, known in self.jobs.items() if self.is_left(known) and is_used_up(known)]
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
            rows = connection.execute(select(job.id, job.status, job.attempts, job.failed, job.lost, job.fence)).all()
        for row in rows:
            known = self.jobs[row.id]
            assert (row.status, row.attempts) == (known.status, known.attempts)
            assert (row.failed, row.lost) == (known.failed, known.lost)
            assert row.failed < MOST_ATTEMPTS
            assert row.lost < claims.MOST_LOST_IN_A_ROW
            assert row.attempts <= claims.MOST_LOST + MOST_ATTEMPTS
            assert known.holder is None or known.holder.fence == row.fence

    def claimed_by(self, worker: str, job_id: str) -> Claim | None:
        """Claim exactly this job, which works if nobody has it and none of its subject runs."""
        known = self.jobs[job_id]
        free = known.status == "queued" and not self.is_busy(known.subject)
        with self.database.begin() as connection:
            held = claims.claim_this(connection, worker, ["do"], job_id, now=self.now, lease=LEASE)
        assert (held is not None) == (free or (self.is_left(known) and not is_used_up(known)))
        if held is not None:
            known.lost += known.status == "running"
            known.status, known.holder, known.until = "running", held, self.now + LEASE
            known.attempts += 1
        return held

    # -- the model -------------------------------------------------------------------------------------------------

    def holds(self, held: Claim) -> bool:
        return self.jobs[held.job.id].holder is held

    def let_go(self, held: Claim, status: str) -> None:
        known = self.jobs[held.job.id]
        known.status, known.holder, known.until = status, None, None

    def is_left(self, known: Known) -> bool:
        return known.status == "running" and known.until is not None and known.until < self.now

    def is_busy(self, subject: str) -> bool:
        return any(known.subject == subject and known.status == "running" for known in self.jobs.values())

    def ready_to_claim(self) -> list[str]:
        """What a claim may take: those that are due the longest, of subjects that rest."""
        due = {
            job: known.due
            for job, known in self.jobs.items()
            if known.status == "queued" and not self.is_busy(known.subject) and known.due <= self.now
        }
        return [job for job, moment in due.items() if moment == min(due.values())]


def is_used_up(known: Known) -> bool:
    """Whether too many workers were lost, should the one that has the job now be lost as well."""
    return known.lost + 1 >= claims.MOST_LOST_IN_A_ROW or known.attempts - known.failed >= claims.MOST_LOST


TestLeases = Leases.TestCase
TestLeases.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Making a sequence of forty steps shorter takes minutes, and they are printed as they were.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
