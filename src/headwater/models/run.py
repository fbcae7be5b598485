"""One run of a model over a stream of rows: windows, each deduplicated, looked up, scored, and put back in order.

A window is as many rows as memory allows to hold at once. Its distinct inputs are looked up in the ledger, what is
missing is sent, each scored batch is appended as soon as it is there, and the rows leave with their predictions in
the order in which they came. While one window is being scored the next is read and its keys are computed. Since a
window is looked up only after the one before it was appended, an input is sent once however far apart its rows are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headwater.models.arrow import Array, Keys, compute, nulls
from headwater.models.checks import check
from headwater.models.keys import packed_keys, row_keys
from headwater.models.ledger import Ledger, LedgerFile
from headwater.models.scorer import ScoredBatch, Scorer
from headwater.models.signature import Signature
from headwater.models.statistics import Progress, ScoringStatistics
from headwater.plan.types import to_arrow

__all__ = ["Memory", "ScoringRun"]

#: The first window is small, so that scoring starts early; each next one is twice as large, up to the limits.
FIRST_WINDOW_ROWS = 1 << 16
WINDOW_ROWS = 1 << 18
WINDOW_BYTES = 256 << 20

#: Calls that are under way at once, so that what scores need not wait for the next one. No more: whether one may be
#: made at all is asked anew for each.
CALLS_UNDER_WAY = 2

#: A lookup reads the whole ledger of a call, so windows grow with it: no more lookups than this.
LOOKUPS = 8

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a run remembers predictions: the ledger, under one fingerprint."""

    ledger: Ledger
    fingerprint: str


@dataclass(slots=True)
class _Rows:
    """Rows read so far for a window."""

    batches: list[pa.RecordBatch] = field(default_factory=list)
    inputs: list[pa.RecordBatch] = field(default_factory=list)
    errors: list[Array | None] = field(default_factory=list)
    keys: list[tuple[Indices, Indices]] = field(default_factory=list)
    count: int = 0
    size: int = 0


@dataclass(slots=True)
class _Window:
    """Rows, which of them are good, and where each one's prediction comes from.

    ``of_row[i]`` is the number of the distinct input of the good row ``good[i]``, and ``sample`` has one row of each
    distinct input; ``origin`` gives, per distinct
    input, the place of its prediction in ``results`` (found ones first, then scored ones in the order of ``missing``).
    """

    rows: _Rows
    good: Indices
    of_row: Indices
    sample: Indices
    distinct: Keys
    origin: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    missing: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    found: Array | None = None
    waiting: deque[tuple[Indices, pa.RecordBatch]] = field(default_factory=deque)
    pending: deque[tuple[Indices, Future[ScoredBatch]]] = field(default_factory=deque)
    scored: list[ScoredBatch] = field(default_factory=list)


