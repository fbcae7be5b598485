"""Previews in processes of their own, one for each person and window, which can be called off and killed.

A query that somebody is still writing may never end, or take all memory there is. So it is evaluated apart: the process
is watched while it works, asked to stop when nobody waits any more, and killed when it does not or when it goes beyond
what a preview may use. Processes are forked from one that has everything imported, so that a first preview does not
wait for that.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from headwater.access import Actor
from headwater.errors import ConflictError, EngineError, MError
from headwater.powerquery import Session
from headwater.powerquery.evaluator.parcel import error_of

__all__ = ["PreviewLimits", "PreviewPool"]

_LOOK: Final = 0.05
_MEGABYTE: Final = 1 << 20
_MODULE: Final = "headwater.app.previews.child"


@dataclass(frozen=True, slots=True)
class PreviewLimits:
    """What previews may use.

    Attributes:
        seconds: how long one request may take.
        memory: how many bytes a process may hold.
        processes: how many there are at once; the one that was not used for the longest time makes room.
        idle: seconds after which a process that nobody asks anything ends.
        stop: seconds that a process has to call off what is under way.
        end: seconds that it has to put on record what it called, when it is to end.
    """

    seconds: float = 120.0
    memory: int = 2 << 30
    processes: int = 8
    idle: float = 900.0
    stop: float = 1.0
    end: float = 5.0


Key = tuple[str, str]


class PreviewPool:
    """The processes of all who look at previews. Close it.

    Args:
        home: the home folder that they open.
        limits: what they may use.
    """

    def __init__(self, home: Path, limits: PreviewLimits | None = None) -> None:
        self._home = home
        self._limits = limits or PreviewLimits()
        self._lock = threading.Lock()
        self._running: OrderedDict[Key, _Process] = OrderedDict()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([_MODULE])

    def call(self, actor: Actor, window: str, method: str, *arguments: Any, **options: Any) -> Any:
        """Have a method of somebody's :class:`~headwater.app.previews.evaluating.Previewer` called, and wait.

        Calls for one window are done one after another. Opening a preview calls off what is under way there: nobody
        waits for it any more.

        Args:
            actor: who asks.
            window: which of their windows; each has a process of its own.

        Raises:
            MError: the query is an error, or went beyond a limit: ``m.limit_seconds``, ``m.limit_memory``.
            ConflictError: it was called off (``preview.called_off``).
            EngineError: the process died (``preview.died``).
        """
        self._end_idle()
        return self._process(actor, window).call(method, arguments, options)

    def is_open(self, actor: Actor, window: str) -> bool:
        """Whether there is a process for a window."""
        with self._lock:
            return _key(actor, window) in self._running

    def warm(self) -> None:
        """Have everything imported, in the background, where the first preview would wait for it."""
        threading.Thread(target=_make_ready, name="headwater-previews", daemon=True).start()

    def call_off(self, actor: Actor, window: str) -> None:
        """End what is under way for a window; nothing where there is nothing."""
        with self._lock:
            process = self._running.get(_key(actor, window))
        if process is not None:
            process.call_off()

    def close(self) -> None:
        """End all of them."""
        self._end(lambda _key, _process: True)

    def _process(self, actor: Actor, window: str) -> _Process:
        key, actor = _key(actor, window), actor.at()
        with self._lock:
            process = self._running.get(key)
            if process is None or not process.alive or process.actor != actor:
                if process is not None:
                    process.end()
                process = self._running[key] = _Process(self._context, self._home, actor, self._limits)
            self._running.move_to_end(key)
            too_many = len(self._running) - self._limits.processes
            over = [self._running.pop(next(iter(self._running))) for _ in range(too_many)]
        for each in over:
            each.end()
        return process

    def _end_idle(self) -> None:
        now = time.monotonic()
        self._end(lambda _key, process: now - process.used > self._limits.idle)

    def _end(self, which: Callable[[Key, _Process], bool]) -> None:
        with self._lock:
            ended = [key for key, process in self._running.items() if which(key, process)]
            processes = [self._running.pop(key) for key in ended]
        for process in processes:
            process.end()


def _make_ready() -> None:
    """Start what processes are forked from; Ctrl+C is for the server, which then ends it."""
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # by itself, because it lets the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _key(actor: Actor, window: str) -> Key:
    return actor.user_id or "", window


class _Process:
    """One process and the way to it."""

    def __init__(self, context: Any, home: Path, actor: Actor, limits: PreviewLimits) -> None:
        from headwater.app.previews.child import serve

        self.actor = actor
        self.used = time.monotonic()
        self._limits = limits
        self._busy = threading.Lock()
        self._off = threading.Event()
        ours, theirs = context.Pipe()
        self._connection: Connection = ours
        self._process: ForkServerProcess = context.Process(target=serve, args=(theirs, home, actor), daemon=False)
        _make_ready()
        self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it can be asked something."""
        return self._process.is_alive()

    def call(self, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Ask it, and wait for the answer: as soon as what is under way has ended, which opening calls off."""
        from headwater.app.previews.child import Request

        if method == "open":
            self.call_off()
        self._busy.acquire()
        try:
            self._off.clear()
            self.used = time.monotonic()
            self._send(Request(method, arguments, options))
            return self._answer()
        finally:
            self.used = time.monotonic()
            self._busy.release()

    def call_off(self) -> None:
        """End what is under way."""
        if self._busy.locked():
            self._off.set()

    def end(self) -> None:
        """Let it put on record what it has to, and end it."""
        self._off.set()
        self._connection.close()
        self._process.join(self._limits.end)
        self._kill()

    def _send(self, request: Any) -> None:
        try:
            self._connection.send(request)
        except OSError as error:
            raise self._died() from error

    def _answer(self) -> Any:
        try:
            self._wait()
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if answer.called_off:
            raise _called_off()
        if answer.error is not None:
            raise error_of(answer.error, Session())
        return answer.result

    def _wait(self) -> None:
        """Until there is an answer; what goes on for too long, with too much or for nobody is ended."""
        began = time.monotonic()
        asked: float | None = None
        while not self._connection.poll(_LOOK):
            self._check(time.monotonic() - began)
            if self._off.is_set() and asked is None:
                asked = time.monotonic()
                self._signal(signal.SIGINT)
            if asked is not None and time.monotonic() - asked > self._limits.stop:
                self._kill()
                raise _called_off()

    def _check(self, seconds: float) -> None:
        limits = self._limits
        if seconds > limits.seconds:
            self._kill()
            raise MError(
                "Expression.Error",
                f"The preview took longer than {limits.seconds:g} seconds and was stopped.",
                hint="Look for a list or a recursion without an end, or keep fewer rows while you work on it.",
                code="m.limit_seconds",
            )
        if self._resident() > limits.memory:
            self._kill()
            raise MError(
                "Expression.Error",
                f"The preview used more than {limits.memory / _MEGABYTE:,.0f} MiB of memory and was stopped.",
                hint="Keep fewer rows or columns while you work on it.",
                code="m.limit_memory",
            )

    def _resident(self) -> int:
        import psutil

        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0  # it has just ended

    def _signal(self, number: int) -> None:
        if self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def _kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()

    def _died(self) -> EngineError:
        self._kill()
        return EngineError(
            "The process that evaluated the preview ended without an answer.",
            hint="Try again; if the machine is short of memory, keep fewer rows.",
            code="preview.died",
        )


def _called_off() -> ConflictError:
    return ConflictError(
        "The preview was called off.", hint="Ask for it again if you still want it.", code="preview.called_off"
    )
