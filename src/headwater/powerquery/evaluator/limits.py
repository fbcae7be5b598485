"""Limits of an evaluation, which a process of its own is held to from outside.

What runs away inside an evaluation (a list without end, a text of gigabytes, a cross join) cannot be trusted to stop
itself: the process is watched by its parent, and killed with everything it started when it goes beyond a limit, or
when the parent itself is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from headwater.errors import EngineError, MError

__all__ = ["Completed", "Limits", "run_limited", "too_many_rows"]

_WATCHED_EVERY = 0.02
"""Seconds between two looks: at four gigabytes a second, memory overshoots by 80 MB."""
_CHUNK = 1 << 16
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What an evaluation may use; None is as much as there is. Recursion is limited always.

    Args:
        seconds: of wall clock, the start of the process included.
        memory: bytes that are resident, the interpreter's own 100 MB and more included.
        rows: of the table, or items of the list, that is the result.
        output_bytes: of the result, on its way back.
    """

    seconds: float | None = None
    memory: int | None = None
    rows: int | None = None
    output_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that kept to its limits: what it wrote to standard output, and its exit status."""

    output: bytes
    status: int


def too_many_rows(most: int) -> MError:
    """The error of a result with more rows than allowed."""
    return _exceeded("rows", f"The result has more than {most:,} rows.", "Ask for fewer rows, or allow more of them.")


def _exceeded(limit: str, message: str, hint: str) -> MError:
    return MError("Expression.Error", message, hint=hint, code=f"m.limit_{limit}")


def run_limited(module: str, arguments: Sequence[str], limits: Limits, request: bytes = b"") -> Completed:
    """Run a Python module in a process of its own, with ``request`` on its standard input.

    Raises:
        MError: it went beyond a limit, and was killed with all that it started; the code says which.
    """
    lifeline, kept = os.pipe()
    command = [sys.executable, "-m", f"{__package__}.guard", str(lifeline), module, *arguments]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[lifeline], start_new_session=True
        )
    except BaseException:
        os.close(kept)
        raise
    finally:
        os.close(lifeline)
    try:
        return _Watch(process, limits).run(request)
    finally:
        _kill(process)
        os.close(kept)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and all it started, whether or not it has ended itself."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


class _Watch:
    """One process, looked at until it ends or goes beyond a limit."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        import psutil

        self._process = process
        self._limits = limits
        self._started = time.monotonic()
        self._usage = psutil.Process(process.pid)
        self._output = bytearray()
        self._ended = threading.Event()

    def run(self, request: bytes) -> Completed:
        """Hand over the request, wait, and give what came back; MError for a limit."""
        threads = [
            threading.Thread(target=work, args=arguments, daemon=True)
            for work, arguments in ((self._write, (request,)), (self._read, ()))
        ]
        for thread in threads:
            thread.start()
        while not self._ended.wait(_WATCHED_EVERY):
            self._check()
        self._check_output()
        while self._process.poll() is None:  # it has closed its output, but not ended
            time.sleep(_WATCHED_EVERY / 10)
            self._check()
        return Completed(bytes(self._output), self._process.returncode)

    def _write(self, request: bytes) -> None:
        pipe = self._process.stdin
        assert pipe is not None, "asked for as a pipe"
        with suppress(OSError):  # it ended without reading everything
            pipe.write(request)
            pipe.close()

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None, "asked for as a pipe"
        most = self._limits.output_bytes
        with suppress(OSError, ValueError):  # closed by whoever killed the process
            while chunk := os.read(pipe.fileno(), _CHUNK):
                self._output += chunk
                if most is not None and len(self._output) > most:
                    break
        self._ended.set()

    def _check(self) -> None:
        seconds, memory = self._limits.seconds, self._limits.memory
        if seconds is not None and time.monotonic() - self._started > seconds:
            raise _exceeded(
                "seconds",
                f"The evaluation took longer than {seconds:g} seconds and was stopped.",
                "Look for a list or a recursion without an end, or allow more time.",
            )
        if memory is not None and self._resident() > memory:
            raise _exceeded(
                "memory",
                f"The evaluation used more than {memory / _MEGABYTE:,.0f} MiB of memory and was stopped.",
                "Read less at once, or allow more memory.",
            )

    def _resident(self) -> int:
        import psutil

        try:
            return int(self._usage.memory_info().rss)
        except psutil.Error:
            return 0  # it has just ended

    def _check_output(self) -> None:
        most = self._limits.output_bytes
        if most is not None and len(self._output) > most:
            raise _exceeded(
                "output", f"The result is larger than {most:,} bytes.", "Ask for less, or allow a larger result."
            )


def died(status: int) -> EngineError:
    """The error of a process that ended without an answer."""
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return EngineError(
        f"The process that evaluated the query {how}.",
        hint="If the machine is short of memory, give the evaluation a memory limit to learn more.",
        code="m.process",
    )
