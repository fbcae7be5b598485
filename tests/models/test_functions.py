"""A model in the middle of a stream of rows: order, deduplication, the ledger, errors, counts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import ScoringError, UsageError
from headwater.models import run
from headwater.models.cancelling import Cancellation
from headwater.models.functions import ModelFunction
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.models.options import CallOptions
from headwater.models.predictions import Predictions, SessionPredictions
from headwater.models.results import ResultForm
from headwater.models.run import Calling
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.signature import Signature
from headwater.models.statistics import ScoringProgress
from headwater.models.workers.process import WorkerScorer
from headwater.plan.cells import decode_error, encode_error
from headwater.plan.functions import BatchFunction
from headwater.plan.types import to_arrow
from headwater.store import Database

FINGERPRINT = "f" * 64
HALVING = from_mlflow(
    [{"name": "x", "type": "double", "required": False}, {"name": "t", "type": "string"}],
    [{"name": "half", "type": "double"}],
)


class Halving:
    """A scorer in this process: half of x, an error where t is "bad". It keeps what it was sent."""

    window, batch_rows = 2, 50_000

    def __init__(self) -> None:
        self.batches: list[list[tuple[Any, str]]] = []
        self.params: list[Mapping[str, Any]] = []

    def warm(self) -> None: ...

    def close(self) -> None: ...

    def cpu_seconds(self) -> float:
        return 0.0

    @property
    def sent(self) -> list[tuple[Any, str]]:
        return [row for batch in self.batches for row in batch]

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        self.params.append(params)
        x, t = batch.column(0).to_pylist(), [str(text) for text in batch.column(1).to_pylist()]
        self.batches.append(list(zip(x, t, strict=True)))
        values = pa.array([None if n is None else n / 2 for n in x], pa.float64())
        errors = pa.array(
            [encode_error("DataSource.Error", "bad") if text == "bad" else None for text in t], pa.string()
        )
        return ScoredBatch(values, errors if errors.null_count < len(errors) else None)

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        future: Future[ScoredBatch] = Future()
        future.set_result(self.score(batch, params))
        return future


class Elsewhere(Halving):
    """The same, on a thread of its own: answers come when the run has gone on."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self.pool = pool

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        def late() -> ScoredBatch:
            time.sleep(0.002)
            return self.score(batch, params)

        return self.pool.submit(late)


@pytest.fixture
def memory(tmp_path: Path, database: Database) -> LedgerPredictions:
    ledger = Ledger(tmp_path / "ledger", database)
    ledger.register(FINGERPRINT, {})
    return LedgerPredictions(ledger, FINGERPRINT)


def rows_of(*rows: tuple[Any, Any], **more: Any) -> pa.Table:
    x, t = ([row[i] for row in rows] for i in (0, 1))
    return pa.table(
        {"id": pa.array(range(len(rows))), "x": pa.array(x, pa.float64()), "t": pa.array(t, pa.string()), **more}
    )


def function(
    scorer: Any,
    signature: Signature = HALVING,
    *,
    memory: Predictions | None = None,
    batch_rows: int | None = None,
    **calling: Any,
) -> ModelFunction:
    called = Calling(
        function="demo.halve",
        signature=signature,
        scorer=lambda: scorer,
        permit=calling.pop("permit", lambda: None),
        result=ResultForm(signature),
        options=CallOptions(batch_rows=batch_rows),
        **calling,
    )
    return ModelFunction("mlflow://h:1/models/halve/versions/1", "1", called, predictions=lambda _: memory)


def apply(
    called: ModelFunction, table: pa.Table, batch_rows: int = 3, arguments: Sequence[str] = ("x", "t")
) -> pa.Table:
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=batch_rows))
    result = called.apply(reader, arguments, "r").read_all()
    assert result.schema == table.schema.append(pa.field("r", to_arrow(called.result))).append(
        pa.field("r__err", pa.string())
    )
    assert result.drop_columns(["r", "r__err"]).equals(table), "every row, in order, as it came"
    return result


def test_it_is_a_batch_function() -> None:
    called: BatchFunction = function(Halving())
    assert (called.name, called.identity) == ("demo.halve", "mlflow://h:1/models/halve/versions/1")
    assert [field.name for field in called.parameters] == ["x", "t"]


