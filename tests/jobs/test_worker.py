from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.jobs.doing import FAST, Doing, ask, look, until, wait_for, working

from headwater.errors import (
    CancelRequestedError,
    ConflictError,
    LeaseLostError,
    NotFoundError,
    ScanError,
    UnreachableError,
    UsageError,
)
from headwater.jobs import Lease, Worker, WorkerOptions, attempts, queue
from headwater.jobs.claims import MOST_LOST
from headwater.store import Database, tables, utc_now


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "pause", lambda _attempts, _chance: timedelta(milliseconds=10))


def fails(error: Exception, times: int = 10**6) -> Callable[[Lease], None]:
    left = [times]

    def do(_lease: Lease) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise error

    return do


class TestOutcomes:
    def test_what_is_due_is_done_and_its_handler_hears_of_the_end(self, database: Database) -> None:
        doing = Doing()
        ids = [ask(database, f"thing:{number}") for number in range(5)]
        with working(database, {"do": doing}):
            until(lambda: len(doing.ends) == 5)
        assert sorted(doing.begun) == sorted(ids)
        for job_id in ids:
            job = look(database, job_id)
            assert (job.status, job.attempts, job.error) == ("succeeded", 1, None)
            assert job.started_at is not None
            assert job.ended_at is not None

    def test_what_is_not_due_and_what_nobody_can_do_waits(self, database: Database) -> None:
        doing = Doing()
        later = ask(database, "thing:1", due_at=utc_now() + timedelta(hours=1))
        other = ask(database, "thing:2", kind="unknown")
        done = ask(database, "thing:3")
        with working(database, {"do": doing}):
            until(lambda: look(database, done).has_ended)
            time.sleep(0.3)
        assert (look(database, later).status, look(database, other).status) == ("queued", "queued")

    def test_an_error_fails_the_job_and_says_why(self, database: Database) -> None:
        doing = Doing(fails(ScanError("Nothing there.", hint="Look again.", place="lab")))
        job = Worker(database, {"do": doing}, FAST).run_one(ask(database))
        assert (job.status, job.attempts) == ("failed", 1)
        assert job.error == {"code": "scan", "message": "Nothing there.", "where": "lab", "hint": "Look again."}
        assert doing.ends == [(job.id, "failed", "scan")]

    def test_an_unexpected_error_is_shown_without_its_message(self, database: Database) -> None:
        job = Worker(database, {"do": Doing(fails(ValueError("row 7: Ann's salary")))}, FAST).run_one(ask(database))
        assert job.error is not None
        assert job.error["code"] == "job.unexpected"
        assert "Ann" not in str(job.error)

    def test_what_may_pass_is_tried_again(self, database: Database) -> None:
        doing = Doing(fails(UnreachableError("Nobody answers."), times=2))
        job = Worker(database, {"do": doing}, FAST).run_one(ask(database))
        assert (job.status, job.attempts, job.error) == ("succeeded", 3, None)
        assert doing.ends == [(job.id, "succeeded", None)]

    def test_what_caused_an_error_may_pass_too(self, database: Database) -> None:
        def do(_lease: Lease) -> None:
            try:
                raise UnreachableError("Nobody answers.")
            except UnreachableError as error:
                raise ScanError("It could not be completed.") from error

        assert Worker(database, {"do": Doing(do)}, FAST).run_one(ask(database)).attempts == 3

    def test_a_handler_may_know_more(self, database: Database) -> None:
        doing = Doing(fails(ScanError("Busy."), times=1), passes=(ScanError,))
        assert Worker(database, {"do": doing}, FAST).run_one(ask(database)).attempts == 2

    def test_attempts_are_bounded(self, database: Database) -> None:
        doing = Doing(fails(UnreachableError("Nobody answers.")))
        job = Worker(database, {"do": doing}, FAST).run_one(ask(database, max_attempts=2))
        assert (job.status, job.attempts) == ("failed", 2)
        assert doing.ends == [(job.id, "failed", "network.unreachable")]

    def test_the_reason_shows_while_it_waits_for_another_attempt(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempts, "pause", lambda _attempts, _chance: timedelta(hours=1))
        job_id = ask(database)
        with working(database, {"do": Doing(fails(UnreachableError("Nobody answers.")))}):
            until(lambda: look(database, job_id).error is not None)
        job = look(database, job_id)
        assert (job.status, job.worker) == ("queued", None)
        assert job.due_at > utc_now() + timedelta(minutes=50)

    def test_what_the_end_does_is_undone_with_it(self, database: Database) -> None:
        class Broken(Doing):
            def ended(self, connection, job, status, error) -> None:  # type: ignore[no-untyped-def] # as the base's
                queue.forget_ended(connection, utc_now() + timedelta(days=1))
                raise ValueError("no")

        job = Worker(database, {"do": Broken()}, FAST).run_one(ask(database))
        assert (job.status, (job.error or {})["code"]) == ("failed", "job.unexpected")


