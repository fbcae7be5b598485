"""Taking batches apart: which rows are found, and what it may cost."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import ScoringError
from headwater.models.arrow import row_values
from headwater.models.bisect import CALL_LIMIT, SYSTEMIC_LEAVES, Answer, Failed, score_apart
from headwater.models.scorer import ScoredBatch
from headwater.plan.cells import decode_error


class Doubling:
    """Doubles column ``x``; fails on a batch that holds a bad number."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.calls = 0

    def __call__(self, batch: pa.RecordBatch) -> Answer:
        self.calls += 1
        numbers: list[Any] = batch.column("x").to_pylist()
        if self.bad.intersection(numbers):
            return Failed("model", "ValueError in predict")
        return pa.record_batch({"y": pa.array([2 * n for n in numbers], pa.int64())})


def apart(model: Doubling, rows: int) -> ScoredBatch:
    batch = pa.record_batch({"x": pa.array(range(rows), pa.int64())})
    first = model(batch)
    return score_apart(batch, first, model, lambda answer: answer.column(0), result=pa.int64(), name="demo.m")


def failed_rows(scored: ScoredBatch) -> set[int]:
    return set() if scored.errors is None else {i for i, error in enumerate(scored.errors.to_pylist()) if error}


@settings(deadline=None)
@given(st.integers(20, 300), st.sets(st.integers(0, 299), max_size=7))
def test_exactly_the_bad_rows_fail(rows: int, bad: set[int]) -> None:
    model = Doubling(bad)
    scored = apart(model, rows)
    bad_here = {n for n in bad if n < rows}
    assert failed_rows(scored) == bad_here
    assert scored.values.to_pylist() == [None if n in bad_here else 2 * n for n in range(rows)]
    assert scored.calls == model.calls


def test_one_bad_row_in_ten_thousand_costs_about_27_calls() -> None:
    model = Doubling({6_789})
    assert failed_rows(apart(model, 10_000)) == {6_789}
    assert model.calls <= 29


def test_calls_are_limited_and_the_rest_fails_with_its_batch() -> None:
    model = Doubling(set(range(0, 10_000, 50)))
    scored = apart(model, 10_000)
    assert model.calls <= CALL_LIMIT + 40  # each call under way when the limit is met is finished
    failed = failed_rows(scored)
    assert failed > model.bad - {n for n in model.bad if n >= 10_000}
    assert scored.errors is not None
    messages = {decode_error(e)[1].split(":")[0] for e in scored.errors.to_pylist() if e}
    assert messages == {"demo.m failed on this row", "demo.m failed on the batch that holds this row"}
    assert scored.values.null_count == len(failed) < 10_000


def test_nothing_but_failures_is_the_models_fault() -> None:
    model = Doubling(set(range(1000)))
    with pytest.raises(ScoringError, match="on every row that it was tried with") as caught:
        apart(model, 1000)
    assert caught.value.code == "model.systemic"
    assert model.calls < 60


def test_bad_rows_in_front_do_not_condemn_the_model() -> None:
    model = Doubling(set(range(SYSTEMIC_LEAVES * 4)))
    assert failed_rows(apart(model, 1000)) == model.bad


def test_a_small_batch_of_bad_rows_is_just_that() -> None:
    assert failed_rows(apart(Doubling({0, 1, 2}), 3)) == {0, 1, 2}


def test_a_model_known_to_work_is_not_condemned_by_one_batch() -> None:
    model = Doubling(set(range(100)))
    batch = pa.record_batch({"x": pa.array(range(100), pa.int64())})
    first = model(batch)
    scored = score_apart(
        batch, first, model, lambda answer: answer.column(0), result=pa.int64(), name="demo.m", proven=True
    )
    assert failed_rows(scored) == model.bad and scored.calls == 199


@pytest.mark.parametrize(("kind", "said"), [("length", "answered a batch with"), ("batch", "failed on the batch")])
def test_a_batch_that_fails_as_a_whole_is_not_taken_apart(kind: str, said: str) -> None:
    batch = pa.record_batch({"x": pa.array(range(5), pa.int64())})
    scored = score_apart(batch, Failed(kind, "4 rows"), Doubling(set()), row_values, result=pa.int64(), name="demo.m")
    assert scored.calls == 1 and scored.errors is not None and scored.values.null_count == 5
    assert all(said in decode_error(error)[1] for error in scored.errors.to_pylist())