def test_equal_rows_are_sent_once_and_all_get_their_prediction(memory: LedgerPredictions) -> None:
    scorer = Halving()
    called = function(scorer, memory=memory)
    result = apply(called, rows_of((1, "a"), (2, "a"), (1, "a"), (1, "b"), (-0.0, "a"), (0, "a"), (None, "a")))
    assert result["r"].to_pylist() == [0.5, 1.0, 0.5, 0.5, 0.0, 0.0, None]
    assert result["r__err"].null_count == 7
    assert scorer.sent == [(1, "a"), (2, "a"), (1, "b"), (0, "a"), (None, "a")]
    counts = called.statistics
    assert (counts.rows, counts.distinct, counts.sent, counts.reused, counts.failed) == (7, 5, 5, 2, 0)
    assert counts.calls == len(scorer.batches) and counts.seconds > 0


def test_what_was_scored_before_is_not_sent_again(memory: LedgerPredictions) -> None:
    scorer = Halving()
    apply(function(scorer, memory=memory), rows_of((1, "a"), (2, "a")))
    again = function(scorer, memory=memory)
    assert apply(again, rows_of((2, "a"), (3, "a"), (1, "a")))["r"].to_pylist() == [1.0, 1.5, 0.5]
    assert scorer.sent[2:] == [(3, "a")]
    assert (again.statistics.sent, again.statistics.reused) == (1, 2)


def test_without_a_memory_every_run_scores_anew() -> None:
    scorer = Halving()
    for _ in range(2):
        assert apply(function(scorer), rows_of((1, "a"), (1, "a")))["r"].to_pylist() == [0.5, 0.5]
    assert scorer.sent == [(1, "a")] * 2


def test_the_scorer_is_not_asked_for_when_nothing_is_to_be_sent(memory: LedgerPredictions) -> None:
    apply(function(Halving(), memory=memory), rows_of((1, "a")))

    called = function(None, memory=memory)
    assert apply(called, rows_of((1, "a")))["r"].to_pylist() == [0.5]
    assert apply(called, rows_of()).num_rows == 0


def test_rows_that_cannot_be_sent_are_errors_and_do_not_disturb_the_others(memory: LedgerPredictions) -> None:
    scorer = Halving()
    error = encode_error("DataFormat.Error", "no number", "n/a")
    table = rows_of((1, "a"), (2, None), (None, "a"), (3, "a"), x__err=pa.array([None, None, error, None]))
    called = function(scorer, memory=memory)
    result = apply(called, table)
    assert result["r"].to_pylist() == [0.5, None, None, 1.5]
    errors: list[Any] = result["r__err"].to_pylist()
    assert errors[2] == error and "'t' of demo.halve takes no null" in decode_error(errors[1])[1]
    assert scorer.sent == [(1, "a"), (3, "a")]
    assert called.statistics.failed == 1, "what came as an error is nobody's failure here"


def test_nothing_but_rows_that_cannot_be_sent(memory: LedgerPredictions) -> None:
    result = apply(function(Halving(), memory=memory), rows_of((1, None), (2, None)))
    assert result["r"].null_count == 2 and result["r__err"].null_count == 0


