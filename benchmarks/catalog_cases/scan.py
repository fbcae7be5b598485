"""Scans of a large MLflow server.

A real MLflow server on loopback gets 2,000 registered models, 10,000 versions and 20,000 runs, written straight into
its database. Against the time in which a bare client lists all of them over REST (large pages, nothing done with what
comes), it measures scans into a new home, in seconds:

- ``full``: a full scan, signatures pending, against the listing; at most twice.
- ``incremental``: a scan after 10 changes (versions, aliases, tags), the median of three, against 3 seconds.
- ``details``: reading ``--signatures`` of the pending signatures, against fetching the same files by a bare client.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
from benchmarks.dataflow_cases.measuring import Results

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.catalog import ScanOptions, fetch_details, scan
from headwater.workspaces.mlflow.local import LocalServer

API = "/api/2.0/mlflow"
EXPERIMENTS = 40
#: When the first run began, in milliseconds, and how far apart they are.
BEGAN, APART = 1_760_000_000_000, 60_000
FEATURES = [f"feature_{number}" for number in range(10)]
SCHEMA = json.dumps({"mlflow_colspec": [{"type": "double", "name": name, "required": True} for name in FEATURES]})
MLMODEL = f"""flavors:
  python_function: {{loader_module: x}}
signature:
  inputs: '{json.dumps([{"type": "double", "name": name, "required": True} for name in FEATURES])}'
  outputs: '[{{"type": "double", "name": "score", "required": true}}]'
  params: null
"""


def run_id(number: int) -> str:
    """The id of a run."""
    return uuid.UUID(int=number + (1 << 100)).hex


class Filling:
    """What is written into a server's database: runs first, then models whose versions came of them."""

    def __init__(self, server: LocalServer) -> None:
        self.database = sqlite3.connect(server.folder / "mlflow.db", timeout=30)
        place = server.folder / "artifacts" / "shared"
        place.mkdir(parents=True, exist_ok=True)
        (place / "MLmodel").write_text(MLMODEL)

    def rows(self, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Rows of a table, the columns separated by spaces."""
        names = columns.split()
        marks = ", ".join("?" * len(names))
        self.database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)

    def experiments(self) -> None:
        """The experiments, each with a dataset that its runs read."""
        ids = range(1, EXPERIMENTS + 1)
        columns = "experiment_id name artifact_location lifecycle_stage creation_time last_update_time"
        self.rows(
            "experiments",
            columns,
            ((i, f"experiment {i}", f"mlflow-artifacts:/{i}", "active", BEGAN, BEGAN) for i in ids),
        )
        self.rows(
            "datasets",
            "dataset_uuid experiment_id name digest dataset_source_type dataset_source dataset_schema dataset_profile",
            (
                (f"dataset-{i}", i, f"set {i}", f"d{i}", "s3", json.dumps({"uri": f"s3://lake/set_{i}"}), SCHEMA, "{}")
                for i in ids
            ),
        )

    def runs(self, numbers: range, ended: Callable[[int], int]) -> None:
        """Runs with parameters, metrics, tags and a dataset each."""
        self.rows(
            "runs",
            "run_uuid name user_id status start_time end_time lifecycle_stage artifact_uri experiment_id",
            (
                (
                    *(run_id(n), f"run {n}", "ann", "FINISHED", ended(n) - 50_000, ended(n), "active"),
                    *(f"mlflow-artifacts:/{n % EXPERIMENTS + 1}/{run_id(n)}/artifacts", n % EXPERIMENTS + 1),
                )
                for n in numbers
            ),
        )
        each = [(run_id(n), n) for n in numbers]
        params = ((f"p{k}", f"{(n + k) % 97 / 7:.6f}", run) for run, n in each for k in range(6))
        self.rows("params", "key value run_uuid", params)
        metrics = ((f"m{k}", (n + k) % 89 / 89, BEGAN, 0, 0, run) for run, n in each for k in range(5))
        self.rows("latest_metrics", "key value timestamp step is_nan run_uuid", metrics)
        tags = {"mlflow.user": "ann", "mlflow.source.name": "/home/ann/train.py", "mlflow.source.type": "LOCAL"}
        own = ((key, value, run) for run, _ in each for key, value in tags.items())
        self.rows("tags", "key value run_uuid", own)
        self.rows("tags", "key value run_uuid", (("mlflow.runName", f"run {n}", run) for run, n in each))
        self.rows(
            "inputs",
            "input_uuid source_type source_id destination_type destination_id",
            ((uuid.uuid4().hex, "DATASET", f"dataset-{n % EXPERIMENTS + 1}", "RUN", run) for run, n in each),
        )

    def models(self, count: int) -> None:
        """Registered models, with an alias and a tag each."""
        numbers = range(count)
        self.rows(
            "registered_models",
            "name creation_time last_updated_time description",
            ((f"model_{n:05}", BEGAN + n, BEGAN + n, f"Model number {n}.") for n in numbers),
        )
        self.rows("registered_model_aliases", "alias version name", (("champion", 1, f"model_{n:05}") for n in numbers))
        self.rows("registered_model_tags", "key value name", (("team", f"t{n % 9}", f"model_{n:05}") for n in numbers))

    def versions(self, runs: Iterable[tuple[str, int, int]]) -> None:
        """Versions: model, number, and the number of the run that registered it."""
        runs = list(runs)
        self.rows(
            "model_versions",
            "name version creation_time last_updated_time description current_stage source run_id status"
            " storage_location",
            (
                (model, v, BEGAN + n, BEGAN + n, "", "None", "mlflow-artifacts:/shared", run_id(n), "READY", None)
                for model, v, n in runs
            ),
        )
        self.rows("model_version_tags", "key value name version", (("ok", "yes", model, v) for model, v, _ in runs))

    def commit(self) -> None:
        """Have the server see it."""
        self.database.commit()


def fill(server: LocalServer, models: int, versions: int, runs: int) -> Filling:
    """A server of that size: every version came of a run of its own, the other runs of nothing."""
    filling = Filling(server)
    filling.experiments()
    filling.runs(range(runs), lambda n: BEGAN + n * APART)
    filling.models(models)
    each = versions // models
    filling.versions((f"model_{n // each:05}", n % each + 1, n * (runs // versions)) for n in range(versions))
    filling.commit()
    return filling


def change(filling: Filling, sizes: argparse.Namespace, turn: int) -> None:
    """Ten changes: four new versions of new runs, three aliases moved, two tags set, a description written."""
    now, first = int(time.time() * 1000), sizes.runs + 4 * turn
    filling.runs(range(first, first + 4), lambda n: now)
    number = sizes.versions // sizes.models + 1 + turn
    filling.versions((f"model_{n:05}", number, first + n) for n in range(4))
    moved = (
        "UPDATE registered_model_aliases SET version = ? WHERE name IN ('model_00009', 'model_00010', 'model_00011')"
    )
    filling.database.execute(moved, (2 + turn,))
    tags = [(f"tag {turn}", "b", f"model_{n:05}", 1) for n in (20, 21)]
    filling.rows("model_version_tags", "key value name version", tags)
    described = "UPDATE registered_models SET description = ? WHERE name = 'model_00030'"
    filling.database.execute(described, (f"Changed {turn} times.",))
    filling.commit()


def pages(client: httpx.Client, method: str, key: str, asked: dict[str, Any], *, post: bool = False) -> Iterator[Any]:
    """Everything that a listing has, by a bare client."""
    token = None
    while True:
        given = {**asked, **({"page_token": token} if token else {})}
        path = f"{API}/{method}"
        answer = (client.post(path, json=given) if post else client.get(path, params=given)).raise_for_status().json()
        yield from answer.get(key, [])
        token = answer.get("next_page_token")
        if not token:
            return


def list_all(url: str) -> tuple[int, int, int]:
    """List models, versions and runs; returns how many there are."""
    with httpx.Client(base_url=url, timeout=120) as client:
        models = sum(1 for _ in pages(client, "registered-models/search", "registered_models", {"max_results": 1000}))
        versions = sum(1 for _ in pages(client, "model-versions/search", "model_versions", {"max_results": 5000}))
        found = pages(client, "experiments/search", "experiments", {"max_results": 1000})
        ids = [experiment["experiment_id"] for experiment in found]
        asked = {"experiment_ids": ids, "max_results": 2000, "order_by": ["attributes.start_time ASC"]}
        return models, versions, sum(1 for _ in pages(client, "runs/search", "runs", asked, post=True))


def fetch_all(url: str, wanted: int) -> None:
    """Fetch so many versions' MLmodel files one after another."""
    with httpx.Client(base_url=url, timeout=120) as client:
        for number in range(wanted):
            asked: dict[str, str | int] = {"name": f"model_{number // 5:05}", "version": number % 5 + 1}
            client.get("/model-versions/get-artifact", params={**asked, "path": "MLmodel"}).raise_for_status()


def timed(what: str, work: Callable[[], Any]) -> float:
    """Seconds of a piece of work, which are printed."""
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds:.2f} s ({result})", flush=True)
    return seconds