class TestOneSubject:
    def test_one_runs_at_a_time_in_the_order_they_were_asked_for(self, database: Database) -> None:
        running, most, lock = [0], [0], threading.Lock()

        def do(_lease: Lease) -> None:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.05)
            with lock:
                running[0] -= 1

        doing = Doing(do)
        ids = [ask(database) for _ in range(6)]
        with working(database, {"do": doing}, replace(FAST, parallel=4)), working(database, {"do": doing}):
            until(lambda: len(doing.ends) == 6)
        assert most == [1]
        assert doing.begun == ids

    def test_two_subjects_run_side_by_side(self, database: Database) -> None:
        meeting = threading.Barrier(2)
        doing = Doing(lambda _lease: (meeting.wait(20), None)[1])
        ask(database, "thing:1")
        ask(database, "thing:2")
        with working(database, {"do": doing}):
            until(lambda: len(doing.ends) == 2)


class TestCallingOff:
    def test_a_running_job_ends_as_cancelled(self, database: Database) -> None:
        def do(lease: Lease) -> None:
            while True:
                lease.check()
                time.sleep(0.01)

        doing, job_id = Doing(do), ask(database)
        with working(database, {"do": doing}):
            until(lambda: doing.begun)
            with database.begin() as connection:
                assert queue.request_cancel(connection, job_id, {"do": doing})
            until(lambda: look(database, job_id).has_ended)
        assert doing.ends == [(job_id, "cancelled", None)]

    def test_what_a_handler_raises_because_of_it_is_no_failure(self, database: Database) -> None:
        def do(lease: Lease) -> None:
            wait_for(lease.cancelled)
            raise ScanError("The process was killed.")

        doing, job_id = Doing(do), ask(database)
        with working(database, {"do": doing}):
            until(lambda: doing.begun)
            with database.begin() as connection:
                queue.request_cancel(connection, job_id, {"do": doing})
            until(lambda: look(database, job_id).has_ended)
        assert look(database, job_id).status == "cancelled"

    def test_a_job_called_off_whose_worker_died_is_not_begun_again(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        left_behind(database, job_id, attempts=1, cancel_requested=True)
        with working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        assert doing.begun == []
        assert doing.ends == [(job_id, "cancelled", None)]


def left_behind(database: Database, job_id: str, **values: object) -> None:
    """As a job is whose worker died a while ago."""
    with database.begin() as connection:
        connection.execute(
            update(tables.jobs)
            .where(tables.jobs.c.id == job_id)
            .values(status="running", worker="dead", lease_until=utc_now() - timedelta(seconds=1), fence=7, **values)
        )


class TestTheDead:
    def test_the_job_of_a_dead_worker_is_begun_again(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        left_behind(database, job_id, attempts=1)
        with working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        assert (look(database, job_id).status, look(database, job_id).attempts) == ("succeeded", 2)

    def test_a_worker_that_was_lost_is_no_failure_of_the_work(self, database: Database) -> None:
        doing, job_id = Doing(fails(UnreachableError("Nobody answers."), times=1)), ask(database, max_attempts=2)
        left_behind(database, job_id, attempts=2, lost=1)
        job = Worker(database, {"do": doing}, FAST).run_one(job_id)
        assert (job.status, job.attempts, job.failed, job.lost) == ("succeeded", 4, 1, 0)

    def test_a_failure_is_one_however_many_workers_were_lost(self, database: Database) -> None:
        doing, job_id = Doing(fails(UnreachableError("Nobody answers."))), ask(database, max_attempts=1)
        left_behind(database, job_id, attempts=2, lost=1)
        with working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        assert (doing.begun, doing.ends) == ([job_id], [(job_id, "failed", "network.unreachable")])

    def test_a_job_that_gets_ahead_may_lose_more_workers(self, database: Database) -> None:
        def do(lease: Lease) -> None:
            with lease.begin() as connection:
                lease.advanced(connection)
            counted.append(look(database, lease.job.id).lost)

        counted: list[int] = []
        job_id = ask(database)
        left_behind(database, job_id, attempts=9, lost=1)
        with working(database, {"do": Doing(do)}):
            until(lambda: look(database, job_id).has_ended)
        assert (counted, look(database, job_id).status) == ([0], "succeeded")

    def test_nor_does_a_job_get_ahead_for_ever(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        left_behind(database, job_id, attempts=MOST_LOST, lost=0)
        with working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        error = look(database, job_id).error or {}
        assert (doing.begun, error["code"], f"{MOST_LOST} times" in error["message"]) == ([], "job.worker_died", True)

    def test_a_job_that_kills_its_workers_fails_in_the_end(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        left_behind(database, job_id, attempts=3, lost=2)
        with working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        assert doing.begun == []
        assert doing.ends == [(job_id, "failed", "job.worker_died")]
        assert (look(database, job_id).error or {})["code"] == "job.worker_died"

    def test_run_one_takes_over_too(self, database: Database) -> None:
        worker = Worker(database, {"do": Doing()}, FAST)
        first, second = ask(database), ask(database, "thing:2")
        left_behind(database, first, attempts=1)
        assert worker.run_one(first).status == "succeeded"
        left_behind(database, second, attempts=3, lost=2)
        assert worker.run_one(second).status == "failed"


class TestLeases:
    def test_a_long_job_keeps_its_lease(self, database: Database) -> None:
        def do(lease: Lease) -> None:
            end = time.monotonic() + 2 * FAST.lease
            while time.monotonic() < end:
                lease.check()
                time.sleep(0.05)

        doing, job_id = Doing(do), ask(database)
        with working(database, {"do": doing}), working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        assert (doing.begun, look(database, job_id).attempts) == ([job_id], 1)

    def test_progress_shows_while_it_runs(self, database: Database) -> None:
        go = threading.Event()

        def do(lease: Lease) -> None:
            lease.tell({"done": 1})
            lease.tell({"done": 2})
            wait_for(go)

        job_id = ask(database)
        with working(database, {"do": Doing(do)}):
            until(lambda: look(database, job_id).progress == {"done": 2})
            go.set()

    def test_who_lost_the_job_writes_nothing_and_hears_of_it(self, database: Database) -> None:
        heard: list[str] = []

        def do(lease: Lease) -> None:
            with database.begin() as connection:
                # Another worker took it, as the table says.
                connection.execute(update(tables.jobs).values(fence=tables.jobs.c.fence + 1, worker="another"))
            for write in (lease.begin, lease.database.begin):
                with pytest.raises(LeaseLostError), write() as connection:
                    queue.forget_ended(connection, utc_now())
            wait_for(lease.lost)
            try:
                lease.check()
            except LeaseLostError as error:
                heard.append(error.code)
                raise

        doing, job_id = Doing(do), ask(database)
        with pytest.raises(LeaseLostError):
            Worker(database, {"do": doing}, FAST).run_one(job_id)
        job = look(database, job_id)
        assert (job.status, job.worker, heard, doing.ends) == ("running", "another", ["job.lease_lost"], [])

    def test_who_lost_the_job_does_not_end_it(self, database: Database) -> None:
        def do(_lease: Lease) -> None:
            with database.begin() as connection:
                connection.execute(update(tables.jobs).values(fence=tables.jobs.c.fence + 1, worker="another"))

        doing, job_id = Doing(do), ask(database)
        with pytest.raises(LeaseLostError):
            Worker(database, {"do": doing}, FAST).run_one(job_id)
        assert (look(database, job_id).status, doing.ends) == ("running", [])

    def test_the_lease_is_over_when_it_cannot_be_renewed(self, database: Database) -> None:
        """As for a process that was stopped and goes on: it knows by its own clock, and asks no database."""
        job_id = ask(database)
        worker = Worker(database, {"do": Doing()}, FAST)
        lease = worker._claim(job_id)
        assert lease is not None
        lease.check()
        time.sleep(FAST.lease + 0.1)
        with pytest.raises(LeaseLostError):
            lease.check()
        assert lease.lost.is_set()

    def test_a_long_transaction_keeps_the_job(self, database: Database) -> None:
        def do(lease: Lease) -> None:
            with lease.begin() as connection:
                end = time.monotonic() + 2 * FAST.lease
                while time.monotonic() < end:
                    connection.execute(select(1))
                    lease.check()
                    time.sleep(0.05)

        doing, job_id = Doing(do), ask(database)
        with working(database, {"do": doing}):
            until(lambda: look(database, job_id).has_ended)
        assert (look(database, job_id).status, doing.begun) == ("succeeded", [job_id])


class TestStopping:
    def test_a_job_may_end_within_the_grace_time(self, database: Database) -> None:
        doing, job_id = Doing(lambda _lease: time.sleep(0.3)), ask(database)
        with working(database, {"do": doing}, replace(FAST, grace=20)) as (_, stop):
            until(lambda: doing.begun)
            stop.set()
        assert look(database, job_id).status == "succeeded"

    def test_what_takes_longer_is_given_back_and_no_attempt_counts(self, database: Database) -> None:
        codes: list[str] = []

        def do(lease: Lease) -> None:
            try:
                while True:
                    lease.check()
                    time.sleep(0.01)
            except LeaseLostError as error:
                codes.append(error.code)
                raise

        doing, job_id = Doing(do), ask(database)
        with working(database, {"do": doing}) as (_, stop):
            until(lambda: doing.begun)
            stop.set()
        job = look(database, job_id)
        assert (job.status, job.attempts, job.worker, codes) == ("queued", 0, None, ["job.stopped"])

    def test_who_does_not_listen_is_left_alone_and_can_write_nothing(self, database: Database) -> None:
        go, refused = threading.Event(), threading.Event()

        def do(lease: Lease) -> None:
            wait_for(go)
            try:
                with lease.begin():
                    pass
            except LeaseLostError:
                refused.set()

        doing, job_id = Doing(do), ask(database)
        with working(database, {"do": doing}) as (_, stop):
            until(lambda: doing.begun)
            stop.set()
            until(lambda: look(database, job_id).status == "queued")
        go.set()
        wait_for(refused)

    def test_workers_are_known_while_they_live(self, database: Database) -> None:
        def known() -> list[str]:
            with database.read() as connection:
                return list(connection.execute(select(tables.workers.c.id)).scalars())

        with working(database, {}) as (worker, _):
            until(lambda: known() == [worker.id])
        assert known() == []


class TestRunOne:
    def test_it_runs_this_job_though_it_is_not_due_and_not_the_first(self, database: Database) -> None:
        doing = Doing()
        first, second = ask(database), ask(database, due_at=utc_now() + timedelta(hours=1))
        assert Worker(database, {"do": doing}, FAST).run_one(second).status == "succeeded"
        assert (doing.begun, look(database, first).status) == ([second], "queued")

    def test_it_refuses_what_another_has_or_nobody(self, database: Database) -> None:
        go = threading.Event()
        doing = Doing(lambda _lease: wait_for(go))
        running, other, unknown = ask(database), ask(database), ask(database, "thing:2", kind="unknown")
        alone = Worker(database, {"do": Doing()}, FAST)
        with working(database, {"do": doing}, replace(FAST, parallel=1)):
            until(lambda: doing.begun)
            for job_id in (running, other):
                with pytest.raises(ConflictError) as raised:
                    alone.run_one(job_id)
                assert raised.value.code == "job.busy"
            go.set()
            until(lambda: look(database, other).has_ended)
        with pytest.raises(ConflictError) as raised:
            alone.run_one(running)
        assert raised.value.code == "job.ended"
        with pytest.raises(NotFoundError):
            alone.run_one("no such job")
        with pytest.raises(UsageError):
            alone.run_one(unknown)

    def test_ctrl_c_calls_it_off(self, database: Database) -> None:
        def do(_lease: Lease) -> None:
            raise KeyboardInterrupt

        doing, job_id = Doing(do), ask(database)
        with pytest.raises(KeyboardInterrupt):
            Worker(database, {"do": doing}, FAST).run_one(job_id)
        assert doing.ends == [(job_id, "cancelled", None)]

    def test_a_job_called_off_before_it_began_does_not_begin(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        with database.begin() as connection:
            connection.execute(update(tables.jobs).values(cancel_requested=True))
        assert Worker(database, {"do": doing}, FAST).run_one(job_id).status == "cancelled"
        assert doing.begun == []


def test_options_that_cannot_work_are_refused() -> None:
    for wrong in ({"lease": 1.0}, {"parallel": 0}, {"poll": 0.0}):
        with pytest.raises(UsageError):
            WorkerOptions(**wrong)


def test_a_call_that_is_called_off_says_so() -> None:
    assert CancelRequestedError("Called off.").code == "job.cancelled"