def test_failed_rows_are_tried_again_and_good_ones_are_not(memory: LedgerPredictions) -> None:
    scorer = Halving()
    for _ in range(2):
        called = function(scorer, memory=memory)
        result = apply(called, rows_of((1, "a"), (2, "bad"), (2, "bad"), (3, "a")))
        assert result["r__err"].is_null().to_pylist() == [True, False, False, True]
        assert called.statistics.failed == 2
    assert scorer.sent == [(1, "a"), (2, "bad"), (3, "a"), (2, "bad")]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a few rows, so that a few rows are several windows."""
    monkeypatch.setattr(run, "FIRST_WINDOW_ROWS", 4)
    monkeypatch.setattr(run, "WINDOW_ROWS", 8)


ROWS = st.lists(
    st.tuples(st.sampled_from([None, 0.0, 1.0, 2.0, 3.0]), st.sampled_from(["a", "b", "bad", None])), max_size=40
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    batch_rows=st.integers(1, 9),
    call_rows=st.integers(1, 5),
    remembered=ROWS,
    elsewhere=st.booleans(),
    keeps=st.booleans(),
)
@pytest.mark.usefixtures("small_windows")
def test_any_rows_in_any_cut_get_what_they_would_get_alone(
    database: Database,
    tmp_path: Path,
    rows: list[Any],
    batch_rows: int,
    call_rows: int,
    remembered: list[Any],
    elsewhere: bool,
    keeps: bool,
) -> None:
    fingerprint = os.urandom(32).hex()
    ledger = Ledger(tmp_path / "ledger", database)
    ledger.register(fingerprint, {})
    scorer = Halving()
    memory = LedgerPredictions(ledger, fingerprint)
    apply(function(scorer, memory=memory), rows_of(*remembered))
    before = set(scorer.sent) if keeps else set()
    with ThreadPoolExecutor(1) as pool:
        scorer = Elsewhere(pool) if elsewhere else Halving()
        called = function(scorer, memory=memory if keeps else None, batch_rows=call_rows)
        result = apply(called, rows_of(*rows), batch_rows)
    good = [t in ("a", "b") for _, t in rows]
    assert result["r__err"].is_null().to_pylist() == good
    halves = [None if x is None or not ok else x / 2 for (x, _), ok in zip(rows, good, strict=True)]
    assert [v if ok else None for v, ok in zip(result["r"].to_pylist(), good, strict=True)] == halves
    sent_good = [row for row in scorer.sent if row[1] != "bad"]
    assert len(sent_good) == len(set(sent_good)) or not keeps, "sent once, however far apart"
    assert set(sent_good) == {row for row, ok in zip(rows, good, strict=True) if ok} - before
    assert all(len(batch) <= call_rows for batch in scorer.batches)


@pytest.mark.usefixtures("small_windows")
def test_what_is_under_way_is_waited_for(memory: LedgerPredictions) -> None:
    """The next window is sent before the answers to this one are there; what both have is sent once, failed or not."""
    with ThreadPoolExecutor(1) as pool:
        scorer = Elsewhere(pool)
        first = [(1, "a"), (2, "bad"), (3, "a"), (4, "a")]
        result = apply(function(scorer, memory=memory), rows_of(*first, *first[1:], (5, "a")), 4)
    assert result["r"].to_pylist()[:1] + result["r"].to_pylist()[5:] == [0.5, 1.5, 2.0, 2.5]
    assert [error is None for error in result["r__err"].to_pylist()] == [
        True,
        False,
        True,
        True,
        False,
        True,
        True,
        True,
    ]
    assert scorer.sent == [*first, (5, "a")]


@pytest.mark.usefixtures("small_windows")
def test_progress_counts_every_row(memory: LedgerPredictions) -> None:
    seen: list[ScoringProgress] = []
    called = function(Halving(), memory=memory, on_progress=seen.append, rows_total=lambda: 60)
    apply(called, rows_of(*[(n % 7, "bad" if n == 3 else "a") for n in range(30)]), 2)
    assert (seen[-1].rows_done, seen[-1].rows_total, seen[-1].failed) == (30, 60, 1)
    assert all(first.rows_done <= second.rows_done for first, second in pairwise(seen))
    for told in seen:
        assert told.rows_per_second > 0 and told.seconds_left is not None
        assert told.seconds_left == pytest.approx((60 - told.rows_done) / told.rows_per_second)


def test_an_estimate_that_was_overtaken_is_told_no_more(memory: LedgerPredictions) -> None:
    seen: list[ScoringProgress] = []
    apply(function(Halving(), on_progress=seen.append, rows_total=lambda: 2), rows_of((1, "a"), (2, "a"), (3, "a")), 1)
    assert [(told.rows_total, told.seconds_left is None) for told in seen[-2:]] == [(None, True)] * 2


@pytest.mark.usefixtures("small_windows")
def test_rows_leave_while_later_ones_are_still_being_read(memory: LedgerPredictions) -> None:
    table = rows_of(*[(n, "a") for n in range(40)])
    read = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal read
        for batch in table.to_batches(max_chunksize=2):
            read += batch.num_rows
            yield batch

    reader = pa.RecordBatchReader.from_batches(table.schema, batches())
    answers = function(Halving(), memory=memory).apply(reader, ["x", "t"], "r")
    answers.read_next_batch()
    assert read < 40


class Failing(Halving):
    """Scores the first batch; the others never come back."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error
        self.futures: list[Future[ScoredBatch]] = []

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        future: Future[ScoredBatch] = Future()
        if not self.futures:
            future.set_result(self.score(batch))
        elif self.error is not None and len(self.futures) == 1:
            future.set_exception(self.error)
        self.futures.append(future)
        return future


