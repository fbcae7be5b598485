"""A service that goes wrong: each good row is scored once in the result, in order; each bad one is a clear error."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from tests.models.services.faults import PASS, Doubling, Fate, FaultServer, Reply, Script, busy, status
from tests.models.services.results import failed_rows, messages, wait_until
from tests.models.services.split_form import batch_of

from headwater.errors import HeadwaterError, RemoteError, ScoringError, SecretError
from headwater.models.scorer import ScoredBatch
from headwater.models.services import ServiceScorer
from headwater.net import HttpClient

OpenScorer = Callable[..., ServiceScorer]

AZURE_FAILURE = Reply(b"", 500, {"x-ms-run-function-failed": "True"})
AZURE_424 = Reply(b"", 424, {"ms-azureml-model-error-statuscode": "500"})


def once(fate: Fate, at: int = 0) -> Script:
    """This fate for one call; the others pass."""
    return lambda call: fate if call.number == at else PASS


@pytest.mark.parametrize("seed", range(3))
def test_one_call_in_twenty_is_refused_or_cut(service: FaultServer, open_scorer: OpenScorer, seed: int) -> None:
    chance = random.Random(seed)
    faults = [busy(429), busy(503), busy(502), busy(503, None), Fate("cut early"), Fate("cut late"), Fate("half")]
    service.restart(lambda call: chance.choice(faults) if chance.random() < 0.05 else PASS)
    rows = list(range(20_000))
    scored = open_scorer(first_rows=50, most_rows=50).score(batch_of(rows))
    assert failed_rows(scored, rows) == set()
    assert set(service.scored) == set(rows) and set(service.scored.values()) == {1}
    assert scored.calls == len(service.calls) == 400 + scored.retries
    assert 5 < scored.retries < 60


@pytest.mark.parametrize("retry_after", ["1", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "-5", None])
def test_not_now_is_asked_again(service: FaultServer, open_scorer: OpenScorer, retry_after: str | None) -> None:
    service.restart(once(busy(429, retry_after)))
    scorer = open_scorer()
    scored = scorer.score(batch_of([1, 2, 3]))
    assert failed_rows(scored, [1, 2, 3]) == set()
    assert (scored.calls, scored.retries) == (2, 1)
    assert (scorer.state().last_pause >= 1) == (retry_after == "1")


@pytest.mark.parametrize("fate", ["cut early", "cut late", "half"])
def test_a_cut_connection_is_no_rows_fault(service: FaultServer, open_scorer: OpenScorer, fate: str) -> None:
    service.restart(lambda call: Fate(fate) if call.number < 3 else PASS)
    scored = open_scorer(window=1).score(batch_of(range(100)))
    assert failed_rows(scored, list(range(100))) == set()
    assert (scored.calls, scored.retries) == (4, 3)


def test_no_pause_is_longer_than_the_longest(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(once(busy(503, "3600")))
    scorer = open_scorer(longest_pause=0.2)
    assert scorer.submit(batch_of([1])).result(30).retries == 1
    assert 0.2 <= scorer.state().last_pause <= 0.3


def test_a_service_that_is_down_fails_the_batch_and_not_the_next_one(
    service: FaultServer, open_scorer: OpenScorer
) -> None:
    scorer = open_scorer(tries=3)
    service.restart(lambda call: busy() if call.number < 3 else PASS)
    with pytest.raises(ScoringError) as caught:
        scorer.score(batch_of([1]))
    error = caught.value
    assert (error.code, error.place, len(service.calls)) == ("model.unavailable", service.url, 3)
    assert "could not be had in 3 tries: the service answered 503." in error.message and error.hint
    assert not scorer.failed
    assert scorer.score(batch_of([1])).values.to_pylist() == [2]


def test_nobody_listening_is_said_so(open_scorer: OpenScorer) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(ScoringError, match="the connection failed") as caught:
        open_scorer(client=HttpClient(f"http://127.0.0.1:{port}"), tries=2).score(batch_of([1]))
    assert caught.value.code == "model.unavailable"


def test_a_batch_given_up_takes_no_more_calls(service: FaultServer, open_scorer: OpenScorer) -> None:
    scorer = open_scorer(window=1, first_rows=10, most_rows=10, tries=2)
    service.restart(lambda call: busy() if call.rows[0] >= 20 and call.rows[0] < 100 else PASS)
    with pytest.raises(ScoringError):
        scorer.score(batch_of(range(100)))
    assert failed_rows(scorer.score(batch_of(range(100, 130))), list(range(100, 130))) == set()
    assert len(service.calls) == 2 + 2 + 3


def test_parts_of_a_batch_given_up_are_not_sent_any_more(service: FaultServer, open_scorer: OpenScorer) -> None:
    """One thread takes its part of the batch apart while the other one gives the batch up."""
    model, apart, both_free = service.backend, threading.Event(), threading.Barrier(2)
    futures: list[Future[ScoredBatch]] = []

    def backend(handler: Any, body: bytes) -> Reply:
        rows = {row for (row,) in json.loads(body)["dataframe_split"]["data"]}
        if 1000 in rows or 1064 in rows:
            both_free.wait(20)
            return model(handler, body)
        if 64 in rows:
            assert apart.wait(20)
            return busy().reply
        if len(service.calls) > 4:
            apart.set()
            wait_until(lambda: bool(futures) and futures[0].done())
        return Reply(b"", 400)

    service.backend = backend
    scorer = open_scorer(window=2, first_rows=64, most_rows=64, tries=1)
    futures.append(scorer.submit(batch_of(range(128))))
    with pytest.raises(ScoringError, match="503"):
        futures[0].result(30)
    assert failed_rows(scorer.score(batch_of(range(1000, 1128))), list(range(1000, 1128))) == set()
    assert len(service.calls) <= 6 + 2


def test_a_call_that_hangs_is_halved(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(once(Fate("hang"), at=1))
    scorer = open_scorer(window=1, first_rows=64, most_rows=64, call_timeout=1.0)
    scored = scorer.score(batch_of(range(200)))
    assert failed_rows(scored, list(range(200))) == set()
    assert [len(call.rows) for call in service.calls][:4] == [64, 64, 32, 32]
    assert scored.retries == 1


def test_a_row_on_which_the_service_hangs_fails_alone(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: Fate("hang") if 13 in call.rows else PASS)
    scored = open_scorer(window=1, first_rows=4, call_timeout=1.0).score(batch_of(range(20)))
    assert failed_rows(scored, list(range(20))) == {13}
    assert messages(scored) == {"demo.twice failed on this row: the service did not answer in time."}


def test_a_service_that_was_too_slow_gets_less(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(once(status(504)))
    scored = open_scorer(window=1, first_rows=40, target_seconds=0.0).score(batch_of(range(40)))
    assert failed_rows(scored, list(range(40))) == set()
    assert [len(call.rows) for call in service.calls][:4] == [40, 20, 10, 5]


def test_a_service_that_only_hangs_ends_with_its_patience(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: Fate("hang"))
    with pytest.raises(ScoringError, match="did not answer in time") as caught:
        open_scorer(call_timeout=0.1, patience=0.3).score(batch_of(range(200)))
    assert caught.value.code == "model.unavailable"
    assert len(service.calls) < 20


@pytest.mark.parametrize(
    ("fate", "message"),
    [
        ("short", "demo.twice answered a batch with another number of rows than its 100."),
        ("wrong", "demo.twice failed on the batch that holds this row: the predictions are no list."),
    ],
)
def test_an_answer_that_does_not_match_fails_its_call(
    service: FaultServer, open_scorer: OpenScorer, fate: str, message: str
) -> None:
    service.restart(once(Fate(fate), at=2))
    scored = open_scorer(window=1, first_rows=100, most_rows=100).score(batch_of(range(1000)))
    assert failed_rows(scored, list(range(1000))) == set(range(200, 300))
    assert messages(scored) == {message}
    assert scored.calls == 10


@pytest.mark.parametrize("failure", [Reply(b"", 400), Reply(b"", 422), AZURE_FAILURE, AZURE_424])
def test_a_poisonous_row_in_ten_thousand(
    service: FaultServer, model: Doubling, open_scorer: OpenScorer, failure: Reply
) -> None:
    model.poison, model.failure = {6_789}, failure
    rows = list(range(10_000))
    scored = open_scorer(first_rows=10_000).score(batch_of(rows))
    assert failed_rows(scored, rows) == {6_789}
    assert scored.calls == len(service.calls) <= 29 and scored.retries == 0
    assert set(service.scored.values()) == {1} and len(service.scored) == 9_999
    (message,) = messages(scored)
    assert str(failure.status) in message and "BAD_REQUEST" in message and "6789" not in message


def test_ten_poisonous_rows_and_a_bad_line(service: FaultServer, model: Doubling, open_scorer: OpenScorer) -> None:
    chance = random.Random(7)
    model.poison = set(chance.sample(range(10_000), 10))
    faults = [busy(429), busy(503), Fate("cut late"), Fate("half")]
    service.restart(lambda call: chance.choice(faults) if chance.random() < 0.05 else PASS)
    rows = list(range(10_000))
    scored = open_scorer().score(batch_of(rows))
    assert failed_rows(scored, rows) == model.poison
    assert set(service.scored.values()) == {1}


@pytest.mark.parametrize("fates", [[status(500)], [busy(), status(500)], [status(500), Fate("cut late"), busy()]])
def test_an_unexplained_failure_may_be_a_mishap(
    service: FaultServer, open_scorer: OpenScorer, fates: list[Fate]
) -> None:
    service.restart(lambda call: fates[call.number] if call.number < len(fates) else PASS)
    scored = open_scorer().score(batch_of(range(100)))
    assert failed_rows(scored, list(range(100))) == set() and scored.calls == len(fates) + 1


def test_an_unexplained_failure_may_be_a_rows(service: FaultServer, model: Doubling, open_scorer: OpenScorer) -> None:
    model.poison, model.failure = {77}, Reply(b"", 500)
    scored = open_scorer().score(batch_of(range(100)))
    assert failed_rows(scored, list(range(100))) == {77}
    assert scored.calls < 30


def test_a_batch_that_is_too_large_is_cut_up_for_good(
    service: FaultServer, model: Doubling, open_scorer: OpenScorer
) -> None:
    model.most_rows = 100
    scored = open_scorer(window=1, first_rows=1000).score(batch_of(range(10_000)))
    assert failed_rows(scored, list(range(10_000))) == set()
    assert service.scored == dict.fromkeys(range(10_000), 1)
    refused = [len(call.rows) for call in service.calls if len(call.rows) > 100]
    assert refused == [1000, 500, 250, 125] and scored.calls < 4 + 10_000 / 62 + 10


def test_a_service_for_single_rows_that_does_not_say_so(
    service: FaultServer, model: Doubling, open_scorer: OpenScorer
) -> None:
    model.most_rows = 1
    scored = open_scorer(window=1, first_rows=1000).score(batch_of(range(1000)))
    assert failed_rows(scored, list(range(1000))) == set()
    assert scored.calls < 1020


def test_a_row_that_is_too_large_fails_alone(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: status(413) if 5 in call.rows else PASS)
    scored = open_scorer(window=1).score(batch_of(range(10)))
    assert failed_rows(scored, list(range(10))) == {5}
    assert messages(scored) == {"demo.twice failed on this row: the service answered 413."}


@pytest.mark.parametrize(
    ("number", "code"),
    [(401, "refused"), (403, "refused"), (404, "gone"), (405, "gone"), (410, "gone"), (415, "form"), (304, "gone")],
)
def test_what_no_batch_can_change_ends_scoring(
    service: FaultServer, open_scorer: OpenScorer, number: int, code: str
) -> None:
    service.restart(lambda call: status(number) if call.number == 5 else PASS)
    scorer = open_scorer(window=1, first_rows=10, most_rows=10)
    futures = [scorer.submit(batch_of(range(start, start + 20))) for start in (0, 20, 40, 60, 80)]
    assert [failed_rows(futures[n].result(10), list(range(20 * n, 20 * n + 20))) for n in (0, 1)] == [set(), set()]
    for future in futures[2:]:
        with pytest.raises(ScoringError) as caught:
            future.result(10)
        error = caught.value
        assert (error.code, error.place) == (f"model.{code}", service.url)
        assert str(number) in error.message and error.hint and "Ada" not in str(error.to_dict())
    assert scorer.failed and len(service.calls) == 6
    with pytest.raises(ScoringError, match=str(number)):
        scorer.score(batch_of([1]))
    assert len(service.calls) == 6


def test_a_redirect_elsewhere_ends_scoring(service: FaultServer, open_scorer: OpenScorer) -> None:
    service.restart(lambda call: status(307, Location="https://example.com/score"))
    scorer = open_scorer()
    with pytest.raises(ScoringError, match=r"would have gone on to https://example\.com"):
        scorer.score(batch_of([1]))
    assert scorer.failed


@pytest.mark.parametrize(
    ("failure", "code", "ends"),
    [
        (RemoteError("No token.", status=401), "model.refused", True),
        (SecretError("No key.", hint="Find it."), "model.refused", True),
        (RemoteError("No token now.", status=503), "model.unavailable", False),
    ],
)
def test_a_credential_that_cannot_be_had(
    service: FaultServer, open_scorer: OpenScorer, failure: HeadwaterError, code: str, ends: bool
) -> None:
    def credential() -> dict[str, str]:
        raise failure

    scorer = open_scorer(client=HttpClient(service.url, credential=credential), tries=2)
    with pytest.raises(ScoringError, match=failure.message.rstrip(".")) as caught:
        scorer.score(batch_of([1]))
    assert caught.value.code == code and scorer.failed == ends and service.calls == []


def test_a_model_that_always_fails_ends_scoring(service: FaultServer, model: Doubling, open_scorer: OpenScorer) -> None:
    model.poison = set(range(10_000))
    scorer = open_scorer(window=1)
    with pytest.raises(ScoringError) as caught:
        scorer.score(batch_of(range(10_000)))
    assert caught.value.code == "model.systemic" and scorer.failed
    assert len(service.calls) < 60


@pytest.mark.parametrize("fate", ["short", "wrong"])
def test_answers_that_never_match_end_scoring(service: FaultServer, open_scorer: OpenScorer, fate: str) -> None:
    service.restart(lambda call: Fate(fate))
    scorer = open_scorer(window=1)
    with pytest.raises(ScoringError, match="scored no row of many batches") as caught:
        scorer.score(batch_of(range(100_000)))
    assert caught.value.code == "model.systemic" and scorer.failed
    assert len(service.calls) == 8


def test_a_batch_of_bad_rows_does_not_condemn_a_service_that_works(
    service: FaultServer, model: Doubling, open_scorer: OpenScorer
) -> None:
    model.poison = set(range(100, 200))
    scorer = open_scorer(window=1, first_rows=100, most_rows=100)
    rows = list(range(300))
    assert failed_rows(scorer.score(batch_of(rows)), rows) == model.poison
    for row in range(100, 120):  # one after the other, as previews are
        assert failed_rows(scorer.score(batch_of([row])), [row]) == {row}
    assert not scorer.failed


def test_the_calls_that_a_batch_may_cost_are_limited(
    service: FaultServer, model: Doubling, open_scorer: OpenScorer
) -> None:
    model.poison = set(range(0, 10_000, 40))
    scored = open_scorer(first_rows=10_000).score(batch_of(range(10_000)))
    assert scored.calls < 450
    assert failed_rows(scored, list(range(10_000))) > model.poison
    assert {message.split(":")[0] for message in messages(scored)} == {
        "demo.twice failed on this row",
        "demo.twice failed on the batch that holds this row",
    }


def test_an_answer_beyond_the_clients_limit_is_asked_for_in_parts(
    service: FaultServer, open_scorer: OpenScorer
) -> None:
    flood = Fate("status", Reply(b" " * (65 << 20)))
    service.restart(lambda call: flood if len(call.rows) > 50 else PASS)
    scored = open_scorer(window=1, first_rows=100).score(batch_of(range(100)))
    assert failed_rows(scored, list(range(100))) == set()
    assert [len(call.rows) for call in service.calls] == [100, 50, 50]
