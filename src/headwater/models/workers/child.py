"""The scoring process as its owner holds it: started in isolation, fed frames, killed.

The frames are those of :mod:`headwater.models.workers.worker`.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from headwater.errors import ScoringError
from headwater.models.bisect import Answer, Failed
from headwater.models.signature import Signature
from headwater.models.workers.confinement import Isolation, command, variables
from headwater.models.workers.interpreters import Interpreter
from headwater.models.workers.options import WorkerOptions
from headwater.models.workers.scratch import Scratch
from headwater.models.workers.worker import HEADER

__all__ = ["ChildProcess", "DiedError"]

#: How much of a large frame goes through the pipe at a time; Linux lets a pipe hold a megabyte.
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
#: More than any answer to a batch has; whatever the process claims, no more memory than this is set aside for it.
_MOST_BYTES = 1 << 31
_SECONDS = struct.Struct("<d")
_COUNT = struct.Struct("<I")


class DiedError(Exception):
    """The process ended, or was ended because it did not answer in time."""


class ChildProcess:
    """One process at a time, with the model loaded; all but ``stop`` and ``kill`` belong to the thread that starts it.

    Args:
        folder: the model's artifact folder.
        signature: what the answers must look like.
        name: the function's name, for messages.
        log: the file that gets what is printed; truncated at the start.
        options: limits and threads.
        interpreter: what runs the model.
    """

    def __init__(  # noqa: PLR0917 - what a process consists of
        self,
        folder: Path,
        signature: Signature,
        name: str,
        log: Path,
        options: WorkerOptions,
        interpreter: Interpreter,
    ) -> None:
        self.cpu_seconds = 0.0
        self.startup_cpu_seconds = 0.0
        self.isolation: Isolation | None = None
        self._folder = folder
        self._name = name
        self._log = log
        self._options = options
        self._interpreter = interpreter
        self._scratch: Scratch | None = None
        self._outputs = signature.output_schema
        self._popen: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._changing = threading.Lock()
        self._last_cpu = 0.0
        self._cause = ""
        self._out_of_memory = False
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    @property
    def pid(self) -> int | None:
        return self._popen.pid if self._popen is not None and self._popen.poll() is None else None

    def start(self) -> None:
        """Start the process and wait until the model is loaded.

        Raises:
            ScoringError: the model cannot be loaded, or the process is isolated less than it must be.
            DiedError: the process ended meanwhile.
        """
        self.discard()
        self._cause, self._out_of_memory = "", False
        with self._changing:
            if self._stopped:
                raise DiedError
            self._popen = self._spawn()
        _, content = self._read(self._options.start_timeout)
        self.isolation = Isolation.read(bytes(content), self._options)
        self.isolation.check(self._options.minimum_isolation, self._name)
        outputs = base64.b64encode(self._outputs.serialize()).decode()
        self._write(b"L", json.dumps({"folder": str(self._folder), "outputs": outputs}).encode())
        kind, content = self._read(self._options.start_timeout)
        try:
            self._loaded(kind, orjson.loads(bytes(content)))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._garbled() from error

    def _loaded(self, kind: bytes, told: dict[str, Any]) -> None:
        if kind == b"F":
            self._check_memory(told)
            raise self._load_error(told)
        self._last_cpu = float(told["cpu"])
        self.startup_cpu_seconds += self._last_cpu

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._scratch = Scratch()
        scratch = self._scratch.path
        with self._log.open("ab") as log:
            popen = subprocess.Popen(
                command(self._interpreter, self._folder, scratch, self._options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=variables(scratch, self._options),
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

    def receive(self, rows: int) -> Answer:
        """The next answer: a batch of outputs, one for each of ``rows``, or why there is none.

        The model's code could write here too, so nothing of it is believed before it was looked at.
        """
        kind, content = self._read(self._options.call_timeout)
        try:
            return self._answer(kind, content, rows)
        except (ValueError, KeyError, TypeError, RecursionError, OSError, struct.error, pa.ArrowException) as error:
            raise self._garbled() from error

    def _answer(self, kind: bytes, content: bytearray, rows: int) -> Answer:
        if kind == b"F":
            told = orjson.loads(bytes(content))
            self._count_cpu(told["cpu"])
            self._check_memory(told)
            return Failed(told["kind"], told["message"])
        self._count_cpu(_SECONDS.unpack_from(content)[0])
        with pa.ipc.open_stream(pa.py_buffer(memoryview(content)[_SECONDS.size :])) as reader:
            batch = reader.read_next_batch()
        batch.validate(full=True)
        if kind != b"A" or batch.num_rows != rows or not batch.schema.equals(self._outputs):
            raise ValueError("another answer than was agreed")
        return batch

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
        """End the process, let go of its pipes and empty its folder; only for the thread that uses them."""
        self.kill()
        if self._scratch is not None:
            self._scratch.remove()
        if self._popen is not None:
            for pipe in (self._popen.stdin, self._popen.stdout):
                if pipe is not None:
                    pipe.close()

    def death(self) -> ScoringError:
        """Why there is no process any more."""
        status = self._popen.returncode if self._popen is not None else None
        short = self._out_of_memory or (self._options.memory_limit is not None and not self._cause)
        more = "raise memory_limit in the table [scoring] of headwater.toml, or " if short else ""
        return ScoringError(
            f"The process that runs {self._name} {self._cause or f'ended with status {status}'}.",
            code="model.memory" if self._out_of_memory else "model.process",
            place=self._name,
            hint=f"It was started again once, in vain: {more}see what it printed in {self._log}.",
        )

    def _check_memory(self, told: dict[str, Any]) -> None:
        """A process that ran out of memory is ended: what it holds is lost, and may be broken."""
        if told["kind"] != "memory":
            return
        limit = self._options.memory_limit
        self._cause = "ran out of memory" + ("" if limit is None else f", of which it may use {limit / 1e9:.1f} GB")
        self._out_of_memory = True
        raise self._ended()

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
        if length > _MOST_BYTES:
            raise self._garbled()
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

    def _garbled(self) -> DiedError:
        self._cause = "sent an answer that cannot be read"
        return self._ended()

    def _ended(self) -> DiedError:
        self.kill()
        return DiedError()


def _widen(pipe: int) -> None:
    """A larger pipe means fewer turns; where the system does not do that, the usual size works too."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(pipe, False)
