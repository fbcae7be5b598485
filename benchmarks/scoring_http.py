"""The part of ``benchmarks/scoring.py`` that scores by a served MLflow model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import requests

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.models.schemas.typed import signature_from_text

ROWS, POSTED, SINGLE = 200_000, 10_000, 300


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """MLflow's own scoring server, with the packages of this installation."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "-h", "127.0.0.1"]
    quiet = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
    }
    log = (folder.parent / "served.log").open("wb")
    process = subprocess.Popen(
        [*command, "-p", str(port), "--env-manager", "local", "-w", "1"], stdout=log, stderr=log, env=quiet
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            if requests.get(f"{url}/ping", timeout=1).ok:
                return process, url
        except requests.ConnectionError:
            time.sleep(0.2)
    process.kill()
    raise RuntimeError("the scoring server does not answer")


def cpu(process: subprocess.Popen[bytes]) -> float:
    root = psutil.Process(process.pid)
    times = [one.cpu_times() for one in [root, *root.children(recursive=True)]]
    return time.process_time() + float(sum(one.user + one.system for one in times))


def serve_and_measure(app: Headwater, folder: Path, data: Path, add: Callable[..., None]) -> None:
    process, url = serve(folder / "served" / "lr")
    try:
        _measure(app, process, url, data, add)
    finally:
        for one in [*psutil.Process(process.pid).children(recursive=True), process]:
            one.kill()
        process.wait()


def _measure(app: Headwater, process: subprocess.Popen[bytes], url: str, data: Path, add: Callable[..., None]) -> None:
    table = pq.read_table(data).slice(0, ROWS)
    app.sources.add(SYSTEM, "served", "", "mlflow_serving", url)
    arguments = ", ".join(f"{name} as number" for name in table.column_names)
    app.functions.supply(SYSTEM, "served.model", signature_from_text(f"({arguments}) => Int64.Type"))
    with app.functions.open(SYSTEM, "served.model") as function:
        function.call(table.slice(0, 1_000).to_reader()).read_all()
        before = cpu(process)
        scored = function.call(table.to_reader()).read_all()
        ours = ROWS / (cpu(process) - before)
    assert scored["result__err"].null_count == ROWS
    post: Any = requests.Session().post
    rows = table.slice(0, POSTED).to_pylist()
    before = cpu(process)
    for row in rows[:SINGLE]:
        post(f"{url}/invocations", json={"dataframe_records": [row]}, timeout=60).raise_for_status()
    add("http: rows/CPU-s against single rows", ours, SINGLE / (cpu(process) - before), 100)
    before = cpu(process)
    for _ in range(5):
        post(f"{url}/invocations", json={"dataframe_records": rows}, timeout=60).raise_for_status()
    add("http: rows/CPU-s against JSON posts", ours, 5 * POSTED / (cpu(process) - before), 2.5)
