"""Scoring processes: real ones, with a model that misbehaves when it is told to."""

from __future__ import annotations

import base64
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest

from headwater.errors import ScoringError
from headwater.models.scorer import ScoredBatch
from headwater.models.signature import Signature
from headwater.models.workers.pool import KeptScorer, ScorerPool
from headwater.models.workers.process import WorkerOptions, WorkerScorer
from headwater.models.workers.worker import HEADER
from headwater.plan.cells import decode_error

OpenScorer = Callable[..., WorkerScorer]


def arithmetic_batch(signature: Signature, modes: list[str]) -> pa.RecordBatch:
    numbers = range(len(modes))
    columns: list[Any] = [pa.array([n / 2 for n in numbers]), pa.array(numbers, pa.int32()), pa.array(modes)]
    return pa.RecordBatch.from_arrays(columns, schema=signature.wire_schema)


def twice(values: pa.Array[Any]) -> list[Any]:
    return [None if row is None else row["twice"] for row in values.to_pylist()]


def errors_of(scored: ScoredBatch) -> Any:
    assert scored.errors is not None
    return scored.errors


@pytest.fixture
def batch_of(signature_of: Callable[[str], Signature]) -> Callable[[list[str]], pa.RecordBatch]:
    return lambda modes: arithmetic_batch(signature_of("arithmetic"), modes)