def test_a_failure_keeps_what_was_scored_and_calls_off_the_rest(memory: LedgerPredictions) -> None:
    scorer = Failing(ScoringError("The model is gone."))
    table = rows_of(*[(n, "a") for n in range(6)])
    with pytest.raises(ScoringError, match="gone"):
        apply(function(scorer, memory=memory, batch_rows=2), table)
    assert [future.cancelled() for future in scorer.futures] == [False, False, True]
    fresh = Halving()
    apply(function(fresh, memory=memory), table)
    assert fresh.sent == [(n, "a") for n in range(2, 6)]


def test_arguments_of_another_numeric_type_are_converted(arithmetic: WorkerScorer, signature_of: Any) -> None:
    table = pa.table({"n": pa.array([1.0, 2.5, 3.0]), "x": pa.array([1, 2, 3]), "mode": ["ok"] * 3})
    called = function(arithmetic, signature_of("arithmetic"))
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    result = called.apply(reader, ["x", "n", "mode"], "r").read_all()
    assert result["r"].to_pylist() == [{"twice": 2.0, "even": False}, None, {"twice": 6.0, "even": False}]
    assert "whole numbers" in result["r__err"][1].as_py()


def test_every_row_is_scored_once_though_the_process_dies(
    open_scorer: Callable[..., WorkerScorer], signature_of: Callable[[str], Signature], memory: LedgerPredictions
) -> None:
    """A killed process, a poisonous row and duplicates, in one run; then a second run that sends only what failed."""
    rows = 30_000
    modes = ["raise" if n == 12_345 else "ok" for n in range(rows)]
    columns: dict[str, Any] = {"x": np.arange(rows) / 2, "n": np.arange(rows), "mode": modes}
    table = pa.table(columns)
    scorer = open_scorer("arithmetic")

    def killing() -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(table.to_batches(max_chunksize=5_000)):
            if number == 3:
                scorer.score(pa.RecordBatch.from_pylist([], schema=signature_of("arithmetic").wire_schema))
                assert scorer.pid is not None
                os.kill(scorer.pid, signal.SIGKILL)
            yield batch

    arithmetic = signature_of("arithmetic")
    first = function(scorer, arithmetic, memory=memory, batch_rows=4_000)
    result = first.apply(pa.RecordBatchReader.from_batches(table.schema, killing()), ["x", "n", "mode"], "r").read_all()
    assert [i for i, error in enumerate(result["r__err"].to_pylist()) if error] == [12_345]
    assert [row and row["twice"] for row in result["r"].to_pylist()] == [
        None if n == 12_345 else float(n) for n in range(rows)
    ]
    assert memory.count() == rows - 1

    second = function(scorer, arithmetic, memory=memory)
    second.apply(
        pa.RecordBatchReader.from_batches(table.schema, table.to_batches()), ["x", "n", "mode"], "r"
    ).read_all()
    assert (second.statistics.sent, second.statistics.failed) == (1, 1)
    assert first.statistics.cpu_seconds > second.statistics.cpu_seconds > 0


# Options ----------------------------------------------------------------------------------------------------------


SETTABLE = from_mlflow(
    [{"name": "x", "type": "double", "required": False}, {"name": "t", "type": "string"}],
    [{"name": "half", "type": "double"}],
    [
        {"name": "k", "type": "long", "default": 3, "shape": None},
        {"name": "words", "type": "string", "default": ["a"], "shape": [-1]},
    ],
)


