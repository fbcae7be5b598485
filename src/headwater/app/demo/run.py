"""The demo's steps, in order. It uses what any user has: files, a workspace, a dataflow folder, the application."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import psutil
from filelock import FileLock, Timeout

from headwater.access import SYSTEM, Actor
from headwater.app.demo import warehouse as source_data
from headwater.app.runtime import Headwater
from headwater.catalog import LineageTree
from headwater.dataflows import RefreshResult
from headwater.errors import ConflictError, HomeError, ModelError, NotFoundError
from headwater.powerquery.language import quote_text
from headwater.workspaces.mlflow.local import LocalServer

DATAFLOW = "flights"
SCORED = "flights_scored"
SOURCE = "demo"
COLLECTION = "flights-team"
SCORED_COLUMN = "delay_probability"
TRAINING_SECONDS = 600


class Stage(Protocol):
    """Shows the progress of one step."""

    def __call__(self, done: int, total: int | None = None, text: str | None = None) -> None: ...


Stages = Callable[[str], Stage]
"""Begins a step, named for a person, and gives what shows its progress."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Every number measured in one run of the demo."""

    rows_total: int
    rows_scored_first: int
    rows_scored_second: int
    distinct_new_or_changed: int
    seconds: Mapping[str, float]
    rows_per_second_first: float
    auc_holdout: float
    assets: Mapping[str, int]
    lineage: list[tuple[str, str]]
    tables: Mapping[str, Mapping[str, Any]]
    tree: LineageTree
    scoring_first: Mapping[str, float]
    scoring_second: Mapping[str, float]
    cpu_seconds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """The object that ``headwater demo --json`` prints."""
        return {
            "rows_total": self.rows_total,
            "rows_scored_first": self.rows_scored_first,
            "rows_scored_second": self.rows_scored_second,
            "distinct_new_or_changed": self.distinct_new_or_changed,
            "seconds": dict(self.seconds),
            "rows_per_second_first": self.rows_per_second_first,
            "auc_holdout": self.auc_holdout,
            "assets": dict(self.assets),
            "lineage": [list(edge) for edge in self.lineage],
            "tables": dict(self.tables),
            "scoring": {"first": dict(self.scoring_first), "second": dict(self.scoring_second)},
            "cpu_seconds": dict(self.cpu_seconds),
        }


