"""The owner of a scoring process: starts it, feeds it, restarts it once when it dies, takes failing batches apart.

One thread a process does all of that, so nothing here needs a lock: it writes a batch ahead while the one before is
being scored, and reads the answers in order.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.errors import ScoringError
from headwater.models.arrow import row_values
from headwater.models.bisect import Answer, score_apart
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.signature import Signature
from headwater.models.workers.child import ChildProcess, DiedError
from headwater.models.workers.confinement import Isolation
from headwater.models.workers.interpreters import Interpreter, own_interpreter
from headwater.models.workers.options import WorkerOptions
from headwater.plan.types import to_arrow

__all__ = ["WorkerOptions", "WorkerScorer"]

#: Batches in the process at a time: one being scored, one waiting in it.
IN_FLIGHT = 2

#: Rows in one call. A fifth of it costs a sixth more CPU time; twice it gains nothing.
BATCH_ROWS = 50_000


@dataclass(slots=True)
class _Job:
    batch: pa.RecordBatch
    params: Mapping[str, Any]
    future: Future[ScoredBatch]
    deaths: int = 0


class WorkerScorer:
    """Scores with a model in a process of its own; a :class:`~headwater.models.scorer.Scorer`.

    The process starts with the first batch, or with :meth:`warm`. When it dies it is started again and given what it
    had not answered; a batch on which it dies twice ends all scoring with a ``ScoringError``.

    Args:
        folder: the model's artifact folder, which holds ``MLmodel``.
        signature: what the batches look like and what the answers must.
        name: the function's name, for messages.
        log: the file that gets what the model's code and MLflow print; truncated at the start.
        options: limits and threads.
        interpreter: what runs the model; by default this process's own.
    """

    def __init__(
        self,
        folder: Path,
        signature: Signature,
        *,
        name: str,
        log: Path,
        options: WorkerOptions | None = None,
        interpreter: Interpreter | None = None,
    ) -> None:
        self._name = name
        self._result = to_arrow(signature.result)
        self._process = ChildProcess(
            folder, signature, name, log, options or WorkerOptions(), interpreter or own_interpreter()
        )
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._failed = False
        self._thread_seconds = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id while there is one."""
        return self._process.pid

    @property
    def isolation(self) -> Isolation | None:
        """How far the process is from everything else; None before it was first started."""
        return self._process.isolation

    @property
    def failed(self) -> bool:
        """Whether scoring has ended for good, with an error."""
        return self._failed

    @property
    def window(self) -> int:
        """One batch being scored, and one waiting in the process."""
        return IN_FLIGHT

    @property
    def batch_rows(self) -> int:
        """As many as cost the least CPU time a row."""
        return BATCH_ROWS

    def warm(self) -> None:
        """Start the process and load the model, in the background."""
        with self._starting:
            if self._thread is None and not self._closed:
                # The process is started on this thread and lives no longer than it: Linux kills a child that asked
                # for it when the *thread* that started it ends.
                self._thread = threading.Thread(target=self._run, daemon=True, name=f"scoring {self._name}")
                self._thread.start()

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        """Score a batch in the background."""
        future: Future[ScoredBatch] = Future()
        self._jobs.put(_Job(batch, params, future))
        self.warm()
        if self._closed:
            self._fail_waiting(self._closed_error())
        return future

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        """Score a batch and wait for it.

        Raises:
            ScoringError: the model, or its process, failed as a whole.
        """
        return self.submit(batch, params).result()

    def cpu_seconds(self) -> float:
        """CPU seconds spent on scoring since the model was loaded: by the process, and on the way there and back."""
        return self._process.cpu_seconds + self._thread_seconds

    def startup_cpu_seconds(self) -> float:
        """CPU seconds spent on starting Python and loading the model, over all starts."""
        return self._process.startup_cpu_seconds

    def close(self) -> None:
        """Kill the process. Batches that were not answered fail with ``ScoringError``."""
        with self._starting:
            self._closed = True
        self._process.stop()
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()
        self._fail_waiting(self._closed_error())

    # The thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        sent: deque[_Job] = deque()
        fatal = self._serve(sent)
        self._failed = fatal is not None
        for job in sent:
            _reject(job, fatal or self._closed_error())
        if fatal is not None:
            self._refuse(fatal)

    def _serve(self, sent: deque[_Job]) -> ScoringError | None:
        """Score until closed (None), or until nothing can be scored any more (why)."""
        try:
            self._process.start()
            while self._take(sent):
                self._exchange(sent)
                self._thread_seconds = time.thread_time()
            return None
        except ScoringError as error:
            return error
        except DiedError:
            return self._closed_error() if self._closed else self._process.death()
        finally:
            self._process.discard()

    def _refuse(self, error: ScoringError) -> None:
        """Answer every batch with the error, until closed."""
        while (job := self._jobs.get()) is not None:
            _reject(job, error)

    def _take(self, sent: deque[_Job]) -> bool:
        """Fill the window of batches in flight; wait for one when it is empty. False at the end."""
        while len(sent) < IN_FLIGHT:
            try:
                job = self._jobs.get(block=not sent)
            except queue.Empty:
                return True
            if job is None:
                return False
            if job.future.set_running_or_notify_cancel():
                sent.append(job)
                self._send(sent, job)
        return True

    def _send(self, sent: deque[_Job], job: _Job) -> None:
        try:
            self._process.send(job.batch, job.params)
        except DiedError:
            self._revive(sent)

    def _exchange(self, sent: deque[_Job]) -> None:
        """Read the answer to the oldest batch in flight, and settle it."""
        answer = self._next_answer(sent)
        if isinstance(answer, pa.RecordBatch):
            job = sent.popleft()
            job.future.set_result(ScoredBatch(row_values(answer)))
            return
        # Taking a batch apart is a conversation of its own: first hear the answers that are under way.
        answers: list[Answer] = [answer]
        jobs = [sent.popleft()]
        while sent:
            answers.append(self._next_answer(sent))
            jobs.append(sent.popleft())
        for position, (job, first) in enumerate(zip(jobs, answers, strict=True)):
            try:
                ask = partial(self._ask, job.params)
                scored = score_apart(job.batch, first, ask, row_values, result=self._result, name=self._name)
            except ScoringError:
                sent.extend(jobs[position:])
                raise
            job.future.set_result(scored)

    def _ask(self, params: Mapping[str, Any], batch: pa.RecordBatch) -> Answer:
        """One batch, one answer, nothing else in flight."""
        job = _Job(batch, params, Future())
        alone = deque([job])
        self._send(alone, job)
        return self._next_answer(alone)

    def _next_answer(self, sent: deque[_Job]) -> Answer:
        while True:
            try:
                return self._process.receive(sent[0].batch.num_rows)
            except DiedError:
                self._revive(sent)

    def _revive(self, sent: deque[_Job]) -> None:
        """Start the process again and send it everything that it had not answered."""
        if self._closed:
            raise DiedError
        while True:
            if sent:
                sent[0].deaths += 1
                if sent[0].deaths > 1:
                    raise self._process.death()
            self._process.start()
            try:
                for job in sent:
                    self._process.send(job.batch, job.params)
            except DiedError:
                continue
            return

    def _fail_waiting(self, error: ScoringError) -> None:
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    _reject(job, error)

    def _closed_error(self) -> ScoringError:
        return ScoringError(f"Scoring with {self._name} was stopped.", code="model.stopped", place=self._name)


def _reject(job: _Job, error: ScoringError) -> None:
    if not job.future.done():
        with suppress(CancelledError):
            job.future.set_exception(error)