def test_params_reach_the_model_as_it_declares_them() -> None:
    scorer = Halving()
    apply(function(scorer, SETTABLE).configured({"Params": {"k": 2.0, "words": ["b"]}}), rows_of((1, "a")))
    assert scorer.params == [{"k": 2, "words": ["b"]}] and type(scorer.params[0]["k"]) is int


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Speed": 1}, "no option 'Speed'"),
        ({"Params": {"j": 1}}, "no param 'j'"),
        ({"Params": {"k": 1.5}}, "takes long for the param 'k'"),
        ({"Params": {"k": True}}, "takes long for the param 'k'"),
        ({"Params": {"words": "b"}}, "takes a list for the param 'words'"),
        ({"Params": 1}, "Params as a record"),
        ({"OnError": "skip"}, "OnError"),
        ({"BatchSize": 0}, "BatchSize"),
        ({"BatchSize": True}, "BatchSize"),
        ({"Rescore": 1}, "true or false for Rescore"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        function(Halving(), SETTABLE).configured(options)


def test_null_instead_of_errors() -> None:
    result = apply(function(Halving()).configured({"OnError": "null"}), rows_of((1, "a"), (2, "bad"), (3, None)))
    assert result["r"].to_pylist() == [0.5, None, None] and result["r__err"].null_count == 3


@pytest.mark.parametrize("row", [(2, "bad"), (2, None)])
def test_the_first_failure_ends_everything_where_asked(row: tuple[Any, Any]) -> None:
    called = function(Halving()).configured({"OnError": "fail"})
    with pytest.raises(ScoringError) as caught:
        apply(called, rows_of((1, "a"), row))
    assert caught.value.code == "model.row"


def test_an_argument_that_was_an_error_ends_nothing() -> None:
    table = rows_of((1, "a"), (2, "a"), x__err=pa.array([None, encode_error("E", "no number")]))
    result = apply(function(Halving()).configured({"OnError": "fail"}), table)
    assert result["r__err"].is_null().to_pylist() == [True, False]


def test_the_size_of_batches() -> None:
    scorer = Halving()
    apply(function(scorer).configured({"BatchSize": 2}), rows_of(*[(n, "a") for n in range(9)]), 9)
    assert [len(batch) for batch in scorer.batches] == [2, 2, 2, 2, 1]


def test_results_with_the_model_and_the_moment(memory: LedgerPredictions) -> None:
    """What was scored before keeps the moment at which it was."""
    apply(function(Halving(), memory=memory), rows_of((1, "a")))
    first = function(Halving(), memory=memory).configured({"IncludeModel": True})
    table = rows_of((1, "a"), (2, "a"), (3, "bad"))
    result = apply(first, table)
    told: list[Any] = result["r"].to_pylist()
    assert [(row["half"], row["ModelVersion"]) for row in told[:2]] == [(0.5, "1"), (1.0, "1")]
    assert result["r__err"].is_null().to_pylist() == [True, True, False]
    assert told[0]["ScoredAt"]["instant"] < told[1]["ScoredAt"]["instant"]
    again = function(Halving(), memory=memory).configured({"IncludeModel": True})
    assert apply(again, table)["r"].to_pylist()[:2] == told[:2]
    year_1970 = 719_162 * 864_000_000_000
    moment = datetime.fromtimestamp((told[1]["ScoredAt"]["instant"] - year_1970) / 10**7, UTC)
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)


def test_an_output_of_that_name_is_not_hidden() -> None:
    signature = from_mlflow([{"name": "x", "type": "double"}], [{"name": "ScoredAt", "type": "double"}])
    with pytest.raises(UsageError, match="an output 'ScoredAt' of its own"):
        function(Halving(), signature).configured({"IncludeModel": True})


def test_scored_anew_where_asked_and_the_newest_counts(memory: LedgerPredictions) -> None:
    scorer = Halving()
    apply(function(scorer, memory=memory), rows_of((1, "a")))
    apply(function(scorer, memory=memory).configured({"Rescore": True}), rows_of((1, "a")))
    assert scorer.sent == [(1, "a")] * 2

    class Doubling(Halving):
        def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
            return ScoredBatch(pa.array([2.0] * batch.num_rows))

    apply(function(Doubling(), memory=memory).configured({"Rescore": True}), rows_of((1, "a")))
    assert apply(function(scorer, memory=memory), rows_of((1, "a")))["r"].to_pylist() == [2.0]


def test_a_preview_scores_what_it_shows_once() -> None:
    scorer, session = Halving(), SessionPredictions()
    for _ in range(2):
        apply(function(scorer, memory=session), rows_of((1, "a"), (2, "bad")))
    assert scorer.sent == [(1, "a"), (2, "bad"), (2, "bad")]
    assert session.count() == 1


def test_predictions_that_are_too_old_are_made_anew(tmp_path: Path, database: Database) -> None:
    ledger, scorer = Ledger(tmp_path / "ledger", database), Halving()
    ledger.register(FINGERPRINT, {})
    for age in (None, timedelta(hours=1), timedelta(0)):
        apply(function(scorer, memory=LedgerPredictions(ledger, FINGERPRINT, age)), rows_of((1, "a")))
    assert scorer.sent == [(1, "a")] * 2


class Stuck(Halving):
    """Never answers."""

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        return Future()


def test_what_hangs_is_called_off(memory: LedgerPredictions) -> None:
    cancellation = Cancellation()
    called = function(Stuck(), memory=memory, cancellation=cancellation)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            apply(called, rows_of((1, "a")))
        except ScoringError as error:
            failures.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    cancellation.cancel()
    thread.join(10)
    assert [error.code for error in failures if isinstance(error, ScoringError)] == ["model.cancelled"]
