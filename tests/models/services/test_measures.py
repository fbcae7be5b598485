"""Sizes of batches, the window of calls, and what counts as a service that works."""

from __future__ import annotations

import threading

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import ScoringError
from headwater.models.scorer import ScoredBatch
from headwater.models.services import ServiceOptions
from headwater.models.services.health import Health
from headwater.models.services.sizing import BatchSize
from headwater.models.services.throttle import Throttle


def test_a_size_settles_at_the_time_wanted() -> None:
    size = BatchSize(ServiceOptions(first_rows=10, target_seconds=1.0), max_rows=None)
    for _ in range(30):
        size.scored(size.call_rows, 0.1 + size.call_rows * 0.002)  # 450 rows take a second
    assert 350 < size.batch_rows < 550


def test_small_calls_say_nothing_about_large_ones_unless_they_are_slow() -> None:
    size = BatchSize(ServiceOptions(first_rows=100, target_seconds=1.0), max_rows=None)
    size.scored(5, 0.001)
    assert size.batch_rows == 100
    size.scored(5, 1.0)
    assert size.batch_rows == 50


def test_limits_of_a_call_are_not_those_of_a_batch() -> None:
    size = BatchSize(ServiceOptions(first_rows=100, most_rows=5_000, payload_bytes=1000), max_rows=40)
    assert (size.batch_rows, size.call_rows) == (100, 40)
    size.encoded(40, 2000)
    assert size.call_rows == 20
    for _ in range(30):
        rows = size.call_rows
        size.encoded(rows, rows)
        size.scored(rows, 0.0)
    assert (size.batch_rows, size.call_rows) == (5_000, 40)
    size.too_large(40)
    assert size.call_rows == 20
    size.too_slow(8)
    assert (size.batch_rows, size.call_rows) == (4, 4)


@given(
    st.lists(
        st.tuples(st.sampled_from(["scored", "encoded", "large", "slow"]), st.integers(1, 10**6), st.floats(0, 1e6))
    )
)
def test_a_size_is_never_less_than_one_row(events: list[tuple[str, int, float]]) -> None:
    options = ServiceOptions(first_rows=7, most_rows=1000)
    size = BatchSize(options, max_rows=None)
    for kind, rows, amount in events:
        if kind == "scored":
            size.scored(rows, amount)
        elif kind == "encoded":
            size.encoded(rows, int(amount))
        elif kind == "large":
            size.too_large(rows)
        else:
            size.too_slow(rows)
        assert 1 <= size.call_rows <= size.batch_rows <= options.most_rows


def test_the_window_is_halved_once_for_all_calls_under_way() -> None:
    throttle = Throttle(8)
    with throttle.call() as first, throttle.call() as second:
        throttle.busy(first, 0.0)
        throttle.busy(second, 0.0)
        assert throttle.window == 4
    with throttle.call() as third:
        throttle.busy(third, 0.0)
    assert throttle.window == 2
    for _ in range(10):
        with throttle.call() as again:
            throttle.busy(again, 0.0)
    assert throttle.window == 1
    for _ in range(50):
        throttle.good()
    assert throttle.window == 8


def test_a_pause_and_a_full_window_hold_every_call_until_the_end() -> None:
    ended = ScoringError("The end.")

    def held(throttle: Throttle) -> None:
        begun = []

        def call() -> None:
            with pytest.raises(ScoringError, match=r"The end\."):
                with throttle.call():
                    begun.append(True)

        threads = [threading.Thread(target=call) for _ in range(3)]
        for thread in threads:
            thread.start()
        threads[0].join(0.2)
        throttle.end(ended)
        for thread in threads:
            thread.join(10)
        assert not begun and not any(thread.is_alive() for thread in threads)

    paused = Throttle(4)
    with paused.call() as begun:
        paused.busy(begun, 60.0)
    assert paused.last_pause == 60.0
    held(paused)
    full = Throttle(1)
    with full.call():
        held(full)


def test_a_call_that_ends_lets_the_next_one_begin() -> None:
    throttle, begun = Throttle(1), threading.Event()

    def call() -> None:
        with throttle.call():
            begun.set()

    thread = threading.Thread(target=call)
    with pytest.raises(ZeroDivisionError), throttle.call():
        thread.start()
        assert not begun.wait(0.1)
        raise ZeroDivisionError
    assert begun.wait(10)
    thread.join(10)


def scored(rows: int, failed: int) -> ScoredBatch:
    errors = pa.array(["failed"] * failed + [None] * (rows - failed), pa.string())
    return ScoredBatch(pa.nulls(rows, pa.int64()), errors if failed else None)


def test_many_rows_in_several_batches_without_a_good_one() -> None:
    health = Health()
    assert [health.barren(scored(200, 200)) for _ in range(8)] == [False] * 7 + [True]
    assert not health.barren(scored(200, 199))
    assert [health.barren(scored(10, 10)) for _ in range(100)] == [False] * 99 + [True]
    assert not Health().barren(scored(10**6, 10**6))
