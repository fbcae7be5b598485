"""Scans that a worker carries out: of a real MLflow server, with the rights of whoever asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from tests.conftest import SeededMLflow
from tests.jobs.doing import until

from headwater.access import SYSTEM, Actor, Via, grant, server_scope
from headwater.access.people import create_user
from headwater.app.jobs import worker_at_work
from headwater.app.runtime import Headwater
from headwater.app.scanning import DETAILS
from headwater.catalog import ScanOptions
from headwater.catalog.harvesting import details
from headwater.jobs import Job, Lease, Worker, WorkerOptions, queue
from headwater.store import tables, utc_now
from headwater.workspaces import ModelVersionInfo
from headwater.workspaces.mlflow import MLflowConnector

pytestmark = pytest.mark.xdist_group("mlflow")
OPTIONS = WorkerOptions(lease=5, heartbeat=0.05, poll=0.05)


@pytest.fixture
def app(tmp_path: Path, mlflow_server: SeededMLflow) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.sources.add(SYSTEM, "lab", "", "mlflow", mlflow_server.url, "root")
        yield app


def run(app: Headwater, job: Job) -> Job:
    return Worker(app.database, app.job_handlers, OPTIONS).run_one(job.id)


def somebody(app: Headwater) -> Actor:
    """A person who may do everything."""
    with app.database.begin() as connection:
        user = create_user(connection, "ann", by=SYSTEM, now=utc_now())
        grant(connection, SYSTEM, user.id, "Owner", server_scope(connection), now=utc_now())
    return Actor(user.id, user.name, Via.SESSION)


def scans(app: Headwater) -> list[str]:
    with app.database.read() as connection:
        return list(connection.execute(select(tables.scans.c.status).order_by(tables.scans.c.id)).scalars())


def test_a_worker_scans_for_whoever_asked(app: Headwater) -> None:
    ann = somebody(app)
    job = app.scan_later(ann, "lab")
    with worker_at_work(app, OPTIONS):
        until(lambda: app.jobs.get(ann, job.id).has_ended)
    done = app.jobs.get(ann, job.id)
    assert (done.status, done.created_by, done.error) == ("succeeded", "ann", None)
    assert app.last_scans(ann)["lab"].status == "succeeded"
    assert app.assets.counts_by_type(SYSTEM)["ml_model"] > 0


def test_rights_are_those_of_the_moment_it_runs(app: Headwater) -> None:
    ann = somebody(app)
    job = app.scan_later(ann, "lab")
    with app.database.begin() as connection:
        connection.execute(update(tables.users).where(tables.users.c.id == ann.user_id).values(active=False))
    done = run(app, job)
    assert (done.status, (done.error or {})["code"], scans(app)) == ("failed", "not_found", [])


def test_a_scan_that_is_called_off_ends_as_cancelled(app: Headwater, monkeypatch: pytest.MonkeyPatch) -> None:
    job = app.scan_later(SYSTEM, "lab")

    def cancelled_meanwhile(lease: Lease, progress: object) -> None:
        with app.database.begin() as connection:
            queue.request_cancel(connection, job.id, app.job_handlers)
        assert lease.cancelled.wait(20)

    monkeypatch.setattr(Lease, "tell", cancelled_meanwhile)
    assert run(app, job).status == "cancelled"
    assert scans(app) == ["cancelled"]
    assert app.assets.counts_by_type(SYSTEM).get("ml_model", 0) == 0


def test_what_a_dead_attempt_left_is_closed(app: Headwater) -> None:
    job = app.scan_later(SYSTEM, "lab")
    ago = utc_now() - timedelta(minutes=1)
    with app.database.begin() as connection:
        source = connection.scalar(select(tables.sources.c.id))
        begun = insert(tables.scans).values(source_id=source, kind="full", status="running", started_at=ago)
        connection.execute(begun)
        dead = {"status": "running", "attempts": 3, "lost": 2, "lease_until": ago, "started_at": ago, "fence": 3}
        connection.execute(update(tables.jobs).values(dead))
    assert (run(app, job).error or {})["code"] == "job.worker_died"
    assert scans(app) == ["failed"]


def details_jobs(app: Headwater) -> list[Job]:
    return [job for job in app.jobs.list(SYSTEM) if job.kind == DETAILS]


def states(app: Headwater) -> Counter[str]:
    asset = tables.assets.c
    query = select(asset.attributes).where(asset.type_name == "ml_model_version")
    with app.database.read() as connection:
        return Counter(attributes["signature_state"] for attributes in connection.scalars(query))


def test_signatures_are_another_jobs_work(app: Headwater) -> None:
    ann = somebody(app)
    assert run(app, app.scan_later(ann, "lab")).status == "succeeded"
    assert set(states(app)) == {"pending"}
    (waiting,) = details_jobs(app)
    assert (waiting.status, waiting.created_by, waiting.subject) == ("queued", "ann", "source:lab")
    assert run(app, waiting).status == "succeeded"
    assert states(app)["read"] >= 3 and states(app)["pending"] == 0


def test_what_was_read_before_an_attempt_ended_is_not_read_again(
    app: Headwater, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(app, app.scan_later(SYSTEM, "lab"))
    monkeypatch.setattr(details, "BATCH", 1)
    (waiting,) = details_jobs(app)

    def cancelled_meanwhile(lease: Lease, progress: object) -> None:
        with app.database.begin() as connection:
            queue.request_cancel(connection, waiting.id, app.job_handlers)
        assert lease.cancelled.wait(20)

    with monkeypatch.context() as patched:
        patched.setattr(Lease, "tell", cancelled_meanwhile)
        assert run(app, waiting).status == "cancelled"
    before = states(app)
    assert before["pending"] > 0 and before["read"] > 0
    read: list[str] = []
    reading = MLflowConnector.read_signature

    def watched(connector: MLflowConnector, listed: ModelVersionInfo) -> ModelVersionInfo:
        read.append(f"{listed.model} {listed.version}")
        return reading(connector, listed)

    monkeypatch.setattr(MLflowConnector, "read_signature", watched)
    report = app.scan(SYSTEM, "lab", ScanOptions(kind="incremental"))
    assert report.details is not None
    assert len(read) == before["pending"] + before["failed"] and states(app)["pending"] == 0


def test_whoever_scans_by_hand_may_leave_signatures_pending(app: Headwater) -> None:
    report = app.scan(SYSTEM, "lab", details=False)
    assert (report.details, report.pending) == (None, states(app)["pending"])
    done = app.scan(SYSTEM, "lab")
    assert done.details is not None and done.pending == 0 and states(app)["pending"] == 0
