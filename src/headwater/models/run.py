"""One run of a model over a stream of rows: windows, each deduplicated, looked up, scored, and put back in order.

A window is as many rows as memory allows to hold at once. Its distinct inputs are looked up in the ledger, what is
missing is sent, each scored batch is appended as soon as it is there, and the rows leave with their predictions in
the order in which they came. While one window is being scored the next is read and its keys are computed. Since a
window is looked up only after the one before it was appended, an input is sent once however far apart its rows are.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from headwater.errors import ScoringError
from headwater.models.arrow import Array, compute, nulls
from headwater.models.cancelling import Cancellation
from headwater.models.checks import check
from headwater.models.key_index import Distinct, Indices, RowKeys, distinct_keys
from headwater.models.keys import row_keys
from headwater.models.options import CallOptions
from headwater.models.predictions import Found, Predictions, moments
from headwater.models.results import ResultForm
from headwater.models.scorer import ScoredBatch, Scorer
from headwater.models.signature import Signature
from headwater.models.statistics import Progress, ScoringProgress, ScoringStatistics
from headwater.plan.cells import decode_error
from headwater.plan.types import to_arrow
from headwater.store import utc_now

__all__ = ["Calling", "ScoringRun"]

#: The first window is small, so that scoring starts early; each next one is twice as large, up to the limits.
FIRST_WINDOW_ROWS = 1 << 16
WINDOW_ROWS = 1 << 18
WINDOW_BYTES = 256 << 20

#: A lookup reads the whole ledger of a call, so windows grow with it: no more lookups than this.
LOOKUPS = 8


@dataclass(frozen=True, slots=True)
class Calling:
    """What is called, and how: the same for every run of one function.

    Attributes:
        function: its name, for messages.
        signature: the model's.
        scorer: gives the scorer; called when the first input has to be sent.
        permit: called before each call of the model; raises where it may not be made, or no longer.
        predictions: where predictions are found and kept; None scores everything that differs within a window.
        options: of the call.
        result: the form that results leave in.
        cancellation: looked at several times a second.
        on_progress: told how far a run is.
        rows_total: how many rows there will be, where somebody knows.
    """

    function: str
    signature: Signature
    scorer: Callable[[], Scorer]
    permit: Callable[[], None]
    result: ResultForm
    predictions: Predictions | None = None
    options: CallOptions = field(default_factory=CallOptions)
    cancellation: Cancellation = field(default_factory=Cancellation)
    on_progress: Progress | None = None
    rows_total: Callable[[], int | None] = lambda: None


@dataclass(slots=True)
class _Rows:
    """Rows read so far for a window."""

    batches: list[pa.RecordBatch] = field(default_factory=list)
    inputs: list[pa.RecordBatch] = field(default_factory=list)
    errors: list[Array | None] = field(default_factory=list)
    given: list[Array | None] = field(default_factory=list)
    keys: list[RowKeys] = field(default_factory=list)
    count: int = 0
    size: int = 0


@dataclass(slots=True)
class _Window:
    """Rows, which of them are good, and where each one's prediction comes from.

    ``distinct`` tells the distinct inputs of the good rows, of which ``good[i]`` is the i-th; ``origin`` gives, per
    distinct input, the place of its prediction in ``results`` (found ones first, then scored ones in the order of
    ``missing``). ``inputs`` has the missing inputs, of which the first ``taken`` have been sent.
    """

    rows: _Rows
    good: Indices
    distinct: Distinct
    origin: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    missing: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    found: Found | None = None
    inputs: pa.Table | None = None
    taken: int = 0
    pending: deque[tuple[Indices, Future[ScoredBatch]]] = field(default_factory=deque)
    scored: list[tuple[ScoredBatch, datetime]] = field(default_factory=list)


class ScoringRun:
    """Scores one stream of rows; ``statistics`` are added to while it runs."""

    def __init__(self, calling: Calling, statistics: ScoringStatistics) -> None:
        self._calling = calling
        self._predictions = calling.predictions
        self._statistics = statistics
        self._result = to_arrow(calling.signature.result)
        self._started = time.monotonic()
        self._rows_done = 0
        self._scorer_cpu: float | None = None
        self._scoring: _Window | None = None

    def batches(
        self, reader: pa.RecordBatchReader, arguments: Sequence[str], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """The rows of ``reader`` with their predictions, in order, as batches of ``schema``."""
        try:
            for rows in self._windows(reader, arguments):
                finished = self._finish()
                self._scoring = self._start(rows)
                yield from self._emit(finished, schema)
            yield from self._emit(self._finish(), schema)
        finally:
            # Abandoned, or failed: nobody waits for what has not been scored yet.
            for _, future in self._scoring.pending if self._scoring is not None else ():
                future.cancel()

    def _windows(self, reader: pa.RecordBatchReader, arguments: Sequence[str]) -> Iterator[_Rows]:
        limit, rows = self._first_limit(), _Rows()
        for batch in reader:
            self._calling.cancellation.check()
            with self._statistics.timed():
                self._add(rows, batch, arguments)
                self._store_finished()
            if rows.count >= limit or rows.size >= WINDOW_BYTES:
                yield rows
                limit, rows = self._next_limit(limit), _Rows()
        if rows.count:
            yield rows

    def _first_limit(self) -> int:
        if self._predictions is None or self._predictions.streams:
            return 1  # somebody is looking at the first rows: show them as soon as they are there
        remembered = self._predictions.count()
        # The more is known, the less is sent, and the less an early start matters.
        return max(FIRST_WINDOW_ROWS, min(remembered, WINDOW_ROWS), remembered // LOOKUPS)

    def _next_limit(self, limit: int) -> int:
        remembered = 0 if self._predictions is None else self._predictions.count()
        return min(2 * limit, max(WINDOW_ROWS, remembered // LOOKUPS))

    def _add(self, rows: _Rows, batch: pa.RecordBatch, arguments: Sequence[str]) -> None:
        checked = check(self._calling.signature, self._calling.function, batch, arguments)
        rows.batches.append(batch)
        rows.inputs.append(checked.batch)
        rows.errors.append(checked.errors)
        rows.given.append(checked.given)
        rows.keys.append(row_keys(checked.batch))
        rows.count += batch.num_rows
        rows.size += batch.nbytes

    # A window's way -----------------------------------------------------------------------------------------------

    def _start(self, rows: _Rows) -> _Window:
        """Find what is not known yet, and send it."""
        with self._statistics.timed():
            window = _deduplicated(rows)
            self._look_up(window)
            self._send(window)
        counts = self._statistics
        counts.rows += rows.count
        counts.distinct += len(window.distinct.keys)
        counts.sent += len(window.missing)
        counts.reused += len(window.good) - len(window.missing)
        return window

    def _look_up(self, window: _Window) -> None:
        window.origin = np.full(len(window.distinct.keys), -1, np.int64)
        window.found = Found.nothing(self._result)
        if self._predictions is not None and len(window.distinct.keys) and not self._calling.options.rescore:
            found = self._predictions.lookup(window.distinct.index, self._result)
            window.found = found
            window.origin[found.positions] = np.arange(len(found.results))
        window.missing = np.flatnonzero(window.origin < 0)
        window.origin[window.missing] = len(window.found.results) + np.arange(len(window.missing))

    def _send(self, window: _Window) -> None:
        if not len(window.missing):
            return
        if self._scorer_cpu is None:
            self._scorer_cpu = self._calling.scorer().cpu_seconds()
        inputs = pa.Table.from_batches(window.rows.inputs)
        if len(window.missing) < inputs.num_rows:
            inputs = inputs.take(window.good[window.distinct.sample[window.missing]])
        window.inputs = inputs
        self._submit(window)

    def _submit(self, window: _Window) -> None:
        """Send as much as is best under way at once, in batches of about one size."""
        while window.inputs is not None and window.taken < len(window.missing):
            scorer = self._calling.scorer()
            if len(window.pending) >= scorer.window:
                return
            self._calling.cancellation.check()
            self._calling.permit()
            rows = self._next_rows(window, scorer)
            (batch,) = window.inputs.slice(window.taken, rows).combine_chunks().to_batches()
            part = window.missing[window.taken : window.taken + rows]
            window.taken += rows
            window.pending.append((part, scorer.submit(batch, self._calling.options.params)))

    def _next_rows(self, window: _Window, scorer: Scorer) -> int:
        """How many rows to send next: about as many each time, and where nobody set a limit, what was read together:
        rows that lie in one piece need not be copied.
        """
        assert window.inputs is not None, "there is something to send"
        left = len(window.missing) - window.taken
        if self._calling.options.batch_rows is not None:
            most = min(scorer.batch_rows, self._calling.options.batch_rows)
            return -(-left // -(-left // most))
        together = window.inputs.column(0).slice(window.taken).chunk(0) if window.inputs.num_columns else ()
        if scorer.batch_rows // 2 <= len(together) <= scorer.batch_rows * 3 // 2:
            return len(together)
        return -(-left // -(-left // scorer.batch_rows))

    def _finish(self) -> _Window | None:
        """Wait for what was sent of the window being scored, and keep it."""
        window = self._scoring
        if window is None:
            return None
        with self._statistics.timed():
            while window.pending:
                self._store(window)
        if self._scorer_cpu is not None:
            spent = self._calling.scorer().cpu_seconds()
            self._statistics.cpu_seconds += spent - self._scorer_cpu
            self._scorer_cpu = spent
        return window

    def _store_finished(self) -> None:
        """Keep what has been scored meanwhile, so that a crash loses no more than what is being scored."""
        window = self._scoring
        while window is not None and window.pending and window.pending[0][1].done():
            self._store(window)

    def _store(self, window: _Window) -> None:
        inputs, future = window.pending[0]
        scored = self._calling.cancellation.result(future)
        window.pending.popleft()
        self._submit(window)
        now = utc_now()
        window.scored.append((scored, now))
        self._statistics.calls += scored.calls
        self._statistics.retries += scored.retries
        self._remember(window.distinct.keys.take(inputs), scored, now)
        self._check_failures(scored)
        self._report(len(inputs))

    def _remember(self, keys: RowKeys, scored: ScoredBatch, now: datetime) -> None:
        if self._predictions is None:
            return
        results = scored.values
        if scored.errors is not None:
            good = np.flatnonzero(scored.errors.is_null().to_numpy(zero_copy_only=False))
            keys, results = keys.take(good), results.take(pa.array(good))
        if len(keys):
            self._predictions.append(keys, results, now)

    def _check_failures(self, scored: ScoredBatch) -> None:
        if scored.errors is not None and self._calling.options.on_error == "fail":
            self._fail(scored.errors)

    def _fail(self, errors: Array) -> None:
        """End the run with the first of these errors."""
        first = errors.drop_null()
        if len(first):
            _, message, _ = decode_error(first[0].as_py())
            raise ScoringError(
                message, code="model.row", place=self._calling.function, hint="Leave OnError out to go on without it."
            )

    def _report(self, rows: int) -> None:
        self._rows_done += rows
        if self._calling.on_progress is None:
            return
        done, total, counts = self._rows_done, self._calling.rows_total(), self._statistics
        rate = done / max(time.monotonic() - self._started, 1e-6)
        # An estimate that has been overtaken is none.
        known = total if total is not None and total >= done else None
        self._calling.on_progress(
            ScoringProgress(
                function=self._calling.function,
                rows_done=done,
                rows_total=known,
                rows_per_second=rate,
                seconds_left=None if known is None else (known - done) / rate if rate else None,
                sent=counts.sent,
                reused=counts.reused,
                failed=counts.failed,
                retries=counts.retries,
            )
        )

    # Rows out -----------------------------------------------------------------------------------------------------

    def _emit(self, window: _Window | None, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if window is None:
            return
        with self._statistics.timed():
            values, errors = self._per_row(window)
            own = _own_errors(window.rows, errors)
            self._statistics.failed += len(own) - own.null_count
            if self._calling.options.on_error == "fail":
                self._fail(own)
            elif self._calling.options.on_error == "null" and errors.null_count < len(errors):
                bad = errors.is_valid().to_numpy(zero_copy_only=False)
                values = values.take(pa.array(np.arange(len(values)), mask=bad))
                errors = nulls(len(errors), pa.string())
            self._report(window.rows.count - len(window.missing))
        start = 0
        for batch in window.rows.batches:
            columns = [values.slice(start, batch.num_rows), errors.slice(start, batch.num_rows)]
            yield pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=schema)
            start += batch.num_rows

    def _per_row(self, window: _Window) -> tuple[Array, Array]:
        """Each row's result and each row's error (null: none)."""
        assert window.found is not None, "looked up before"
        found = window.found
        distinct = pa.concat_arrays([found.results, *(scored.values for scored, _ in window.scored)])
        if self._calling.options.include_model:
            times = [moments(when, len(scored.values)) for scored, when in window.scored]
            distinct = self._calling.result.with_model(distinct, pa.concat_arrays([found.scored_at, *times]))
        place = window.origin[window.distinct.of_row]
        values = _spread(distinct, place, window.good, window.rows.count)
        checked = _checked_errors(window.rows)
        if all(scored.errors is None for scored, _ in window.scored):
            return values, checked
        failures = [nulls(len(found.results), pa.string())]
        failures += [nulls(len(s.values), pa.string()) if s.errors is None else s.errors for s, _ in window.scored]
        failed = _spread(pa.concat_arrays(failures), place, window.good, window.rows.count)
        return values, compute.coalesce(checked, failed)


def _deduplicated(rows: _Rows) -> _Window:
    """The window of these rows: the good ones' distinct inputs, in order of first appearance."""
    keys, good = RowKeys.concat(rows.keys), _good_rows(rows)
    if len(good) < rows.count:
        keys = keys.take(good)
    return _Window(rows, good, distinct_keys(keys))


