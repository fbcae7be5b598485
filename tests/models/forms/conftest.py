"""MLflow's own scoring server, with saved models."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from headwater.models.forms.base import Request, ServiceForm
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.signature import Signature
from headwater.workspaces.base import SignatureInfo
from headwater.workspaces.mlflow.extract import parse_mlmodel

READY_SECONDS = 90
#: Loopback is reached without a proxy, whatever the environment says.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Served:
    """The scoring server at ``url`` of the models in ``folder``."""

    url: str
    folder: Path

    def declared(self, model: str) -> SignatureInfo:
        found, _ = parse_mlmodel((self.folder / model / "MLmodel").read_bytes(), model)
        assert found is not None
        return found

    def signature(self, model: str) -> Signature:
        found = self.declared(model)
        return from_mlflow(found.inputs, found.outputs, found.params, model=model)

    def ask(self, model: str, request: Request) -> tuple[int, bytes, str]:
        """Status, body and content type of the answer."""
        url = f"{self.url}/{model}/invocations{request.path}"
        sent = urllib.request.Request(url, request.content, dict(request.headers), method=request.method)
        try:
            with direct.open(sent, timeout=60) as answer:
                return answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers["Content-Type"]

    def score(self, model: str, form: ServiceForm, batch: pa.RecordBatch, **params: object) -> pa.RecordBatch:
        status, body, content_type = self.ask(model, form.encode(batch, params))
        assert status == 200, body
        return form.decode(body, content_type, batch.num_rows)


@pytest.fixture(scope="session")
def served(saved_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Every saved model, served in one process."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(saved_models, folder / "models")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("served_models.py"))]
        server = subprocess.Popen(
            [*command, str(folder / "models"), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_ready(server, f"{url}/arithmetic/ping", log)
        yield Served(url, folder / "models")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(10)


def wait_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and server.poll() is None:
        try:
            with direct.open(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the scoring server did not start: {log.read_text()[-2000:]}")
