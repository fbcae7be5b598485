"""Any faults in any order never lose, double or misalign a row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.services.conftest import doubling_scorer
from tests.models.services.faults import PASS, Call, Doubling, Fate, FaultServer, Reply, busy, serving, status
from tests.models.services.results import failed_rows
from tests.models.services.split_form import batch_of

from headwater.net import HttpClient

FATES = {
    "busy": busy(429),
    "unavailable": busy(503, None),
    "cut early": Fate("cut early"),
    "cut late": Fate("cut late"),
    "half": Fate("half"),
    "short": Fate("short"),
    "wrong": Fate("wrong"),
    "too large": status(413),
    "too slow": status(504),
    "mishap": status(500),
    "pass": PASS,
}
#: However long a series of faults is, it is ridden out, and quickly.
RIDDEN_OUT: dict[str, Any] = {"call_timeout": 20.0, "first_backoff": 0.001, "longest_pause": 0.01, "tries": 50}
#: What a row that was sent alone, or with others, may become an error by; everything else has to be ridden out.
CALL_FAULTS = {"short", "wrong"}
ROW_FAULTS = {"too large", "too slow", "mishap"}


@pytest.fixture(scope="module")
def any_service() -> Any:
    with serving(Doubling()) as server:
        yield server


@settings(deadline=None, max_examples=100)
@given(
    fates=st.lists(st.sampled_from([*FATES, "pass", "pass"]), max_size=25),
    batches=st.lists(st.integers(0, 60), min_size=1, max_size=4),
    poison=st.sets(st.integers(0, 100), max_size=4),
    window=st.integers(1, 4),
    first_rows=st.integers(1, 40),
    max_rows=st.sampled_from([None, None, 1, 7]),
    failure=st.sampled_from([400, 424, 500]),
)
def test_no_row_is_lost_doubled_or_misaligned(
    any_service: FaultServer,
    fates: list[str],
    batches: list[int],
    poison: set[int],
    window: int,
    first_rows: int,
    max_rows: int | None,
    failure: int,
) -> None:
    service, model = any_service, any_service.backend
    assert isinstance(model, Doubling)
    model.poison, model.failure = poison, Reply(b"", failure)
    fated: list[str] = []

    def script(call: Call) -> Fate:
        name = fates[call.number] if call.number < len(fates) else "pass"
        fated.append(name)
        return FATES[name]

    scorer = doubling_scorer(
        HttpClient(service.url), max_rows=max_rows, window=window, first_rows=first_rows, **RIDDEN_OUT
    )
    scorer.score(batch_of([1000]))  # a service that never worked may be given up
    service.restart(script)
    starts = [sum(batches[:n]) for n in range(len(batches))]
    rows = [list(range(start, start + size)) for start, size in zip(starts, batches, strict=True)]
    try:
        futures = [scorer.submit(batch_of(numbers)) for numbers in rows]
        failed: set[int] = set()
        for future, numbers in zip(futures, rows, strict=True):
            failed |= failed_rows(future.result(30), numbers)
    finally:
        scorer.close()
    blamed = {
        row for call, fate in zip(service.calls, fated, strict=True) for row in call.rows if _may_fail(call, fate)
    }
    assert failed <= blamed | poison
    assert failed >= poison & {row for numbers in rows for row in numbers}
    good = {row for numbers in rows for row in numbers} - failed
    assert good <= set(service.scored) and {service.scored[row] for row in good} <= {1}


def _may_fail(call: Call, fate: str) -> bool:
    return fate in CALL_FAULTS or (fate in ROW_FAULTS and len(call.rows) == 1)
