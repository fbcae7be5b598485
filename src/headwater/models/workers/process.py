"""The owner of a scoring process: starts it, feeds it, restarts it once when it dies, takes failing batches apart.

One thread a process does all of that, so nothing here needs a lock: it writes a batch ahead while the one before is
being scored, and reads the answers in order.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from headwater.errors import ScoringError
from headwater.models.arrow import Array
from headwater.models.bisect import Answer, Failed, score_apart
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.signature import Signature
from headwater.models.workers.worker import HEADER
from headwater.plan.types import to_arrow

__all__ = ["WorkerOptions", "WorkerScorer"]

#: Batches in the process at a time: one being scored, one waiting in it.
IN_FLIGHT = 2

#: Rows in one call. A fifth of it costs a sixth more CPU time; twice it gains nothing.
BATCH_ROWS = 50_000

#: How much of a large frame goes through the pipe at a time; Linux lets a pipe hold a megabyte.
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_SECONDS = struct.Struct("<d")
_COUNT = struct.Struct("<I")

#: What of our environment the process gets to see: no credential, key or database address is in it.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONUNBUFFERED": "1"}

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a scoring process is run.

    Args:
        start_timeout: seconds that loading the model may take.
        call_timeout: seconds that one batch may take; then the process is killed and counts as dead.
        threads: how many threads the model's numeric libraries may use; None leaves it to them. One costs the least
            CPU time: OpenMP's threads spin while they wait, and burn a multiple of it when cores are busy otherwise.
        environment: variables that the process gets besides the allowed few.
    """

    start_timeout: float = 120.0
    call_timeout: float = 300.0
    threads: int | None = 1
    environment: Mapping[str, str] = field(default_factory=dict)


