from __future__ import annotations

from datetime import timedelta

import pytest
from tests.jobs.doing import Doing, ask, look

from headwater.access import SYSTEM
from headwater.jobs import NewJob, Worker, queue
from headwater.store import Database, utc_now


class TestAsking:
    def test_a_job_says_who_asked_for_what(self, database: Database) -> None:
        job = look(database, ask(database, "dataflow:1", kind="refresh", payload={"full": True}))
        assert (job.kind, job.subject, job.payload, job.status) == ("refresh", "dataflow:1", {"full": True}, "queued")
        assert (job.created_by_id, job.created_by, job.attempts, job.max_attempts) == (None, "system", 0, 3)
        assert job.due_at == job.created_at

    def test_one_key_is_one_job(self, database: Database) -> None:
        first = ask(database, key="once")
        assert ask(database, key="once") == first
        assert ask(database) != ask(database)

    def test_a_key_stays_taken_when_the_job_has_ended(self, database: Database) -> None:
        first = ask(database, key="once")
        Worker(database, {"do": Doing()}).run_one(first)
        assert ask(database, key="once") == first

    def test_nothing_was_asked_for_when_the_transaction_is_undone(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError), database.begin() as connection:
            queue.add(connection, SYSTEM, NewJob("do", "thing:1"), identifier="here")
            raise ZeroDivisionError
        with database.read() as connection:
            assert queue.get(connection, "here") is None

    def test_the_jobs_of_a_subject_are_listed(self, database: Database) -> None:
        first, second = ask(database), ask(database)
        ask(database, "thing:2")
        Worker(database, {"do": Doing()}).run_one(first)
        with database.read() as connection:
            assert [job.id for job in queue.of_subject(connection, "thing:1")] == [second, first]
            assert [job.id for job in queue.of_subject(connection, "thing:1", limit=1)] == [second]
            assert [job.id for job in queue.of_subject(connection, "thing:1", active_only=True)] == [second]

    def test_old_jobs_are_forgotten_and_others_are_not(self, database: Database) -> None:
        ended, waiting = ask(database), ask(database)
        Worker(database, {"do": Doing()}).run_one(ended)
        with database.begin() as connection:
            assert queue.forget_ended(connection, utc_now() - timedelta(days=1)) == 0
            assert queue.forget_ended(connection, utc_now() + timedelta(days=1)) == 1
            assert queue.get(connection, ended) is None
            assert queue.get(connection, waiting) is not None


class TestCallingOff:
    def test_a_queued_job_ends_at_once_and_its_handler_hears_of_it(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        with database.begin() as connection:
            assert queue.request_cancel(connection, job_id, {"do": doing})
        assert look(database, job_id).status == "cancelled"
        assert look(database, job_id).ended_at is not None
        assert doing.ends == [(job_id, "cancelled", None)]

    def test_what_has_ended_or_never_was_is_not_called_off(self, database: Database) -> None:
        doing, job_id = Doing(), ask(database)
        Worker(database, {"do": doing}).run_one(job_id)
        with database.begin() as connection:
            assert not queue.request_cancel(connection, job_id, {"do": doing})
            assert not queue.request_cancel(connection, "no such job", {"do": doing})
        assert doing.ends == [(job_id, "succeeded", None)]
