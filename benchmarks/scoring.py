"""What scoring has to reach: ``python benchmarks/scoring.py [--rows 200000 1000000] [--only CASE …]``.

All sides in one run, over tables of twelve columns. Prints each measurement, and last one JSON object
{case: {ours, against, ratio, target, met}}. The cases:

- ``registry``: a refresh that reads a Parquet file, scores every row and publishes, against one process that reads the
  same file, predicts once and writes Delta. Rows per CPU second, of all processes; both have their model loaded.
- ``wall``: the same two, LightGBM with n_jobs=1 on both sides: rows per second.
- ``spark``: the same refresh against ``mlflow.pyfunc.spark_udf`` on local[2], warm: rows per CPU second.
- ``http``: a function over a served MLflow model against calls of one row, and against posts of 10,000 rows as JSON:
  rows per CPU second of client and server together.
- ``changed``: a table of a million rows of which a thousand changed: rows sent, and CPU seconds of the scoring step.
- ``memory``: five million rows: the peak of the refreshing process alone, in MB.

It needs the extras ``demo`` and ``onnx`` and the dependency group ``bench``; Spark needs Java.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.workspaces.mlflow.local import LocalServer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # for the other part of this benchmark
COLUMNS = [f"c{number}" for number in range(12)]
MODELS = {"gb": 0.8, "lr": 0.5, "gb_onnx": 1.0, "lr_onnx": 1.0}
CASES = ("registry", "spark", "http", "changed", "memory")


@dataclass
class Results:
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, case: str, ours: float, against: float, target: float, *, at_least: bool = True) -> None:
        ratio = ours / against
        met = ratio >= target if at_least else ratio <= target
        self.cases[case] = {"ours": ours, "against": against, "ratio": ratio, "target": target, "met": met}
        print(
            f"{case:34} ours {ours:14,.3f}  against {against:14,.3f}  ratio {ratio:8.2f}  "
            f"{'>=' if at_least else '<='} {target:g}  {'met' if met else 'NOT MET'}",
            flush=True,
        )


@dataclass(frozen=True)
class Spent:
    """Wall and CPU seconds; CPU of this process, and of those below it that were there all along."""

    wall: float
    cpu: float


def cpu_of(pids: dict[int, psutil.Process]) -> float:
    total = 0.0
    for process in pids.values():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@contextmanager
def measured(found: list[Spent], *roots: int) -> Iterator[None]:
    """Wall and CPU seconds of this process and of all below ``roots`` (by default: of all below this one)."""
    watched: dict[int, psutil.Process] = {}
    for root in roots or (os.getpid(),):
        process = psutil.Process(root)
        watched |= {one.pid: one for one in [process, *process.children(recursive=True)]}
    watched.pop(os.getpid(), None)
    wall, own, others = time.perf_counter(), time.process_time(), cpu_of(watched)
    yield
    found.append(Spent(time.perf_counter() - wall, time.process_time() - own + cpu_of(watched) - others))


def write_table(path: Path, rows: int, seed: int = 1) -> Path:
    random = np.random.default_rng(seed)
    table = pa.table({name: pa.array(random.normal(size=rows)) for name in COLUMNS})
    pq.write_table(table, path, row_group_size=100_000)
    return path


def dataflow(home: Headwater, name: str, function: str, data: Path) -> str:
    """Save a dataflow that scores a file with a function."""
    folder = home.home.path / "flows" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataflow.toml").write_text(f'[dataflow]\nname = "{name}"\nload = ["scored"]\n', "utf-8")
    m = f'let Source = Parquet.Document(File.Contents("{data}")) in Table.AddColumn(Source, "p", each {function}(_))'
    (folder / "scored.pq").write_text(m, "utf-8")
    home.apply(SYSTEM, folder)
    return name


BASELINE = """
import json, os, sys, time
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import deltalake, mlflow.pyfunc, pyarrow as pa, pyarrow.parquet as pq
uri, url, data, to = sys.argv[1:]
import mlflow
mlflow.set_tracking_uri(url)
model = mlflow.pyfunc.load_model(uri)
model.predict(pq.read_table(data).slice(0, 1000).to_pandas())
deltalake.write_deltalake(to + "-warm", pa.table({"a": [1]}))
wall, cpu = time.perf_counter(), time.process_time()
table = pq.read_table(data)
answer = model.predict(table.to_pandas())
if isinstance(answer, dict):
    found = pa.StructArray.from_arrays([pa.array(list(part)) for part in answer.values()], names=list(answer))
else:
    found = pa.array(answer)
deltalake.write_deltalake(to, table.append_column("p", found))
print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))
"""

SPARK = """
import json, os, sys, time
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import psutil
from pyspark.sql import SparkSession
import mlflow, mlflow.pyfunc
uri, url, data, to = sys.argv[1:]
mlflow.set_tracking_uri(url)
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.execution.arrow.pyspark.enabled", "true").getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
predict = mlflow.pyfunc.spark_udf(spark, uri, env_manager="local", result_type="long")
frame = spark.read.parquet(data)
columns = frame.columns