BatchOf = Callable[[list[str]], pa.RecordBatch]


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_several_batches_in_flight_are_answered_each(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    futures = [arithmetic.submit(batch_of(["ok"] * size)) for size in (1, 1000, 3, 0, 20_000)]
    for size, future in zip((1, 1000, 3, 0, 20_000), futures, strict=True):
        scored = future.result(60)
        assert scored.errors is None and scored.calls == 1
        assert scored.values.to_pylist() == [{"twice": float(n), "even": n % 2 == 0} for n in range(size)]


def test_cpu_time_is_counted(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    before = arithmetic.cpu_seconds()
    arithmetic.score(batch_of(["ok"] * 50_000))
    assert arithmetic.cpu_seconds() > before
    assert arithmetic.startup_cpu_seconds() > 0


def test_noise_on_standard_output_does_not_disturb(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    assert twice(arithmetic.score(batch_of(["print"] * 3)).values) == [0.0, 1.0, 2.0]
    assert twice(arithmetic.score(batch_of(["ok"])).values) == [0.0]


def test_a_poisonous_row_fails_alone_and_is_not_quoted(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    modes = ["ok"] * 10_000
    modes[7_123] = "raise"
    scored = arithmetic.score(batch_of(modes))
    assert errors_of(scored).is_valid().to_pylist() == [mode == "raise" for mode in modes]
    assert twice(scored.values) == [None if mode == "raise" else float(n) for n, mode in enumerate(modes)]
    reason, message, detail = decode_error(errors_of(scored)[7_123].as_py())
    assert (reason, detail) == ("DataSource.Error", None)
    assert "ValueError in arithmetic" in message and "cannot score" not in message
    assert scored.calls < 40


def test_batches_behind_a_failing_one_are_not_lost(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    futures = [arithmetic.submit(batch_of(modes)) for modes in (["ok", "raise"], ["ok"], ["raise", "ok"], ["ok"])]
    errors = [f.result(60).errors for f in futures]
    assert [e and e.is_valid().to_pylist() for e in errors] == [[False, True], None, [True, False], None]


def test_an_answer_of_another_length_fails_its_batch(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    scored = arithmetic.score(batch_of(["ok", "short", "ok"]))
    assert scored.values.null_count == 3
    assert {decode_error(e)[1] for e in errors_of(scored).to_pylist()} == {
        "demo.arithmetic answered a batch with 2 rows for 3."
    }
    assert scored.calls == 1


def test_an_answer_of_another_type_fails_its_row(arithmetic: WorkerScorer, batch_of: BatchOf) -> None:
    scored = arithmetic.score(batch_of(["ok", "ok", "text"]))
    assert errors_of(scored).is_valid().to_pylist() == [False, False, True]
    assert "'twice' does not convert to double" in errors_of(scored)[2].as_py()


def test_a_model_that_always_fails_ends_scoring(open_scorer: OpenScorer, batch_of: BatchOf) -> None:
    scorer = open_scorer("arithmetic")
    with pytest.raises(ScoringError) as caught:
        scorer.score(batch_of(["raise"] * 100))
    assert caught.value.code == "model.systemic"
    assert scorer.failed
    with pytest.raises(ScoringError):
        scorer.score(batch_of(["ok"]))


def test_a_scorer_that_failed_for_good_is_replaced_by_its_pool(
    saved_models: Path, signature_of: Callable[[str], Signature], tmp_path: Path, batch_of: BatchOf
) -> None:
    with ScorerPool(tmp_path) as pool:

        def scorer(folder: str) -> KeptScorer:
            return pool.worker("m-1", "demo.arithmetic", signature_of("arithmetic"), saved_models / folder)

        with pytest.raises(ScoringError):
            scorer("unloadable").score(batch_of(["ok"]))
        repaired = scorer("arithmetic")
        assert repaired.score(batch_of(["ok"])).errors is None
        assert scorer("unloadable") is repaired


def test_a_killed_process_is_started_again_and_nothing_is_lost(open_scorer: OpenScorer, batch_of: BatchOf) -> None:
    scorer = open_scorer("arithmetic")
    scorer.score(batch_of(["ok"]))
    first = scorer.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)  # so that batches are in flight when it dies
    futures = [scorer.submit(batch_of(["ok"] * size)) for size in (10, 20_000, 5, 7)]
    os.kill(first, signal.SIGKILL)
    assert [len(f.result(60).values) for f in futures] == [10, 20_000, 5, 7]
    assert scorer.pid not in (None, first)
    assert all(f.result().calls == 1 for f in futures)


def test_a_batch_that_kills_the_process_twice_ends_scoring(open_scorer: OpenScorer, batch_of: BatchOf) -> None:
    scorer = open_scorer("arithmetic")
    good, fatal, behind = (scorer.submit(batch_of([mode])) for mode in ("ok", "exit", "ok"))
    assert good.result(60).errors is None
    with pytest.raises(ScoringError, match="ended with status 3") as caught:
        fatal.result(60)
    assert caught.value.code == "model.process"
    with pytest.raises(ScoringError):
        behind.result(60)


def test_a_process_that_hangs_is_killed(open_scorer: OpenScorer, batch_of: BatchOf) -> None:
    scorer = open_scorer("arithmetic", WorkerOptions(call_timeout=0.5))
    with pytest.raises(ScoringError, match="did not answer in time"):
        scorer.score(batch_of(["sleep"]))
    wait_until(lambda: scorer.pid is None)


def test_closing_ends_what_is_running(open_scorer: OpenScorer, batch_of: BatchOf) -> None:
    scorer = open_scorer("arithmetic")
    scorer.score(batch_of(["ok"]))
    process = psutil.Process(scorer.pid)
    futures = [scorer.submit(batch_of([mode])) for mode in ("sleep", "ok", "ok")]
    scorer.close()
    for future in futures:
        with pytest.raises(ScoringError, match="stopped"):
            future.result(5)
    assert not process.is_running()
    with pytest.raises(ScoringError, match="stopped"):
        scorer.score(batch_of(["ok"]))


def test_closing_while_the_model_is_being_loaded(open_scorer: OpenScorer, batch_of: BatchOf) -> None:
    scorer = open_scorer("arithmetic")
    future = scorer.submit(batch_of(["ok"]))
    wait_until(lambda: scorer.pid is not None)
    scorer.close()
    with pytest.raises(ScoringError, match="stopped"):
        future.result(5)


def test_a_model_that_cannot_be_loaded_says_why(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature]
) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["a"])], schema=signature_of("unloadable").wire_schema)
    with pytest.raises(ScoringError, match=r"RuntimeError.*no such module") as caught:
        open_scorer("unloadable").score(batch)
    assert caught.value.code == "model.load"


def test_the_process_dies_with_its_parent(saved_models: Path, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(saved_models / "arithmetic"), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


PARENT = """
import sys, time
from pathlib import Path
from headwater.models.workers.process import WorkerScorer
from headwater.models.scorer import ScoredBatch
from headwater.models.schemas.mlflow import from_mlflow
signature = from_mlflow([{"name": "x", "type": "double"}], [{"name": "p", "type": "double"}])
scorer = WorkerScorer(Path(sys.argv[1]), signature, name="m", log=Path(sys.argv[2]))
scorer.warm()
while scorer.startup_cpu_seconds() == 0:
    time.sleep(0.05)
print(scorer.pid, flush=True)
time.sleep(60)
"""


def test_the_end_of_its_input_ends_the_process(
    saved_models: Path, signature_of: Callable[[str], Signature], batch_of: BatchOf
) -> None:
    """Whatever it is doing: not every system kills a child with its parent."""
    outputs = base64.b64encode(signature_of("arithmetic").output_schema.serialize()).decode()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, signature_of("arithmetic").wire_schema) as writer:
        writer.write_batch(batch_of(["sleep"]))
    load = json.dumps({"folder": str(saved_models / "arithmetic"), "outputs": outputs}).encode()
    process = subprocess.Popen(
        [sys.executable, "-m", "headwater.models.workers.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    for kind, content in ((b"L", load), (b"B", sink.getvalue().to_pybytes())):
        process.stdin.write(HEADER.pack(kind, len(content)) + content)
    process.stdin.flush()
    assert HEADER.unpack(process.stdout.read(HEADER.size))[0] == b"R"
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()


def test_the_process_sees_no_secret_of_ours(
    open_scorer: OpenScorer, batch_of: BatchOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_KEY", "canary")
    scorer = open_scorer("arithmetic", WorkerOptions(threads=2, environment={"EXTRA": "1"}))
    scorer.score(batch_of(["ok"]))
    seen = psutil.Process(scorer.pid).environ()
    assert "HEADWATER_KEY" not in seen and "canary" not in seen.values()
    assert (seen["OMP_NUM_THREADS"], seen["EXTRA"]) == ("2", "1")
    assert seen["HOME"] != os.environ.get("HOME")


def test_every_scalar_type_arrives_as_the_signature_declares(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature]
) -> None:
    row = [True, 1, 2, 0.5, 0.25, "a", b"b", datetime(2013, 1, 1, 5, 0, 0, 123456)]
    schema = signature_of("types").wire_schema
    batch = pa.RecordBatch.from_arrays(
        [pa.array([value], field.type) for value, field in zip(row, schema, strict=True)], schema=schema
    )
    scored = open_scorer("types").score(batch)
    expected = "flag:b1 small:i4 large:i8 single:f4 double:f8 moment:M8[ns] ['bytes', 'str'] 2013-01-01T05:00:00.123456"
    assert scored.values.to_pylist() == [expected]


def test_tensors_and_nested_values_arrive_whole(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature]
) -> None:
    schema = signature_of("tensor").wire_schema
    batch = pa.RecordBatch.from_arrays([pa.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])], schema=schema)
    assert open_scorer("tensor").score(batch).values.to_pylist() == [6.0, 15.0]

    rows: list[Any] = [
        {"numbers": [1, 2], "point": {"name": "a", "size": None}, "weights": [{"key": "k", "value": 0.5}]},
        {"numbers": [], "point": {"name": "b", "size": 1.0}, "weights": []},
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=signature_of("nested").wire_schema)
    assert open_scorer("nested").score(batch).values.to_pylist() == [
        {"total": 3, "text": "a ['k=0.5']", "doubled": [2, 4]},
        {"total": 0, "text": "b []", "doubled": []},
    ]


