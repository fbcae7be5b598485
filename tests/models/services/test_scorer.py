"""Scoring by a service that works: order, sizes, windows, counts, and the ways to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from tests.models.services.faults import PASS, Doubling, Fate, FaultServer, busy
from tests.models.services.results import failed_rows, wait_until
from tests.models.services.split_form import DOUBLING, SplitForm, batch_of

from headwater.errors import ForbiddenError, ScoringError
from headwater.models.forms import Request
from headwater.models.services import ServiceOptions, ServiceScorer
from headwater.net import HttpClient

OpenScorer = Callable[..., ServiceScorer]


def test_every_row_is_sent_once_and_comes_back_in_order(service: FaultServer, open_scorer: OpenScorer) -> None:
    scorer = open_scorer()
    sizes = [5, 10_000, 1, 3_000]
    starts = [0, 5, 10_005, 10_006]
    batches = [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]
    futures = [scorer.submit(batch_of(rows)) for rows in batches]
    scored = [future.result(30) for future in futures]
    assert [failed_rows(s, rows) for s, rows in zip(scored, batches, strict=True)] == [set()] * 4
    assert service.scored == dict.fromkeys(range(sum(sizes)), 1)
    assert sum(s.calls for s in scored) == len(service.calls) == scorer.state().calls
    assert scored[0].errors is None and scored[0].retries == 0 and scored[0].values.type == pa.int64()


def test_batches_grow_while_the_service_is_quick(service: FaultServer, open_scorer: OpenScorer) -> None:
    scorer = open_scorer(window=1, first_rows=10, target_seconds=30.0, most_rows=200)
    scorer.score(batch_of(range(1000)))
    assert [len(call.rows) for call in service.calls] == [10, 20, 40, 80, 160, 200, 200, 200, 90]
    assert (scorer.batch_rows, scorer.state().call_rows) == (200, 200)


def test_batches_shrink_when_it_is_slow(service: FaultServer, model: Doubling, open_scorer: OpenScorer) -> None:
    model.seconds_per_row = 0.001
    scorer = open_scorer(window=1, first_rows=256, target_seconds=0.01)
    assert failed_rows(scorer.score(batch_of(range(600))), list(range(600))) == set()
    assert len(service.calls[0].rows) == 256
    assert len(service.calls[-1].rows) < 32 and scorer.batch_rows < 32


def test_a_request_is_no_larger_than_the_limit(service: FaultServer, open_scorer: OpenScorer) -> None:
    scorer = open_scorer(first_rows=5000, payload_bytes=2_000)
    rows = list(range(10**9, 10**9 + 5000))
    assert failed_rows(scorer.score(batch_of(rows)), rows) == set()
    assert max(call.size for call in service.calls) <= 2_000
    assert sum(call.size for call in service.calls) / len(service.calls) > 1_000  # and not much smaller either
    assert service.scored == dict.fromkeys(rows, 1)


def test_a_row_that_is_larger_than_the_limit_is_sent_alone(service: FaultServer, open_scorer: OpenScorer) -> None:
    scorer = open_scorer(payload_bytes=10)
    assert failed_rows(scorer.score(batch_of(range(7))), list(range(7))) == set()
    assert [len(call.rows) for call in service.calls] == [1] * 7


def test_a_form_of_single_rows_is_asked_row_by_row(service: FaultServer, open_scorer: OpenScorer) -> None:
    scorer = open_scorer(max_rows=1, target_seconds=30.0, first_rows=8)
    scored = scorer.score(batch_of(range(40)))
    assert failed_rows(scored, list(range(40))) == set()
    assert [len(call.rows) for call in service.calls] == [1] * 40 and scored.calls == 40
    assert scorer.batch_rows > 8  # it is told how many rows are quick, not that calls are small


def test_as_many_calls_are_under_way_as_the_window_allows(service: FaultServer, open_scorer: OpenScorer) -> None:
    together, backend = threading.Barrier(3), service.backend

    def met(handler: Any, body: bytes) -> Any:
        together.wait(timeout=20)  # breaks unless three calls are here at once
        return backend(handler, body)

    service.backend = met
    scorer = open_scorer(window=3, first_rows=10, target_seconds=0.0)
    assert scorer.window == 3
    assert failed_rows(scorer.score(batch_of(range(30))), list(range(30))) == set()
    assert scorer.state().retries == 0


def test_the_window_is_halved_when_the_service_is_busy_and_grows_back(
    service: FaultServer, open_scorer: OpenScorer
) -> None:
    scorer = open_scorer(window=4, first_rows=10, most_rows=10, tries=50)
    service.restart(lambda call: busy() if call.number < 12 else PASS)
    seen = []
    for start in range(0, 400, 10):
        scorer.score(batch_of(range(start, start + 10)))
        seen.append(scorer.window)
    assert seen[0] == 2 and seen[-1] == 4 and seen == sorted(seen)  # 1, and one up for the good answer
    assert scorer.state().retries == 12


def test_settings_and_path_reach_the_service(service: FaultServer, open_scorer: OpenScorer) -> None:
    class AtQuery(SplitForm):
        def encode(self, batch: pa.RecordBatch, params: Any) -> Request:
            return Request(super().encode(batch, params).content, path="execute?details=true")

    client = HttpClient(service.url)
    scorer = ServiceScorer(client, AtQuery(DOUBLING), DOUBLING, name="demo.twice", url_path="/services/7?key=1")
    try:
        scorer.score(batch_of([1]), {"depth": 3})
    finally:
        scorer.close()
    (call,) = service.calls
    assert (call.path, call.params) == ("/services/7/execute?key=1&details=true", {"depth": 3})


def test_no_rows_are_no_call(service: FaultServer, open_scorer: OpenScorer) -> None:
    scored = open_scorer().score(batch_of([]))
    assert (len(scored.values), scored.values.type, scored.calls) == (0, pa.int64(), 0)
    assert service.calls == []


def test_cpu_time_spent_here_is_counted(open_scorer: OpenScorer) -> None:
    scorer = open_scorer()
    assert scorer.cpu_seconds() == 0
    scorer.score(batch_of(range(20_000)))
    spent = scorer.cpu_seconds()
    scorer.score(batch_of(range(20_000)))
    assert 0 < spent < scorer.cpu_seconds()


def test_the_check_is_made_before_each_call(service: FaultServer, open_scorer: OpenScorer) -> None:
    allowed = 3
    made: list[int] = []

    def check() -> None:
        if len(made) == allowed:
            raise ForbiddenError("Not any more.")
        made.append(len(service.calls))

    scorer = open_scorer(window=1, first_rows=10, most_rows=10, check=check)
    with pytest.raises(ForbiddenError):
        scorer.score(batch_of(range(100)))
    assert made == [0, 1, 2] and len(service.calls) == 3
    assert not scorer.failed
    made.clear()
    assert failed_rows(scorer.score(batch_of(range(30))), list(range(30))) == set()


def test_what_goes_wrong_on_this_side_reaches_whoever_waits(service: FaultServer) -> None:
    class Broken(SplitForm):
        def encode(self, batch: pa.RecordBatch, params: Any) -> Request:
            raise ZeroDivisionError

    scorer = ServiceScorer(HttpClient(service.url), Broken(DOUBLING), DOUBLING, name="demo.twice", url_path="/")
    try:
        for _ in range(6):  # more than there are threads: each of them goes on
            with pytest.raises(ZeroDivisionError):
                scorer.submit(batch_of([1])).result(10)
    finally:
        scorer.close()


def test_outputs_of_another_number_are_never_aligned(service: FaultServer) -> None:
    class Careless(SplitForm):
        def decode(self, body: bytes, content_type: str, rows: int) -> pa.RecordBatch:
            return super().decode(body, content_type, rows).slice(1)

    scorer = ServiceScorer(HttpClient(service.url), Careless(DOUBLING), DOUBLING, name="demo.twice", url_path="/")
    scored = scorer.score(batch_of(range(10)))
    scorer.close()
    assert failed_rows(scored, list(range(10))) == set(range(10)) and scored.calls == 1


def test_a_batch_can_be_cancelled_until_it_is_sent(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: Fate("hang") if call.number == 0 else PASS)
    scorer = open_scorer(window=1, call_timeout=60.0)
    first, second, third = (scorer.submit(batch_of([n])) for n in (1, 2, 3))
    wait_until(lambda: len(service.calls) == 1)
    assert not first.cancel() and second.cancel()
    service.released.set()
    assert third.result(20).values.to_pylist() == [6]
    assert 2 not in [row for call in service.calls for row in call.rows]


def test_closing_ends_calls_that_hang_and_leaves_nothing(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: Fate("hang"))
    scorer = open_scorer(window=2, call_timeout=60.0, first_rows=10)
    futures = [scorer.submit(batch_of(range(25))) for _ in range(4)]
    wait_until(lambda: len(service.calls) == 2)
    scorer.close()
    for future in futures:
        with pytest.raises(ScoringError) as caught:
            future.result(0)
        assert caught.value.code == "model.stopped"
    assert [t for t in threading.enumerate() if "demo.twice" in t.name] == []
    wait_until(lambda: service.cut_hangs == 2)
    with pytest.raises(ScoringError, match="was stopped"):
        scorer.score(batch_of([1]))
    assert not scorer.failed


def test_closing_ends_pauses(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: busy(retry_after="3600"))
    scorer = open_scorer(longest_pause=3600.0, patience=7200.0)
    future = scorer.submit(batch_of([1]))
    wait_until(lambda: scorer.state().last_pause >= 3600)
    scorer.close()
    with pytest.raises(ScoringError, match="was stopped"):
        future.result(0)
    assert [t for t in threading.enumerate() if "demo.twice" in t.name] == []


def test_the_first_batch_size_is_the_options() -> None:
    with HttpClient("http://127.0.0.1:9") as client:
        scorer = ServiceScorer(client, SplitForm(DOUBLING), DOUBLING, name="m", url_path="/")
        scorer.warm()
        assert (scorer.batch_rows, scorer.window) == (ServiceOptions().first_rows, ServiceOptions().window)
        scorer.close()
