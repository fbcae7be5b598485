"""What the demo has to reach: ``python benchmarks/demo.py [--quick]``.

One run of ``headwater demo --once --json`` as a newcomer has it, watched from outside, then one in-process
``predict`` of the same model over the same rows. Prints a table, and last one JSON object
{case: {ours, against, ratio, target, met}}. ``--quick`` leaves out the repeated small measurements.

- total seconds and peak memory of the demo (proportional set size, summed over all its processes);
- the scoring step of the first refresh against one in-process predict: rows per CPU second, start-up, source read
  and publishing excluded on our side, loading the model and reading the rows on the other;
- the second refresh against the first: CPU seconds of all processes;
- ``headwater --help``: the median of several runs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

HEADWATER = [sys.executable, "-m", "headwater.cli.main"]
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Case:
    """``ratio`` is ours / against; it has to be at most, or at least, the target."""

    ours: float
    against: float
    target: float
    at_least: bool = False

    def to_json(self) -> dict[str, float | bool]:
        ratio = self.ours / self.against
        met = ratio >= self.target if self.at_least else ratio <= self.target
        return {"ours": self.ours, "against": self.against, "ratio": ratio, "target": self.target, "met": met}


class Memory:
    """The greatest sum of proportional set sizes over a process and all below it, sampled."""

    def __init__(self, pid: int, interval: float = 0.25) -> None:
        self.peak = 0
        self._process = psutil.Process(pid)
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._stop.set()
        self._thread.join()
        return self.peak

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            self.peak = max(self.peak, self._sum())

    def _sum(self) -> int:
        total = 0
        try:
            processes = [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0
        for process in processes:
            try:
                memory = process.memory_full_info()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            # macOS has no proportional set size; the unique one is the nearest it gives.
            total += getattr(memory, "pss", memory.uss)
        return total


def run_demo(home: Path) -> tuple[dict[str, Any], float, int]:
    """The demo's JSON, the seconds it took, and its peak memory in bytes."""
    started = time.perf_counter()
    command = [*HEADWATER, "demo", "--home", str(home), "--once", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    memory = Memory(process.pid)
    output, _ = process.communicate(timeout=900)
    seconds = time.perf_counter() - started
    peak = memory.stop()
    assert process.returncode == 0, f"the demo ended with status {process.returncode}"
    return json.loads(output.splitlines()[-1]), seconds, peak


def predict_rate(home: Path, warehouse: Path) -> float:
    """Rows per CPU second of one predict over all rows of the first refresh, in this process.

    One thread for the model's numeric libraries, as in Headwater's scoring process: more of them do not lower CPU
    time.
    """
    import duckdb
    import mlflow.pyfunc

    from headwater.app.demo.warehouse import LATE_MONTH, MODEL_INPUTS, model_inputs_sql

    (model_file,) = (home / "models").rglob("MLmodel")
    model = mlflow.pyfunc.load_model(str(model_file.parent))
    files = sorted(file for file in (warehouse / "flights").glob("*.csv") if f"-{LATE_MONTH:02d}" not in file.name)
    columns = ", ".join(MODEL_INPUTS)
    with duckdb.connect() as connection:
        query = f"SELECT {columns} FROM ({model_inputs_sql(files, warehouse / 'weather.csv')})"
        frame = connection.sql(query).df()
    model.predict(frame.head(1_000))
    started = time.process_time()
    model.predict(frame)
    return float(len(frame) / (time.process_time() - started))


def help_seconds(runs: int) -> float:
    """The median time of ``headwater --help``."""

    def once() -> float:
        started = time.perf_counter()
        subprocess.run([*HEADWATER, "--help"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    return statistics.median(once() for _ in range(runs))


def measure(quick: bool) -> dict[str, Case]:
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
        home = Path(folder) / "home"
        result, seconds, peak = run_demo(home)
        scoring = result["scoring"]["first"]
        ours = scoring["rows"] / scoring["cpu_seconds"]
        against = predict_rate(home, home / "warehouse")
    cpu = result["cpu_seconds"]
    return {
        "demo seconds, of 60": Case(seconds, 60.0, 1.0),
        "demo peak memory in MB, of 2,000": Case(peak / MEGABYTE, 2_000.0, 1.0),
        "scoring step against in-process predict, rows per CPU second": Case(ours, against, 0.6, at_least=True),
        "second refresh against first, CPU seconds": Case(cpu["refresh_second"], cpu["refresh_first"], 0.25),
        "headwater --help seconds, of 0.4": Case(help_seconds(3 if quick else 9), 0.4, 1.0),
    }


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    cases = measure("--quick" in sys.argv[1:])
    report: dict[str, dict[str, float | bool]] = {name: case.to_json() for name, case in cases.items()}
    show: Callable[[float], str] = lambda number: f"{number:,.3f}" if number < 1_000 else f"{number:,.0f}"  # noqa: E731
    for name, row in report.items():
        shown = [show(float(row[key])) for key in ("ours", "against", "ratio", "target")]
        print(
            f"{name:64} {shown[0]:>12} {shown[1]:>12} {shown[2]:>8} {shown[3]:>8} {'met' if row['met'] else 'MISSED'}"
        )
    print(json.dumps(report))


if __name__ == "__main__":
    main()
