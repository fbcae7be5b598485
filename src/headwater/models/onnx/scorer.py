"""Scoring an ONNX model by ONNX Runtime, on threads of our own process."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.errors import ModelError, ScoringError, UsageError
from headwater.models.arrow import Array, nulls
from headwater.models.bisect import Answer, Failed, score_apart
from headwater.models.forms.base import FormError, LengthError
from headwater.models.onnx.answers import Answers
from headwater.models.onnx.artifact import MAX_BYTES, open_artifact
from headwater.models.onnx.feeds import Feeds, UnfitError
from headwater.models.onnx.graph import Session, failures, inputs_of, open_session, outputs_of
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.signature import Signature
from headwater.plan.types import to_arrow

__all__ = ["OnnxOptions", "OnnxScorer"]

#: Rows in one call. Smaller calls cost more each, and larger ones gain nothing.
BATCH_ROWS = 50_000

#: Where a message of ONNX Runtime names the operator that failed; what follows may quote values.
_OPERATOR = re.compile(r"while running (\w+) node")


@dataclass(frozen=True, slots=True)
class OnnxOptions:
    """How a graph is run.

    Args:
        threads: how many batches are scored at once. Each is scored on one thread, which costs the least CPU time.
        call_timeout: seconds that one batch may take; then it is stopped, and fails.
        max_bytes: how large the graph and its weights may be.
    """

    threads: int = 1
    call_timeout: float = 300.0
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class _Graph:
    session: Session
    feeds: Feeds
    answers: Answers


class OnnxScorer:
    """Scores with an ONNX model in this process; a :class:`~headwater.models.scorer.Scorer`.

    The graph is loaded with the first batch, or with :meth:`warm`.

    Args:
        folder: the model's artifact folder, which holds ``MLmodel``.
        signature: what the batches look like and what the answers must.
        name: the function's name, for messages.
        options: limits and threads.
    """

    def __init__(self, folder: Path, signature: Signature, *, name: str, options: OnnxOptions | None = None) -> None:
        self._folder = folder
        self._signature = signature
        self._name = name
        self._options = options or OnnxOptions()
        self._result = to_arrow(signature.result)
        self._threads = ThreadPoolExecutor(self._options.threads, thread_name_prefix=f"scoring {name}")
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: _Graph | ModelError | None = None
        self._running: set[Any] = set()  # the options of calls under way, by which they are stopped
        self._closed = False
        self._cpu_seconds = 0.0

    @property
    def failed(self) -> bool:
        """Whether scoring has ended for good, with an error."""
        return isinstance(self._loaded, ModelError)

    @property
    def window(self) -> int:
        """One for each thread, and one waiting."""
        return self._options.threads + 1

    @property
    def batch_rows(self) -> int:
        """As many as cost the least CPU time a row."""
        return BATCH_ROWS

    def warm(self) -> None:
        """Load the graph in the background."""
        with self._lock:
            if not self._closed and self._loaded is None:
                self._threads.submit(self._load)

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        """Score a batch in the background.

        Raises:
            UsageError: settings of the call are given, and an ONNX graph has none.
        """
        if params:
            raise UsageError(
                f"{self._name} is an ONNX model, which has no settings of a call.",
                code="model.params",
                place=self._name,
                hint=f"Leave out {', '.join(sorted(params))}.",
            )
        with self._lock:
            if not self._closed:
                return self._threads.submit(self._score, batch)
        refused: Future[ScoredBatch] = Future()
        refused.set_exception(self._stopped())
        return refused

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        """Score a batch and wait for it.

        Raises:
            ScoringError: the graph cannot be loaded or fails on every row.
            UsageError: as for :meth:`submit`.
        """
        return self.submit(batch, params).result()

    def cpu_seconds(self) -> float:
        """CPU seconds that the scoring threads spent, on loading the graph excluded."""
        with self._lock:
            return self._cpu_seconds

    def close(self) -> None:
        """Stop the calls under way. Batches that were not answered fail with ``ScoringError``."""
        with self._lock:
            self._closed = True
            for options in self._running:
                options.terminate = True
        self._threads.shutdown(wait=True)

    # On a scoring thread ---------------------------------------------------------------------------------------

    def _score(self, batch: pa.RecordBatch) -> ScoredBatch:
        graph = self._load()
        started = time.thread_time()
        try:
            if not batch.num_rows:
                return ScoredBatch(nulls(0, self._result), calls=0)
            first = self._answer(graph, batch)
            if isinstance(first, pa.RecordBatch):
                return ScoredBatch(self._values(first))
            return score_apart(
                batch,
                first,
                lambda part: self._answer(graph, part),
                self._values,
                result=self._result,
                name=self._name,
            )
        finally:
            with self._lock:
                self._cpu_seconds += time.thread_time() - started

    def _load(self) -> _Graph:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._opened()
            loaded = self._loaded
        if isinstance(loaded, ModelError):
            message = f"{self._name} cannot be scored: {loaded.message}"
            raise ScoringError(message, code=loaded.code, hint=loaded.hint, place=self._name)
        return loaded

    def _opened(self) -> _Graph | ModelError:
        try:
            session = open_session(open_artifact(self._folder, self._options.max_bytes))
            feeds = Feeds.match(inputs_of(session), self._signature)
            return _Graph(session, feeds, Answers.match(outputs_of(session), self._signature))
        except ModelError as error:
            return error

    def _answer(self, graph: _Graph, batch: pa.RecordBatch) -> Answer:
        try:
            arrays = graph.feeds.arrays(batch)
        except UnfitError as error:
            return Failed("model", str(error))
        values = self._run(graph, arrays)
        if isinstance(values, Failed):
            return values
        try:
            return graph.answers.batch(values, batch.num_rows)
        except LengthError as error:
            return Failed("length", str(error))
        except FormError as error:
            return Failed("form", str(error))

    def _run(self, graph: _Graph, arrays: Mapping[str, Any]) -> list[Any] | Failed:
        timed_out = threading.Event()
        with self._stoppable(timed_out) as options:
            try:
                values: list[Any] = graph.session.run(list(graph.answers.names), arrays, options)
                return values
            except failures() as error:
                if self._closed:
                    raise self._stopped() from None
                if timed_out.is_set():
                    raise self._too_slow() from None
                # Without the text, which may quote values of the row.
                operator = _OPERATOR.search(str(error))
                return Failed("model", type(error).__name__ + (f" in the operator {operator[1]}" if operator else ""))

    @contextmanager
    def _stoppable(self, timed_out: threading.Event) -> Iterator[Any]:
        """The options of one call, which ends early when the scorer is closed or the call takes too long."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.log_severity_level = 4  # as for the session

        def stop() -> None:
            timed_out.set()
            options.terminate = True

        timer = threading.Timer(self._options.call_timeout, stop)
        timer.daemon = True
        with self._lock:
            if self._closed:
                raise self._stopped()
            self._running.add(options)
        timer.start()
        try:
            yield options
        finally:
            timer.cancel()
            with self._lock:
                self._running.discard(options)

    def _values(self, answer: pa.RecordBatch) -> Array:
        """One value per row: the only output, or a record of all."""
        if answer.num_columns == 1:
            return answer.column(0)
        return pa.StructArray.from_arrays(answer.columns, fields=list(answer.schema))

    def _stopped(self) -> ScoringError:
        return ScoringError(f"Scoring with {self._name} was stopped.", code="model.stopped", place=self._name)

    def _too_slow(self) -> ScoringError:
        return ScoringError(
            f"{self._name} did not answer a batch within {self._options.call_timeout:g} seconds.",
            code="model.timeout",
            place=self._name,
            hint="Send fewer rows at a time, or allow more time.",
        )