def _good_rows(rows: _Rows) -> Indices:
    if all(errors is None for errors in rows.errors):
        return np.arange(rows.count)
    parts = [
        np.ones(batch.num_rows, bool) if errors is None else errors.is_null().to_numpy(zero_copy_only=False)
        for batch, errors in zip(rows.batches, rows.errors, strict=True)
    ]
    return np.flatnonzero(np.concatenate(parts))


def _spread(distinct: Array, place: Indices, good: Indices, rows: int) -> Array:
    """``distinct[place[i]]`` in row ``good[i]``, null in the other rows."""
    if len(good) == rows:
        identical = len(distinct) == rows and bool((place == np.arange(rows)).all())
        return distinct if identical else distinct.take(pa.array(place))
    indices, absent = np.zeros(rows, np.int64), np.ones(rows, bool)
    indices[good], absent[good] = place, False
    return distinct.take(pa.array(indices, mask=absent))


def _checked_errors(rows: _Rows) -> Array:
    return _one_column(rows, rows.errors)


def _own_errors(rows: _Rows, errors: Array) -> Array:
    """The errors that are this call's and not its arguments'."""
    if all(given is None for given in rows.given):
        return errors
    given = _one_column(rows, rows.given)
    return compute.if_else(given.is_null(), errors, pa.scalar(None, pa.string()))


def _one_column(rows: _Rows, parts: Sequence[Array | None]) -> Array:
    return pa.concat_arrays(
        nulls(batch.num_rows, pa.string()) if part is None else part
        for batch, part in zip(rows.batches, parts, strict=True)
    )
