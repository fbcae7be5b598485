"""The demo as a newcomer runs it: one real run, watched from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from deltalake import DeltaTable

FLIGHTS = 336_776
KEYS = {
    "rows_total",
    "rows_scored_first",
    "rows_scored_second",
    "distinct_new_or_changed",
    "seconds",
    "rows_per_second_first",
    "auc_holdout",
    "assets",
    "lineage",
    "tables",
}


@dataclass(frozen=True)
class DemoRun:
    """A demo that has done its work and serves; ``errors`` is the file of what it told the person."""

    process: subprocess.Popen[str]
    home: Path
    result: dict[str, Any]
    errors: Path

    @property
    def address(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = re.search(r"http://127\.0\.0\.1:\d+(?=/tables/)", self.errors.read_text())
            if found:
                return found[0]
            time.sleep(0.1)
        raise AssertionError("the demo never said where it serves")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    folder = tmp_path_factory.mktemp("demo")
    home, errors = folder / "home", folder / "stderr.txt"
    command = [sys.executable, "-m", "headwater.cli.main", "demo", "--home", str(home), "--json", "--port", "0"]
    with errors.open("w") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the demo failed: {errors.read_text()[-2000:]}"
        yield DemoRun(process, home, json.loads(line), errors)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]


def test_the_result_has_what_it_promises(demo: DemoRun) -> None:
    result = demo.result
    assert result.keys() >= KEYS
    assert result["seconds"].keys() == {"train", "scan", "refresh_first", "refresh_second"}
    assert result["rows_total"] == FLIGHTS
    assert 0.7 < result["auc_holdout"] < 0.8


def test_the_second_refresh_scores_exactly_what_is_new(demo: DemoRun) -> None:
    result = demo.result
    assert result["rows_scored_second"] == result["distinct_new_or_changed"]
    # December, and 500 corrected rows: some corrections meet an input that was there already.
    assert 28_135 <= result["rows_scored_second"] <= 28_635
    assert result["rows_scored_first"] + result["rows_scored_second"] < FLIGHTS + 500


def test_both_tables_are_published_as_delta(demo: DemoRun) -> None:
    scored, carriers = demo.result["tables"]["flights_scored"], demo.result["tables"]["delays_by_carrier"]
    assert (scored["rows"], carriers["rows"]) == (FLIGHTS, 16)
    table: Any = DeltaTable(scored["path"], version=scored["delta_version"]).to_pyarrow_table()
    assert table.num_rows == FLIGHTS
    probability = table.column("delay_probability")
    assert probability.null_count == 0
    late = table.column("delayed").to_pylist()
    assert late == [p >= 0.5 for p in probability.to_pylist()]


def test_predictions_are_the_models_own(demo: DemoRun) -> None:
    """The column equals what the registered model gives, loaded by MLflow itself, for rows read from the files."""
    check = Path(__file__).with_name("predict_again.py")
    done = subprocess.run(
        [sys.executable, str(check), str(demo.home)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    compared = json.loads(done.stdout.splitlines()[-1])
    assert compared["rows"] == 2_000
    assert compared["largest_difference"] < 1e-12


def test_lineage_reaches_the_files(demo: DemoRun) -> None:
    edges = {tuple(edge) for edge in demo.result["lineage"]}
    sources = {source for source, _ in edges}
    files = {name for name in sources if name.startswith("file://")}
    assert len([name for name in files if "/flights/" in name]) == 12
    version = next(name for name in sources if name.endswith("/models/arrival_delay/versions/1"))
    job = next(name for name in sources if "/jobs/" in name)
    query = next(target for source, target in edges if source == version)
    assert (job, version) in edges
    assert any(source == query and target.endswith("/tables/flights_scored") for source, target in edges)
    trained_on = {source for source, target in edges if target == job}
    assert len(trained_on) == 7 and trained_on <= files, "six months and the weather, the same assets the query reads"


def test_the_catalog_has_every_kind_of_asset(demo: DemoRun) -> None:
    assert demo.result["assets"] == {
        "dataflow": 1,
        "dataflow_query": 2,
        "dataflow_table": 2,
        "dataset": 13,
        "ml_job": 1,
        "ml_model": 1,
        "ml_model_version": 1,
        "ml_workspace": 1,
    }


def test_the_person_is_told_what_happened(demo: DemoRun) -> None:
    told = demo.errors.read_text()
    assert "28," in told and "flights_scored" in told
    assert "training job" in told and "file:///" in told


def test_the_app_is_served_and_ctrl_c_ends_everything(demo: DemoRun) -> None:
    """The last test of this module: it ends the demo."""
    address = demo.address
    with httpx.Client(base_url=address, timeout=30) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        rows = client.get("/api/tables/flights/flights_scored/rows", params={"offset": FLIGHTS - 2, "limit": 5}).json()
        assert (rows["total"], len(rows["rows"])) == (FLIGHTS, 2)
        table = client.get("/api/tables/flights/flights_scored").json()
        lineage = client.get(f"/api/lineage/{table['guid']}", params={"depth": 8}).json()
        assert any(node["type_name"] == "ml_job" for node in lineage["nodes"])
    below = psutil.Process(demo.process.pid).children(recursive=True)
    assert below, "the MLflow server runs while the demo serves"
    os.kill(demo.process.pid, signal.SIGINT)
    demo.process.wait(30)
    _, alive = psutil.wait_procs(below, timeout=15)
    assert not alive
