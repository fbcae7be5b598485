"""What a scored batch has to be like, whatever happened on the way; and waiting for things to happen."""

from __future__ import annotations

import time
from collections.abc import Callable

from headwater.models.scorer import ScoredBatch
from headwater.plan.cells import decode_error

__all__ = ["failed_rows", "messages", "wait_until"]


def failed_rows(scored: ScoredBatch, rows: list[int]) -> set[int]:
    """The rows that are errors; every other one has to have its own prediction, at its own place."""
    errors = [None] * len(rows) if scored.errors is None else scored.errors.to_pylist()
    failed = {row for row, error in zip(rows, errors, strict=True) if error is not None}
    assert scored.values.to_pylist() == [None if row in failed else 2 * row for row in rows]
    return failed


def messages(scored: ScoredBatch) -> set[str]:
    """The messages of the errors, each once."""
    assert scored.errors is not None
    return {decode_error(error)[1] for error in scored.errors.to_pylist() if error is not None}


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
