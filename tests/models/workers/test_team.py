"""Several processes with one model: when there is another one, who gets what, and what becomes of one that fails."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headwater.errors import ScoringError
from headwater.models.signature import Signature
from headwater.models.workers import team as team_module
from headwater.models.workers.process import WorkerScorer
from headwater.models.workers.team import WorkerTeam

OpenTeam = Callable[..., WorkerTeam]


@pytest.fixture
def open_team(
    saved_models: Path, signature_of: Callable[[str], Signature], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenTeam]:
    monkeypatch.setattr(team_module, "WORTH_IT", 0.0)
    opened: list[WorkerTeam] = []

    def open_one(most: int, others: str = "arithmetic") -> WorkerTeam:
        def make(number: int) -> WorkerScorer:
            folder = saved_models / (others if number else "arithmetic")
            log = tmp_path / f"{number}.log"
            return WorkerScorer(folder, signature_of("arithmetic"), name="demo.arithmetic", log=log)

        opened.append(WorkerTeam(make, most))
        return opened[-1]

    yield open_one
    for team in opened:
        team.close()


@pytest.fixture
def rows(signature_of: Callable[[str], Signature]) -> pa.RecordBatch:
    schema = signature_of("arithmetic").wire_schema
    return pa.RecordBatch.from_pylist([{"x": float(n), "n": n, "mode": "ok"} for n in range(1_000)], schema=schema)


def busy(team: WorkerTeam, rows: pa.RecordBatch, until: Callable[[], bool]) -> None:
    """Keep the team busy until something is so; every answer is right."""
    ends = time.monotonic() + 60
    while not until():
        assert time.monotonic() < ends
        for future in [team.submit(rows) for _ in range(4)]:
            values: list[Any] = future.result(60).values.to_pylist()
            assert [row["twice"] for row in values] == [2.0 * n for n in range(1_000)]


def test_another_one_joins_when_it_is_loaded(open_team: OpenTeam, rows: pa.RecordBatch) -> None:
    team = open_team(2)
    assert (team.window, len(team.workers)) == (2, 1)
    busy(team, rows, lambda: team.window == 4)
    first, second = team.workers
    before = second.cpu_seconds()
    busy(team, rows, lambda: second.cpu_seconds() > before)
    assert first.pid != second.pid
    busy(team, rows, lambda: True)
    assert len(team.workers) == 2, "no more than were allowed"


def test_one_alone_where_no_more_are_allowed(open_team: OpenTeam, rows: pa.RecordBatch) -> None:
    team = open_team(1)
    team.score(rows)
    for future in [team.submit(rows) for _ in range(6)]:
        future.result(60)
    assert (team.window, len(team.workers)) == (2, 1)


def test_short_work_gets_no_other(open_team: OpenTeam, rows: pa.RecordBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team_module, "WORTH_IT", 1e6)
    team = open_team(2)
    for future in [team.submit(rows) for _ in range(6)]:
        future.result(60)
    assert len(team.workers) == 1


def test_another_one_that_cannot_be_loaded_does_no_harm(open_team: OpenTeam, rows: pa.RecordBatch) -> None:
    team = open_team(2, "unloadable")
    busy(team, rows, lambda: len(team.workers) == 2 and team.workers[1].failed)
    busy(team, rows, lambda: True)
    assert (team.window, team.failed) == (2, False)
    team.score(rows)


def test_one_that_is_killed_is_started_again(open_team: OpenTeam, rows: pa.RecordBatch) -> None:
    team = open_team(2)
    busy(team, rows, lambda: team.window == 4)
    for worker in team.workers:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        busy(team, rows, lambda: all(one.pid is not None for one in team.workers))


def test_closed_all_are_gone(open_team: OpenTeam, rows: pa.RecordBatch) -> None:
    team = open_team(2)
    busy(team, rows, lambda: team.window == 4)
    workers = team.workers
    team.close()
    assert [worker.pid for worker in workers] == [None, None]
    with pytest.raises(ScoringError):
        team.score(rows)
