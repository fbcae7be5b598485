"""A scorer whose model is somebody else's service."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from headwater.errors import HeadwaterError, ScoringError
from headwater.models.arrow import nulls, row_values
from headwater.models.bisect import Answer, Failed, score_apart
from headwater.models.forms.base import ServiceForm
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.services.calls import ENDING, SIZE, Calls, Tally
from headwater.models.services.health import Health
from headwater.models.services.jobs import Job, merged
from headwater.models.services.options import ServiceOptions
from headwater.models.services.sizing import BatchSize
from headwater.models.services.throttle import Throttle
from headwater.models.signature import Signature
from headwater.net import HttpClient
from headwater.plan.cells import decode_error
from headwater.plan.types import to_arrow

__all__ = ["ServiceScorer", "ServiceState"]

#: Seconds that closing waits for threads whose connections were shut down.
_LEAVING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How scoring by a service goes, for progress.

    Attributes:
        batch_rows: rows that the service scores in about the time that a call should take.
        call_rows: rows in one call; fewer where a request does not hold as many.
        window: calls that may be under way at once.
        calls: calls made so far.
        retries: how many of these were made in vain, with no row to blame for it.
        last_pause: seconds of the last pause that the service asked for or was given; 0 where there was none.
    """

    batch_rows: int
    call_rows: int
    window: int
    calls: int
    retries: int
    last_pause: float


def _always() -> None:
    """The check of a scorer whose calls need none."""