class ScoringRun:
    """Scores one stream of rows.

    Args:
        signature: the model's.
        function: its name, for messages.
        scorer: gives the scorer; called when the first input has to be sent.
        permit: called before each call of the model; raises where it may not be made, or no longer.
        memory: where predictions are kept; None scores everything that differs within a window.
        statistics: added to while running.
        batch_rows: the most rows in one call of the model.
        on_progress: told the rows done.
    """

    def __init__(
        self,
        signature: Signature,
        function: str,
        scorer: Callable[[], Scorer],
        *,
        permit: Callable[[], None],
        memory: Memory | None,
        statistics: ScoringStatistics,
        batch_rows: int,
        on_progress: Progress | None = None,
    ) -> None:
        self._signature = signature
        self._function = function
        self._scorer = scorer
        self._permit = permit
        self._memory = memory
        self._statistics = statistics
        self._batch_rows = batch_rows
        self._on_progress = on_progress
        self._result = to_arrow(signature.result)
        self._files: tuple[LedgerFile, ...] = ()
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
            with self._statistics.timed():
                self._add(rows, batch, arguments)
                self._store_finished()
            if rows.count >= limit or rows.size >= WINDOW_BYTES:
                yield rows
                limit, rows = self._next_limit(limit), _Rows()
        if rows.count:
            yield rows

    def _first_limit(self) -> int:
        if self._memory is None:
            return 1  # whoever keeps nothing is looking at the first rows: show them as soon as they are there
        remembered = self._remembered_rows()
        # The more is known, the less is sent, and the less an early start matters.
        return max(FIRST_WINDOW_ROWS, min(remembered, WINDOW_ROWS), remembered // LOOKUPS)

    def _next_limit(self, limit: int) -> int:
        return min(2 * limit, max(WINDOW_ROWS, self._remembered_rows() // LOOKUPS))

    def _remembered_rows(self) -> int:
        if self._memory is not None:
            self._files = self._memory.ledger.known(self._memory.fingerprint)
        return sum(file.rows for file in self._files)

    def _add(self, rows: _Rows, batch: pa.RecordBatch, arguments: Sequence[str]) -> None:
        checked = check(self._signature, self._function, batch, arguments)
        rows.batches.append(batch)
        rows.inputs.append(checked.batch)
        rows.errors.append(checked.errors)
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
        counts.distinct += len(window.distinct)
        counts.sent += len(window.missing)
        counts.reused += len(window.good) - len(window.missing)
        return window

    def _look_up(self, window: _Window) -> None:
        window.origin = np.full(len(window.distinct), -1, np.int64)
        window.found = pa.array([], self._result)
        if self._memory is not None and len(window.distinct):
            ledger = self._memory.ledger
            self._files = ledger.known(self._memory.fingerprint)
            found = ledger.lookup(self._files, window.distinct, self._result)
            window.found = found.results
            window.origin[found.positions.to_numpy()] = np.arange(len(found.results))
        window.missing = np.flatnonzero(window.origin < 0)
        window.origin[window.missing] = len(window.found) + np.arange(len(window.missing))

    def _send(self, window: _Window) -> None:
        if not len(window.missing):
            return
        scorer = self._scorer()
        if self._scorer_cpu is None:
            self._scorer_cpu = scorer.cpu_seconds()
        table = pa.Table.from_batches(window.rows.inputs)
        if len(window.missing) < table.num_rows:
            table = table.take(window.sample[window.missing])
        calls = -(-len(window.missing) // self._batch_rows)
        for part in np.array_split(np.arange(len(window.missing)), calls):
            (batch,) = table.slice(part[0], len(part)).combine_chunks().to_batches()
            window.waiting.append((window.missing[part], batch))
        self._submit(window)

    def _submit(self, window: _Window) -> None:
        while window.waiting and len(window.pending) < CALLS_UNDER_WAY:
            self._permit()
            inputs, batch = window.waiting.popleft()
            window.pending.append((inputs, self._scorer().submit(batch)))

    def _finish(self) -> _Window | None:
        """Wait for what was sent of the window being scored, and keep it."""
        window = self._scoring
        if window is None:
            return None
        with self._statistics.timed():
            while window.pending:
                self._store(window)
        if self._scorer_cpu is not None:
            spent = self._scorer().cpu_seconds()
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
        scored = future.result()
        window.pending.popleft()
        self._submit(window)
        window.scored.append(scored)
        self._statistics.calls += scored.calls
        self._remember(window.distinct.take(pa.array(inputs)), scored)
        self._report(len(inputs))

    def _remember(self, keys: Keys, scored: ScoredBatch) -> None:
        if self._memory is None:
            return
        results = scored.values
        if scored.errors is not None:
            good = scored.errors.is_null()
            keys, results = keys.filter(good), results.filter(good)
        if len(keys):
            self._memory.ledger.append(self._memory.fingerprint, keys, results)

    def _report(self, rows: int) -> None:
        self._rows_done += rows
        if self._on_progress is not None:
            self._on_progress(self._rows_done, None)

    # Rows out -----------------------------------------------------------------------------------------------------

    def _emit(self, window: _Window | None, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if window is None:
            return
        with self._statistics.timed():
            values, errors = _per_row(window)
            self._statistics.failed += len(errors) - errors.null_count
            self._report(window.rows.count - len(window.missing))
        start = 0
        for batch in window.rows.batches:
            columns = [values.slice(start, batch.num_rows), errors.slice(start, batch.num_rows)]
            yield pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=schema)
            start += batch.num_rows


def _deduplicated(rows: _Rows) -> _Window:
    """The window of these rows: the good ones' distinct inputs, in order of first appearance."""
    high, low = (np.concatenate([key[half] for key in rows.keys]) for half in (0, 1))
    keys = packed_keys(high, low)
    good = _good_rows(rows)
    if len(good) < rows.count:
        keys = keys.take(pa.array(good))
    encoded = keys.dictionary_encode()
    of_row = encoded.indices.to_numpy().astype(np.int64)
    sample = good
    if len(encoded.dictionary) < len(good):
        sample = np.empty(len(encoded.dictionary), np.int64)
        sample[of_row] = good
    return _Window(rows, good, of_row, sample, encoded.dictionary)


def _good_rows(rows: _Rows) -> Indices:
    if all(errors is None for errors in rows.errors):
        return np.arange(rows.count)
    parts = [
        np.ones(batch.num_rows, bool) if errors is None else errors.is_null().to_numpy(zero_copy_only=False)
        for batch, errors in zip(rows.batches, rows.errors, strict=True)
    ]
    return np.flatnonzero(np.concatenate(parts))


def _per_row(window: _Window) -> tuple[Array, Array]:
    """Each row's prediction and each row's error (null: none)."""
    assert window.found is not None, "looked up before"
    distinct = pa.concat_arrays([window.found, *(scored.values for scored in window.scored)])
    place = window.origin[window.of_row]
    values = _spread(distinct, place, window.good, window.rows.count)
    checked = _checked_errors(window.rows)
    if all(scored.errors is None for scored in window.scored):
        return values, checked
    failures = [nulls(len(window.found), pa.string())]
    failures += [nulls(len(s.values), pa.string()) if s.errors is None else s.errors for s in window.scored]
    failed = _spread(pa.concat_arrays(failures), place, window.good, window.rows.count)
    return values, compute.coalesce(checked, failed)


def _spread(distinct: Array, place: Indices, good: Indices, rows: int) -> Array:
    """``distinct[place[i]]`` in row ``good[i]``, null in the other rows."""
    if len(good) == rows:
        identical = len(distinct) == rows and bool((place == np.arange(rows)).all())
        return distinct if identical else distinct.take(pa.array(place))
    indices, absent = np.zeros(rows, np.int64), np.ones(rows, bool)
    indices[good], absent[good] = place, False
    return distinct.take(pa.array(indices, mask=absent))


def _checked_errors(rows: _Rows) -> Array:
    return pa.concat_arrays(
        nulls(batch.num_rows, pa.string()) if errors is None else errors
        for batch, errors in zip(rows.batches, rows.errors, strict=True)
    )