@dataclass
class Demo:
    """The demo over one opened home folder; ``warehouse`` and ``workspace`` lie in it. ``actor`` is who started it."""

    app: Headwater
    actor: Actor
    stages: Stages
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.app.home.path / "warehouse"

    @property
    def dataflow_folder(self) -> Path:
        return self.app.home.path / "dataflows" / DATAFLOW

    def run(self, server: LocalServer) -> DemoResult:
        """All steps. ``server`` is started here and left running for the caller to stop."""
        source_data.write_warehouse(self.warehouse, self.stages("Write the warehouse"))
        trained = self._train(server)
        self._scan(server)
        self._write_dataflow()
        first = self._refresh("refresh_first", "First refresh")
        before = source_data.distinct_inputs(self.warehouse)
        source_data.deliver_changes(self.warehouse)
        changed = len(source_data.distinct_inputs(self.warehouse) - before)
        second = self._refresh("refresh_second", "Second refresh")
        return self._result(trained, first, second, changed)

    def _train(self, server: LocalServer) -> dict[str, Any]:
        """Train in a process of its own while the workspace's server starts."""
        show = self.stages("Train and register a model")
        started = time.perf_counter()
        command = [sys.executable, "-m", "headwater.app.demo.training", str(self.warehouse)]
        log = self.app.home.path / "workspace" / "training.log"
        # Threads that wait for one another by spinning make training take minutes on cores that are busy otherwise.
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        with log.open("wb") as errors, ThreadPoolExecutor(1) as pool:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment
            )
            try:
                pool.submit(server.start).result()
                show(1, 2, f"MLflow answers at {server.url}")
                output, _ = process.communicate(f"{server.url}\n".encode(), timeout=TRAINING_SECONDS)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        self.seconds["train"] = time.perf_counter() - started
        if process.returncode != 0:
            raise ModelError(
                "The training process failed.",
                place=str(log),
                hint="Its messages are in that file.",
                code="demo.training",
            )
        show(2, 2)
        trained: dict[str, Any] = json.loads(output.splitlines()[-1])
        return trained

    def _scan(self, server: LocalServer) -> None:
        show = self.stages("Scan the workspace")
        self._register(server)
        started = time.perf_counter()
        self.app.scan(self.actor, SOURCE, progress=show)
        self.seconds["scan"] = time.perf_counter() - started

    def _register(self, server: LocalServer) -> None:
        try:
            self.app.collections.get(self.actor, COLLECTION)
        except NotFoundError:
            self.app.collections.add(self.actor, COLLECTION, "Flights team")
        known = {source.name: source for source in self.app.sources.every(self.actor)}
        if SOURCE in known and known[SOURCE].url != server.url:
            self.app.sources.remove(self.actor, SOURCE)
            del known[SOURCE]
        if SOURCE not in known:
            self.app.sources.add(self.actor, SOURCE, "Demo workspace", "mlflow", server.url, COLLECTION, trusted=True)
        elif not known[SOURCE].trusted:
            # A home of before sources were trusted; what this workspace holds, the demo itself put there.
            self.app.sources.trust(self.actor, SOURCE, True)

    def _write_dataflow(self) -> None:
        """Copy the dataflow's files into the home folder and save them; the parameter says where the data is."""
        folder = self.dataflow_folder
        folder.mkdir(parents=True, exist_ok=True)
        for file in files("headwater.app.demo").joinpath("flights").iterdir():
            (folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
        parameter = '// Where the company\'s files are.\n{} meta [IsParameterQuery = true, Type = "Text"]\n'
        (folder / "Warehouse.pq").write_text(parameter.format(quote_text(str(self.warehouse))), "utf-8")
        self.app.apply(self.actor, folder, COLLECTION)

    def _refresh(self, key: str, title: str) -> RefreshResult:
        show = self.stages(title)
        total = source_data.rows_in(self.warehouse)
        before = _cpu_seconds()
        result = self.app.refresh(
            self.actor,
            DATAFLOW,
            trigger="demo",
            on_event=lambda event: show(event.rows, total, f"{event.phase} {event.entity}".strip()),
            on_scoring=lambda done: show(done.rows_done, total, f"score with {done.function}"),
        )
        show(total, total, "published")
        self.seconds[key] = result.seconds
        self.cpu_seconds[key] = round(_cpu_seconds() - before, 3)
        return result

    def _result(
        self, trained: Mapping[str, Any], first: RefreshResult, second: RefreshResult, changed: int
    ) -> DemoResult:
        scored = next(entity for entity in second.entities if entity.summary.entity == SCORED)
        return DemoResult(
            rows_total=scored.summary.rows_written,
            rows_scored_first=int(first.scoring["sent"]),
            rows_scored_second=int(second.scoring["sent"]),
            distinct_new_or_changed=changed,
            seconds={name: round(taken, 3) for name, taken in self.seconds.items()},
            rows_per_second_first=round(first.scoring["rows"] / first.seconds, 1),
            auc_holdout=round(trained["auc_holdout"], 6),
            assets=self.app.assets.counts_by_type(self.actor),
            lineage=self.app.edges_upstream(self.actor, DATAFLOW, SCORED),
            tables={
                entity.summary.entity: {
                    "rows": entity.summary.rows_written,
                    "path": str(entity.path),
                    "delta_version": entity.summary.delta_version,
                }
                for entity in second.entities
            },
            tree=self.app.column_tree(self.actor, DATAFLOW, SCORED, SCORED_COLUMN),
            scoring_first=first.scoring,
            scoring_second=second.scoring,
            cpu_seconds=self.cpu_seconds,
        )


def _cpu_seconds() -> float:
    """CPU time of this process and of all below it that are running."""
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            spent = process.cpu_times()
            total += spent.user + spent.system
    return total


@contextmanager
def demo_home(path: Path) -> Iterator[Headwater]:
    """The demo's home folder, made when it is not there, and kept from other demos while this one runs."""
    with Headwater.open(path, create=True, folders=("warehouse",)) as app:
        if app.home.path / "warehouse" not in app.home.folders:
            raise HomeError(
                "This home folder was not made by the demo.",
                place=str(app.home.path),
                hint="Name another folder with --home: the demo writes into its own.",
                code="home.not_demo",
            )
        app.home.locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(app.home.locks / "demo.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise ConflictError(
                "Another demo is running in this home folder.",
                place=str(app.home.path),
                hint="End it (Ctrl+C), or name another folder with --home.",
            ) from error
        with lock:
            yield app


@contextmanager
def local_workspace(app: Headwater) -> Iterator[LocalServer]:
    """The demo's MLflow server, to be started by the demo and stopped here; on the same port as the last time, so
    that its assets keep their names.
    """
    folder = app.home.path / "workspace"
    folder.mkdir(parents=True, exist_ok=True)
    known = {source.name: source.url for source in app.sources.every(SYSTEM)}
    server = LocalServer(folder, int(known[SOURCE].rpartition(":")[2]) if SOURCE in known else 0)
    try:
        yield server
    finally:
        server.stop()