class _DiedError(Exception):
    """The process ended, or was ended because it did not answer in time."""


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
    """

    def __init__(
        self, folder: Path, signature: Signature, *, name: str, log: Path, options: WorkerOptions | None = None
    ) -> None:
        self._name = name
        self._result = to_arrow(signature.result)
        self._process = _Process(folder, signature, name, log, options or WorkerOptions())
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
    def failed(self) -> bool:
        """Whether scoring has ended for good, with an error."""
        return self._failed

    @property
    def window(self) -> int:
        return IN_FLIGHT

    @property
    def batch_rows(self) -> int:
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
        except _DiedError:
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
        except _DiedError:
            self._revive(sent)

    def _exchange(self, sent: deque[_Job]) -> None:
        """Read the answer to the oldest batch in flight, and settle it."""
        answer = self._next_answer(sent)
        if isinstance(answer, pa.RecordBatch):
            job = sent.popleft()
            job.future.set_result(ScoredBatch(self._values(answer)))
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
                scored = score_apart(job.batch, first, ask, self._values, result=self._result, name=self._name)
            except ScoringError:
                sent.extend(jobs[position:])
                raise
            job.future.set_result(scored)

    def _values(self, answer: pa.RecordBatch) -> Array:
        """One value per row: the only output, or a record of all."""
        if answer.num_columns == 1:
            return answer.column(0)
        return pa.StructArray.from_arrays(answer.columns, fields=list(answer.schema))

    def _ask(self, params: Mapping[str, Any], batch: pa.RecordBatch) -> Answer:
        """One batch, one answer, nothing else in flight."""
        job = _Job(batch, params, Future())
        alone = deque([job])
        self._send(alone, job)
        return self._next_answer(alone)

    def _next_answer(self, sent: deque[_Job]) -> Answer:
        while True:
            try:
                return self._process.receive()
            except _DiedError:
                self._revive(sent)

    def _revive(self, sent: deque[_Job]) -> None:
        """Start the process again and send it everything that it had not answered."""
        if self._closed:
            raise _DiedError
        while True:
            if sent:
                sent[0].deaths += 1
                if sent[0].deaths > 1:
                    raise self._process.death()
            self._process.start()
            try:
                for job in sent:
                    self._process.send(job.batch, job.params)
            except _DiedError:
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


class _Process:
    """The child process and the frames to and from it (see :mod:`headwater.models.workers.worker`)."""

    def __init__(self, folder: Path, signature: Signature, name: str, log: Path, options: WorkerOptions) -> None:
        self.cpu_seconds = 0.0
        self.startup_cpu_seconds = 0.0
        self._folder = folder
        self._name = name
        self._log = log
        self._options = options
        self._outputs = base64.b64encode(signature.output_schema.serialize()).decode()
        self._popen: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._changing = threading.Lock()
        self._last_cpu = 0.0
        self._cause = ""
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen is not None and self._popen.poll() is None else None

    def start(self) -> None:
        """Start the process and wait until the model is loaded.

        Raises:
            ScoringError: the model cannot be loaded.
            _DiedError: the process ended meanwhile.
        """
        self.discard()
        self._cause = ""
        with self._changing:
            if self._stopped:
                raise _DiedError
            self._popen = self._spawn()
        request = {"folder": str(self._folder), "outputs": self._outputs}
        self._write(b"L", json.dumps(request).encode())
        kind, content = self._read(self._options.start_timeout)
        told = json.loads(bytes(content))
        if kind == b"F":
            raise self._load_error(told)
        self._last_cpu = told["cpu"]
        self.startup_cpu_seconds += told["cpu"]

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-m", "headwater.models.workers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                bufsize=0,
                start_new_session=True,  # Ctrl+C is for the owner, which then ends this process in its own way
            )
        for pipe in (popen.stdin, popen.stdout):
            assert pipe is not None, "both were asked for"
            _widen(pipe.fileno())
        return popen

    def send(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> None:
        """Write a batch and the call's settings; the process reads ahead, so this waits for no answer."""
        settings = orjson.dumps(dict(params), option=orjson.OPT_SERIALIZE_NUMPY)
        sink = pa.BufferOutputStream()
        sink.write(_COUNT.pack(len(settings)) + settings)
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        self._write(b"B", sink.getvalue())

    def receive(self) -> Answer:
        """The next answer: a batch of outputs, or why there is none."""
        kind, content = self._read(self._options.call_timeout)
        if kind == b"F":
            told = json.loads(bytes(content))
            self._count_cpu(told["cpu"])
            return Failed(told["kind"], told["message"])
        self._count_cpu(_SECONDS.unpack_from(content)[0])
        with pa.ipc.open_stream(pa.py_buffer(memoryview(content)[_SECONDS.size :])) as reader:
            return reader.read_next_batch()

    def stop(self) -> None:
        """End the process for good. May be called from any thread."""
        with self._changing:
            self._stopped = True
        self.kill()

    def kill(self) -> None:
        """End the process and all it started."""
        if self._popen is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()

    def discard(self) -> None:
        """End the process and let go of its pipes; only for the thread that uses them."""
        self.kill()
        if self._popen is not None:
            for pipe in (self._popen.stdin, self._popen.stdout):
                if pipe is not None:
                    pipe.close()

    def death(self) -> ScoringError:
        """Why there is no process any more."""
        status = self._popen.returncode if self._popen is not None else None
        return ScoringError(
            f"The process that runs {self._name} {self._cause or f'ended with status {status}'}.",
            code="model.process",
            place=self._name,
            hint=f"It was started again once, in vain. See what it printed in {self._log}.",
        )

    def _load_error(self, told: dict[str, Any]) -> ScoringError:
        detail = f" ({told['detail']})" if told["detail"] else ""
        return ScoringError(
            f"The model behind {self._name} cannot be loaded: {told['message']}{detail}.",
            code="model.load",
            place=self._name,
            hint=f"Install what the model requires (its requirements.txt says), or see {self._log}.",
        )

    def _count_cpu(self, total: float) -> None:
        self.cpu_seconds += total - self._last_cpu
        self._last_cpu = total

    def _environment(self) -> dict[str, str]:
        allowed = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        threads = self._options.threads
        limits = {} if threads is None else dict.fromkeys(_THREAD_VARIABLES, str(threads))
        return {**allowed, "HOME": str(self._log.parent), **_QUIET, **limits, **self._options.environment}

    def _write(self, kind: bytes, content: bytes | pa.Buffer) -> None:
        assert self._popen is not None and self._popen.stdin is not None, "started before"
        pipe, deadline = self._popen.stdin.fileno(), time.monotonic() + self._options.call_timeout
        body = memoryview(content).cast("B")
        for piece in (memoryview(HEADER.pack(kind, len(body))), body):
            rest = piece
            while rest:
                self._wait(pipe, select.POLLOUT, deadline)
                try:
                    rest = rest[os.write(pipe, rest[:_PIPE_BYTES]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError as error:
                    raise self._ended() from error

    def _read(self, timeout: float) -> tuple[bytes, bytearray]:
        deadline = time.monotonic() + timeout
        kind, length = HEADER.unpack(self._read_exactly(HEADER.size, deadline))
        return kind, self._read_exactly(length, deadline)

    def _read_exactly(self, length: int, deadline: float) -> bytearray:
        assert self._popen is not None and self._popen.stdout is not None, "started before"
        content, filled = bytearray(length), 0
        view, pipe = memoryview(content), self._popen.stdout.fileno()
        while filled < length:
            self._wait(pipe, select.POLLIN, deadline)
            count = os.readv(pipe, [view[filled : filled + _PIPE_BYTES]])
            if not count:
                raise self._ended()
            filled += count
        return content

    def _wait(self, pipe: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            self._cause = "did not answer in time"
            raise self._ended()

    def _ended(self) -> _DiedError:
        self.kill()
        return _DiedError()


def _widen(pipe: int) -> None:
    """A larger pipe means fewer turns; where the system does not do that, the usual size works too."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(pipe, False)