@pytest.fixture(scope="module")
def forms(
    saved_models: Path, signature_of: Callable[[str], Signature], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    log = tmp_path_factory.mktemp("forms") / "log"
    scorer = WorkerScorer(saved_models / "forms", signature_of("forms"), name="demo.forms", log=log)
    yield scorer
    scorer.close()


@pytest.mark.parametrize(
    ("form", "second"),
    [
        ("frame", math.nan),
        ("reordered", math.nan),
        ("dict", math.nan),
        ("records", math.nan),
        ("objects", math.nan),
        ("extension", None),
    ],
)
def test_each_form_of_answer_is_understood(
    forms: WorkerScorer, signature_of: Callable[[str], Signature], form: str, second: float | None
) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([form, form])], schema=signature_of("forms").wire_schema)
    rows = forms.score(batch).values.to_pylist()
    assert rows[0] == {"a": 1.5, "b": "x"}
    assert rows[1]["b"] is None and repr(rows[1]["a"]) == repr(second)


@pytest.mark.parametrize(("form", "says"), [("missing", "the answer lacks 'b'"), ("scalar", "no table of 2 columns")])
def test_an_answer_in_another_form_fails(
    forms: WorkerScorer, signature_of: Callable[[str], Signature], form: str, says: str
) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([form])], schema=signature_of("forms").wire_schema)
    assert says in errors_of(forms.score(batch))[0].as_py()
