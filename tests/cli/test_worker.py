"""``headwater worker``, and the worker inside ``headwater serve``: real processes over a home of the test's own."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.command import ADMINISTRATOR, failed, interrupt, line_with, started

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.jobs import Job, NewJob, queue


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Headwater.open(tmp_path / "home", create=True):
        return tmp_path / "home"


def ask(home: Path, subject: str = "source:gone") -> str:
    """A job that fails as soon as it is begun: its source is not there."""
    with Headwater.open(home) as app, app.database.begin() as connection:
        return queue.add(connection, SYSTEM, NewJob("scan", subject, {"kind": "full"}))


def look(home: Path, job_id: str) -> Job:
    with Headwater.open(home) as app:
        return app.jobs.get(SYSTEM, job_id)


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_it_does_what_is_due_and_says_so_until_it_is_ended(home: Path, with_signal: signal.Signals) -> None:
    first = ask(home)
    with started("worker", "--home", home, "--poll", "0.1") as process:
        line_with(process.stderr, "does up to 2 jobs at once")
        line = line_with(process.stdout, first)
        assert line.split("\t")[:4] == ["failed", "scan", "source:gone", first]
        assert "not_found" in line
        second = ask(home)
        assert second in line_with(process.stdout, second)
        outcome = interrupt(process, with_signal)
    assert outcome.status == 0, outcome.err
    assert look(home, second).status == "failed"


def test_serving_does_jobs_too_unless_told_not_to(home: Path) -> None:
    for options, worked in ((["--no-worker"], False), ([], True)):
        job_id = ask(home)
        with started("serve", "--home", home, "--port", "0", *options) as process:
            found = re.search(r"http://\S+:\d+", line_with(process.stderr, "Headwater serves"))
            assert found is not None
            address = f"{found.group()}/api/jobs/{job_id}"
            status = "queued"
            end = time.monotonic() + (30 if worked else 3)
            while status != "failed" and time.monotonic() < end:
                status = httpx.get(address, headers=ADMINISTRATOR, trust_env=False).json()["status"]
                time.sleep(0.1)
            assert (status == "failed") == worked
            assert interrupt(process).status == 0


def test_there_has_to_be_a_home(tmp_path: Path) -> None:
    assert failed("worker", "--home", tmp_path / "none").code == "home.missing"