def cpu():
    me = psutil.Process()
    total = 0
    for one in [me, *me.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total

for _ in range(2):
    wall, before = time.perf_counter(), cpu()
    frame.withColumn("p", predict(*columns)).write.mode("overwrite").parquet(to)
    spent = {"wall": time.perf_counter() - wall, "cpu": cpu() - before}
print(json.dumps(spent))
"""


def child(script: str, *arguments: str, timeout: float = 900) -> dict[str, float]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *arguments],
        capture_output=True, text=True, timeout=timeout, check=False, env=environment,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class Bench:
    def __init__(self, folder: Path, rows: list[int]) -> None:
        self.folder = folder
        self.rows = rows
        self.results = Results()
        self.server = LocalServer(folder / "mlflow")
        self.server.start()
        self.tables = {count: write_table(folder / f"table-{count}.parquet", count) for count in rows}
        self.warm = write_table(folder / "warm.parquet", 2_000, seed=2)
        (folder / "served").mkdir()
        trained = [sys.executable, "-W", "ignore", str(HERE / "scoring_models.py"), self.server.url]
        subprocess.run([*trained, str(self.tables[min(rows)]), str(folder / "served")], check=True, timeout=600)
        self.app = Headwater.open(folder / "home", create=True, folders=(str(folder),))
        self.app.sources.add(SYSTEM, "bench", "", "mlflow", self.server.url, trusted=True)
        self.spent: dict[tuple[str, int], Spent] = {}

    def close(self) -> None:
        self.app.close()
        self.server.stop()

    def refresh(self, model: str, rows: int) -> Spent:
        """A refresh with the model loaded before; measured once for each model and table."""
        key = (model, rows)
        if key not in self.spent:
            self.app.refresh(SYSTEM, dataflow(self.app, f"{model}_warm", f"bench.{model}", self.warm))
            name = dataflow(self.app, f"{model}_{rows}", f"bench.{model}", self.tables[rows])
            found: list[Spent] = []
            with measured(found):
                self.app.refresh(SYSTEM, name)
            self.spent[key] = found[0]
        return self.spent[key]

    def registry(self) -> None:
        for rows in self.rows:
            whole: dict[str, dict[str, float]] = {}
            for model, target in MODELS.items():
                plain = model.removesuffix("_onnx")
                if plain not in whole:
                    to = str(self.folder / f"plain-{model}-{rows}")
                    whole[plain] = child(BASELINE, f"models:/{plain}/1", self.server.url, str(self.tables[rows]), to)
                ours, against = self.refresh(model, rows), whole[plain]
                self.results.add(
                    f"registry {model} {rows:,} rows/CPU-s", rows / ours.cpu, rows / against["cpu"], target
                )
                self.results.add(f"wall {model} {rows:,} rows/s", rows / ours.wall, rows / against["wall"], 1.0)

    def spark(self) -> None:
        rows = max(self.rows)
        for model, target in (("gb", 1.5), ("lr", 2.0)):
            to = str(self.folder / f"spark-{model}")
            against = child(SPARK, f"models:/{model}/1", self.server.url, str(self.tables[rows]), to)
            ours = self.refresh(model, rows)
            self.results.add(f"spark {model} {rows:,} rows/CPU-s", rows / ours.cpu, rows / against["cpu"], target)

    def http(self) -> None:
        from benchmarks.scoring_http import serve_and_measure

        serve_and_measure(self.app, self.folder, self.tables[min(self.rows)], self.results.add)

    def changed(self) -> None:
        rows = max(self.rows)
        for model in ("gb", "lr"):
            data = self.folder / f"changing-{model}.parquet"
            write_table(data, rows, seed=5)
            self.app.refresh(SYSTEM, dataflow(self.app, f"{model}_warm", f"bench.{model}", self.warm))
            name = dataflow(self.app, f"{model}_changing", f"bench.{model}", data)
            first = self.app.refresh(SYSTEM, name).scoring
            table = pq.read_table(data)
            places = np.random.default_rng(3).choice(rows, 1_000, replace=False)
            column = table["c0"].to_numpy().copy()
            column[places] += 1.0
            pq.write_table(table.set_column(0, "c0", pa.array(column)), data, row_group_size=100_000)
            second = self.app.refresh(SYSTEM, name).scoring
            self.results.add(f"changed {model}: rows sent", second["sent"], 1_000, 1.0, at_least=False)
            case = f"changed {model}: CPU s of scoring"
            self.results.add(case, second["cpu_seconds"], first["cpu_seconds"], 0.15, at_least=False)

    def memory(self) -> None:
        data = write_table(self.folder / "five.parquet", 5_000_000, seed=9)
        dataflow(self.app, "five", "bench.lr", data)
        own = [sys.executable, str(HERE / "scoring.py"), "--refresh", str(self.app.home.path), "five"]
        done = subprocess.run(own, capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        peak = float(done.stdout.splitlines()[-1])
        self.results.add("memory: 5M rows, peak MB", peak, 1_000, 1.0, at_least=False)


def refresh_alone(home: str, name: str) -> None:
    """One refresh in this process, which then says how much memory it had at most, in MB."""
    with Headwater.open(Path(home)) as app:
        app.refresh(SYSTEM, name)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 1_000_000])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--refresh", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.refresh:
        refresh_alone(*asked.refresh)
        return
    with tempfile.TemporaryDirectory(prefix="headwater-scoring-") as folder:
        bench = Bench(Path(folder), asked.rows)
        try:
            for case in asked.only:
                getattr(bench, case)()
        finally:
            bench.close()
    print(json.dumps(bench.results.cases))


if __name__ == "__main__":
    main()
