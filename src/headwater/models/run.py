"""One run of a model over a stream of rows: windows, each deduplicated, looked up, scored, and put back in order.

A window is as many rows as memory allows to hold at once. Its distinct inputs are looked up in the ledger, what is
missing is sent, each scored batch is appended as soon as it is there, and the rows leave with their predictions in
the order in which they came. Before the last batches of one window are scored the next is read, looked up and sent,
so that whatever scores is not kept waiting; what the window before has sent already is waited for and not sent again,
so an input is sent once however far apart its rows are.
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
from headwater.models.key_index import Indices, RowKeys
from headwater.models.keys import row_keys
from headwater.models.options import CallOptions
from headwater.models.predictions import Found, Predictions
from headwater.models.results import ResultForm
from headwater.models.scorer import ScoredBatch, Scorer
from headwater.models.signature import Signature
from headwater.models.statistics import Progress, ScoringProgress, ScoringStatistics
from headwater.models.windows import Rows, Window
from headwater.plan.cells import decode_error
from headwater.plan.types import to_arrow
from headwater.store import utc_now

__all__ = ["Calling", "ScoringRun"]

#: The first window is small, so that scoring starts early; each next one is twice as large, up to the limits.
FIRST_WINDOW_ROWS = 1 << 16
WINDOW_ROWS = 1 << 18
WINDOW_BYTES = 128 << 20

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
        self._open: deque[Window] = deque()
        self._pending: deque[tuple[Window, Indices, Future[ScoredBatch]]] = deque()

    def batches(
        self, reader: pa.RecordBatchReader, arguments: Sequence[str], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """The rows of ``reader`` with their predictions, in order, as batches of ``schema``."""
        try:
            for rows in self._windows(reader, arguments):
                self._start(rows)
                if len(self._open) > 1:
                    yield from self._emit(self._finished(), schema)
            while self._open:
                yield from self._emit(self._finished(), schema)
        finally:
            # Abandoned, or failed: nobody waits for what has not been scored yet.
            for _, _, future in self._pending:
                future.cancel()

    def _windows(self, reader: pa.RecordBatchReader, arguments: Sequence[str]) -> Iterator[Rows]:
        limit, rows = self._first_limit(), Rows()
        for batch in reader:
            self._calling.cancellation.check()
            with self._statistics.timed():
                self._add(rows, batch, arguments)
                self._store_done()
            if rows.count >= limit or rows.size >= WINDOW_BYTES:
                yield rows
                limit, rows = self._next_limit(limit), Rows()
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

    def _add(self, rows: Rows, batch: pa.RecordBatch, arguments: Sequence[str]) -> None:
        checked = check(self._calling.signature, self._calling.function, batch, arguments)
        rows.batches.append(batch)
        rows.inputs.append(checked.batch)
        rows.errors.append(checked.errors)
        rows.given.append(checked.given)
        rows.keys.append(row_keys(checked.batch))
        rows.count += batch.num_rows
        rows.size += batch.nbytes

    # A window's way -----------------------------------------------------------------------------------------------

    def _start(self, rows: Rows) -> None:
        """Find what is not known yet, and send it."""
        with self._statistics.timed():
            window = Window(rows)
            # In this order: what is appended in between is both found and waited for, and nothing is neither.
            before = self._open[-1] if self._open else None
            window.settle(self._known(window), before)
            self._open.append(window)
            if len(window.missing) and self._scorer_cpu is None:
                self._scorer_cpu = self._calling.scorer().cpu_seconds()
            self._submit()
        counts = self._statistics
        counts.rows += rows.count
        counts.distinct += len(window.distinct.keys)
        counts.sent += len(window.missing)
        counts.reused += len(window.good) - len(window.missing)

    def _known(self, window: Window) -> Found:
        if self._predictions is None or self._calling.options.rescore or not len(window.distinct.keys):
            return Found.nothing(self._result)
        return self._predictions.lookup(window.distinct.index, self._result)

    def _submit(self) -> None:
        """Send as much as is best under way at once, in batches of about one size."""
        for window in self._open:
            while not window.is_sent:
                scorer = self._calling.scorer()
                if len(self._pending) >= scorer.window:
                    return
                self._calling.cancellation.check()
                self._calling.permit()
                self._send(window, scorer)

    def _send(self, window: Window, scorer: Scorer) -> None:
        inputs = window.inputs_left()
        rows = self._next_rows(inputs, scorer)
        (batch,) = inputs.slice(0, rows).combine_chunks().to_batches()
        part = window.missing[window.taken : window.taken + rows]
        window.taken += rows
        self._pending.append((window, part, scorer.submit(batch, self._calling.options.params)))

    def _next_rows(self, inputs: pa.Table, scorer: Scorer) -> int:
        """How many rows to send next: about as many each time, and where nobody set a limit, what was read together:
        rows that lie in one piece need not be copied.
        """
        left, most = inputs.num_rows, scorer.batch_rows
        if self._calling.options.batch_rows is not None:
            most = min(most, self._calling.options.batch_rows)
        elif most // 2 <= len(inputs.column(0).chunk(0)) <= most * 3 // 2:
            return len(inputs.column(0).chunk(0))
        return -(-left // -(-left // most))

    def _finished(self) -> Window:
        """The oldest window, once all that it sent has been scored and kept."""
        window = self._open[0]
        with self._statistics.timed():
            while not window.is_sent or any(of is window for of, _, _ in self._pending):
                self._store()
            window.answers()
        self._open.popleft()
        for following in self._open:
            following.resolve()
        if self._scorer_cpu is not None:
            spent = self._calling.scorer().cpu_seconds()
            self._statistics.cpu_seconds += spent - self._scorer_cpu
            self._scorer_cpu = spent
        return window

    def _store_done(self) -> None:
        """Keep what has been scored meanwhile, so that a crash loses no more than what is being scored."""
        while self._pending and self._pending[0][2].done():
            self._store()

    def _store(self) -> None:
        window, inputs, future = self._pending[0]
        scored = self._calling.cancellation.result(future)
        self._pending.popleft()
        self._submit()
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

    def _emit(self, window: Window, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self._statistics.timed():
            values, errors = self._per_row(window)
            own = window.rows.own(errors)
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

    def _per_row(self, window: Window) -> tuple[Array, Array]:
        """Each row's result and each row's error (null: none)."""
        answers, checked = window.answers(), window.rows.checked()
        results = answers.values
        if self._calling.options.include_model:
            results = self._calling.result.with_model(results, answers.scored_at)
        errors = checked if answers.errors is None else compute.coalesce(checked, window.spread(answers.errors))
        return window.spread(results), errors