def measure(server: LocalServer, filling: Filling, folder: Path, sizes: argparse.Namespace, results: Results) -> None:
    """All cases against a filled server."""
    with Headwater.open(folder / "home", create=True) as app:
        source = app.sources.add(SYSTEM, "lab", "", "mlflow", server.url)

        def scanned(options: ScanOptions) -> str:
            with app.sources.connect(SYSTEM, "lab", purpose="scan") as connector:
                report = scan(app.database, SYSTEM, source, connector, options)
            return f"{dict(report.counts)}, {report.missing} missing, {len(report.warnings)} warnings"

        timed("list once, unmeasured", lambda: list_all(server.url))
        listing = timed("list", lambda: list_all(server.url))
        results.add("scan: full, s", timed("full scan", lambda: scanned(ScanOptions())), listing, 2)
        timed("full scan again", lambda: scanned(ScanOptions()))
        turns: list[float] = []
        for turn in range(3):
            change(filling, sizes, turn)
            turns.append(timed("incremental scan", lambda: scanned(ScanOptions(kind="incremental"))))
        results.add("scan: incremental, s", statistics.median(turns), 3.0, 1)
        if sizes.signatures:
            fetching = timed("fetch files", lambda: fetch_all(server.url, sizes.signatures))
            with app.sources.connect(SYSTEM, "lab", purpose="scan") as connector:
                details = timed(
                    "details",
                    lambda: fetch_details(app.database, SYSTEM, source, connector, most=sizes.signatures),
                )
            results.add("scan: details, s", details, fetching, 2)


def run(sizes: argparse.Namespace, results: Results) -> None:
    """Fill a server, and measure."""
    with (
        tempfile.TemporaryDirectory(prefix="headwater-scan-") as folder,
        LocalServer(Path(folder) / "mlflow", workers=2) as server,
    ):
        filling = fill(server, sizes.models, sizes.versions, sizes.runs)
        measure(server, filling, Path(folder), sizes, results)
        filling.database.close()