class ServiceScorer:
    """Scores by a service over HTTP; a :class:`~headwater.models.scorer.Scorer`.

    A batch is sent in calls of as many rows as measured, several at once, and comes back in order. What a service's
    answers lead to: :mod:`headwater.models.services.verdicts`. No message of an error holds a row or the service's own
    words.

    A time-out halves the batch, as it cannot be told from a batch that is too large; a single row that times out alone
    is an error of that row. An answer with another number of rows, or in another form, fails the rows of its call.
    A batch for which the service cannot be had within the options' tries and patience fails, and others go on. What
    no batch can change (a refused credential, an endpoint that is gone, a model that fails on everything) ends
    scoring: every batch waiting or to come fails with that error, and :attr:`failed` is true.

    Args:
        client: bound to the service's origin and credential, without retries of its own. It belongs to the scorer,
            which closes it.
        form: how batches are written for the service, and its answers read.
        signature: what the batches look like and what the answers must.
        name: the function's name, for messages.
        url_path: the service's address within its origin.
        options: limits.
        check: called before each call, from the scorer's threads; the batch fails with what it raises.
    """

    def __init__(
        self,
        client: HttpClient,
        form: ServiceForm,
        signature: Signature,
        *,
        name: str,
        url_path: str,
        options: ServiceOptions | None = None,
        check: Callable[[], None] = _always,
    ) -> None:
        options = options or ServiceOptions()
        self._client = client
        self._name = name
        self._check = check
        self._result = to_arrow(signature.result)
        self._size = BatchSize(options, form.max_rows)
        self._throttle = Throttle(options.window)
        self._health = Health()
        self._calls = Calls(
            client, form, name, url_path, options, size=self._size, throttle=self._throttle, health=self._health
        )
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._open: set[Job] = set()
        self._ended: HeadwaterError | None = None
        self._closed = False
        self._cpu: dict[int, float] = {}
        # Daemons: a call that hangs must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True, name=f"scoring {name} {number}")
            for number in range(options.window)
        ]

    @property
    def failed(self) -> bool:
        """Whether scoring has ended for good, with an error."""
        return self._ended is not None and not self._closed

    @property
    def window(self) -> int:
        """Fewer after the service said "not now", then slowly more again."""
        return self._throttle.window

    @property
    def batch_rows(self) -> int:
        """What the service scores in about the time that a call should take."""
        return self._size.batch_rows

    def state(self) -> ServiceState:
        """Sizes and counts as of now."""
        return ServiceState(
            self._size.batch_rows,
            self._size.call_rows,
            self._throttle.window,
            self._calls.total.calls,
            self._calls.total.retries,
            self._throttle.last_pause,
        )

    def warm(self) -> None:
        """Nothing: a service is ready, or starts with the first call."""

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        """Score a batch in the background. It can be cancelled until the first of its rows is sent.

        The future raises ``ScoringError``, or what the check raised.
        """
        job = Job(batch, params)
        with self._changed:
            ended = self._ended
            if ended is None and batch.num_rows:
                self._start()
                self._open.add(job)
                self._waiting.append(job)
                self._changed.notify_all()
        if ended is not None:
            job.fail(ended)
        elif not batch.num_rows:
            job.add(0, ScoredBatch(nulls(0, self._result), calls=0))  # services fail on no rows
        return job.future

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        """Score a batch and wait for it.

        Raises:
            ScoringError: the service failed as a whole, or could not be had.
        """
        return self.submit(batch, params).result()

    def cpu_seconds(self) -> float:
        """CPU seconds spent here on writing requests and reading answers; what the service spends is not known."""
        return sum(list(self._cpu.values()))

    def close(self) -> None:
        """Cut all connections. Batches that were not answered fail with ``ScoringError``."""
        self._closed = True
        self._end(ScoringError(f"Scoring with {self._name} was stopped.", code="model.stopped", place=self._name))
        self._client.close()
        until = time.monotonic() + _LEAVING_SECONDS
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def _end(self, error: HeadwaterError) -> None:
        """Let no batch be sent any more, and fail those that are not answered."""
        with self._changed:
            if self._ended is None:
                self._ended = error
            jobs = list(self._open)
            self._open.clear()
            self._waiting.clear()
            self._changed.notify_all()
        self._throttle.end(error)
        for job in jobs:
            job.fail(error)

    # The threads -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        for thread in self._threads:
            if thread.ident is None:
                thread.start()

    def _run(self, number: int) -> None:
        while self._work(number):
            pass

    def _work(self, number: int) -> bool:
        """Score the next rows; False at the end."""
        taken = self._take()
        if taken is None:
            return False
        job, start, count = taken
        outcome: ScoredBatch | BaseException
        try:
            outcome = self._score(job, start, count)
        except BaseException as error:  # noqa: BLE001 -- handed to whoever waits for the batch, whatever it is
            outcome = error
        self._cpu[number] = time.thread_time()
        if isinstance(outcome, ScoredBatch):
            self._settle(job, start, outcome)
        else:
            self._fail(job, outcome)
        return True

    def _take(self) -> tuple[Job, int, int] | None:
        """The next rows to be sent; waits for some. None at the end."""
        with self._changed:
            while self._ended is None:
                if not self._waiting:
                    self._changed.wait()
                    continue
                job = self._waiting[0]
                if not job.begin():
                    self._forget(job)
                    continue
                start, count = job.take(self._size.call_rows)
                if job.all_taken:
                    self._waiting.popleft()
                return job, start, count
            return None

    def _settle(self, job: Job, start: int, scored: ScoredBatch) -> None:
        job.add(start, scored)
        if job.settled:
            self._forget(job)
        if self._health.barren(scored):
            self._end(self._barren_error(scored))

    def _fail(self, job: Job, error: BaseException) -> None:
        if isinstance(error, ScoringError) and error.code in ENDING:
            self._end(error)  # before anybody hears of it: who does may look for another scorer at once
        self._forget(job)
        job.fail(error)

    def _forget(self, job: Job) -> None:
        with self._changed:
            self._open.discard(job)
            if job in self._waiting:
                self._waiting.remove(job)

    def _barren_error(self, scored: ScoredBatch) -> ScoringError:
        _, message, _ = decode_error(scored.errors[0].as_py()) if scored.errors is not None else ("", "", None)
        return ScoringError(
            f"{self._name} scored no row of many batches in succession. The last time: {message}",
            code="model.systemic",
            place=self._name,
            hint="Try the service with a single row, and see its log.",
        )

    # A batch -----------------------------------------------------------------------------------------------------

    def _score(self, job: Job, start: int, count: int) -> ScoredBatch:
        """The scores of some rows of a batch, in smaller calls where they turn out to be too many for one."""
        tally = Tally()

        def check() -> None:
            job.check_wanted()
            self._check()

        def ask(batch: pa.RecordBatch) -> Answer:
            return self._calls.ask(batch, job.params, check, tally)

        parts, left = [], [(start, count)]
        while left:
            first, rows = left.pop()
            fitting = min(rows, self._size.call_rows)
            if fitting < rows:
                left.append((first + fitting, rows - fitting))
            batch = job.batch.slice(first, fitting)
            answer = ask(batch)
            if isinstance(answer, Failed) and answer.kind == SIZE and fitting > 1:
                half = fitting // 2
                left += [(first + half, fitting - half), (first, half)]
            else:
                parts.append(self._apart(batch, answer, ask))
        return replace(merged(parts), calls=tally.calls, retries=tally.retries)

    def _apart(self, batch: pa.RecordBatch, answer: Answer, ask: Callable[[pa.RecordBatch], Answer]) -> ScoredBatch:
        return score_apart(
            batch, answer, ask, row_values, result=self._result, name=self._name, proven=self._health.proven
        )
