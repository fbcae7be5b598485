"""MLflow's own scoring server, behind a line that goes wrong."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.models.services.conftest import QUICK
from tests.models.services.faults import PASS, Call, Fate, FaultServer, busy, forwarded, serving
from tests.models.services.results import messages
from tests.models.services.split_form import SplitForm

from headwater.errors import ScoringError
from headwater.models.scorer import ScoredBatch
from headwater.models.services import ServiceOptions, ServiceScorer
from headwater.models.signature import Signature
from headwater.net import HttpClient

pytestmark = pytest.mark.xdist_group("mlflow_scoring")

QUIET_MLFLOW = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def mlflow_server(model: Path, log: Path) -> Iterator[int]:
    """The port of a server that scores with this model; it is the application that ``mlflow models serve`` runs."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port)]
    command.append("mlflow.pyfunc.scoring_server.app:app")
    environment = {**os.environ, **QUIET_MLFLOW, "__pyfunc_model_path__": str(model)}
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as server:
        try:
            wait_for(port, server)
            yield port
        finally:
            server.kill()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while True:
        assert server.poll() is None and time.monotonic() < deadline, "the server did not start"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/ping", trust_env=False, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)


@pytest.fixture(scope="module")
def line(saved_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultServer]:
    """What stands between us and the server of the model ``arithmetic``."""
    log = tmp_path_factory.mktemp("mlflow") / "server.log"
    with mlflow_server(saved_models / "arithmetic", log) as port, serving(forwarded(port)) as proxy:
        yield proxy


@pytest.fixture
def signature(signature_of: Callable[[str], Signature]) -> Signature:
    return signature_of("arithmetic")


@contextmanager
def scorer_of(line: FaultServer, signature: Signature, **options: Any) -> Iterator[ServiceScorer]:
    scorer = ServiceScorer(
        HttpClient(line.url, timeout=60),
        SplitForm(signature),
        signature,
        name="demo.arithmetic",
        url_path="/invocations",
        options=ServiceOptions(**QUICK | {"call_timeout": 60.0} | options),
    )
    with closing(scorer):
        yield scorer


def rows(signature: Signature, modes: list[str]) -> pa.RecordBatch:
    numbers = range(len(modes))
    columns: list[Any] = [pa.array(numbers, pa.float64()), pa.array(numbers, pa.int32()), pa.array(modes)]
    return pa.RecordBatch.from_arrays(columns, schema=signature.wire_schema)


def failed_rows(scored: ScoredBatch, count: int) -> set[int]:
    errors = [None] * count if scored.errors is None else scored.errors.to_pylist()
    failed = {n for n in range(count) if errors[n] is not None}
    good = [None if n in failed else {"twice": 2.0 * n, "even": n % 2 == 0} for n in range(count)]
    assert scored.values.to_pylist() == good
    return failed


def test_a_bad_line_loses_no_row(line: FaultServer, signature: Signature) -> None:
    chance = random.Random(5)
    faults = [busy(429), busy(503), busy(502, "1"), Fate("cut early"), Fate("cut late"), Fate("half")]
    line.restart(lambda call: chance.choice(faults) if chance.random() < 0.1 else PASS)
    with scorer_of(line, signature, most_rows=300) as scorer:
        scored = scorer.score(rows(signature, ["ok"] * 20_000))
    assert failed_rows(scored, 20_000) == set()
    assert scored.retries > 3 and scored.calls == len(line.calls)


def test_a_poisonous_row_in_ten_thousand_is_found_and_not_quoted(line: FaultServer, signature: Signature) -> None:
    line.restart(lambda call: PASS)
    modes = ["ok"] * 10_000
    modes[7_123] = "raise"
    with scorer_of(line, signature, first_rows=10_000) as scorer:
        scored = scorer.score(rows(signature, modes))
    assert failed_rows(scored, 10_000) == {7_123}
    assert scored.calls <= 29
    assert messages(scored) == {"demo.arithmetic failed on this row: the service answered 400 BAD_REQUEST."}


def test_answers_that_the_line_has_spoiled_are_not_aligned(line: FaultServer, signature: Signature) -> None:
    fates = {1: Fate("short"), 3: Fate("wrong")}
    line.restart(lambda call: fates.get(call.number, PASS))
    with scorer_of(line, signature, window=1, first_rows=100, most_rows=100) as scorer:
        scored = scorer.score(rows(signature, ["ok"] * 1000))
    assert failed_rows(scored, 1000) == {*range(100, 200), *range(300, 400)}


def test_a_model_that_drops_rows_fails_its_batch(line: FaultServer, signature: Signature) -> None:
    line.restart(lambda call: PASS)
    modes = ["ok"] * 300
    modes[150] = "short"
    with scorer_of(line, signature, window=1, first_rows=100, most_rows=100) as scorer:
        scored = scorer.score(rows(signature, modes))
    assert failed_rows(scored, 300) == set(range(100, 200))


def test_a_hang_and_a_refusal(line: FaultServer, signature: Signature) -> None:
    def script(call: Call) -> Fate:
        return Fate("hang") if call.number == 0 else PASS

    line.restart(script)
    with scorer_of(line, signature, call_timeout=2.0) as scorer:
        scored = scorer.score(rows(signature, ["ok"] * 500))
        assert failed_rows(scored, 500) == set() and scored.retries == 1
        line.restart(lambda call: Fate("status", busy(401).reply))
        with pytest.raises(ScoringError) as caught:
            scorer.score(rows(signature, ["ok"]))
    assert caught.value.code == "model.refused"
