"""Running evaluations on a stack deep enough for M's recursion."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from headwater.errors import MError

_T = TypeVar("_T")

_STACK_BYTES = 512 * 1024 * 1024
_FRAMES = 1_500_000
"""Python frames; an M call takes a handful, so that M may recurse some 100,000 deep and more."""

_END_SECONDS = 5.0
_ASK_SECONDS = 1.0

_here = threading.local()


def on_deep_stack(work: Callable[[], _T]) -> _T:
    """The result of ``work``, run where it may recurse deeply; what it raises is raised here.

    Ctrl+C reaches the thread that waits; it ends the other one before it goes on.

    Raises:
        MError: Expression.Error when even this stack is not deep enough, or a value does not fit into memory.
    """
    if getattr(_here, "deep", False):
        return work()
    running = Running(work)
    try:
        return running.result()
    except BaseException:
        running.end()
        raise


class Running(Generic[_T]):
    """Work on a deep stack of its own, begun; whoever began it goes on, and may end it.

    Args:
        work: what is done; evaluations within it run on the same stack.
        on_done: called on that stack when the work has ended, however it did.
    """

    def __init__(self, work: Callable[[], _T], on_done: Callable[[], None] = lambda: None) -> None:
        self._outcome: list[_T] = []
        self._failure: list[BaseException] = []
        self._thread = _start(lambda: self._run(work, on_done))

    def result(self) -> _T:
        """Wait for the end; what the work raised is raised here, as :func:`on_deep_stack` says."""
        self._thread.join()
        if self._failure:
            raise self._failure[0]
        return self._outcome[0]

    def end(self) -> None:
        """Make the work end, as Ctrl+C would; nothing where it has ended."""
        _end(self._thread)

    def _run(self, work: Callable[[], _T], on_done: Callable[[], None]) -> None:
        _here.deep = True
        try:
            self._outcome.append(work())
        except RecursionError:
            self._failure.append(stack_overflow())
        except MemoryError:
            self._failure.append(out_of_memory())
        except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread, whatever it is
            self._failure.append(error)
        finally:
            on_done()


_starting = threading.Lock()


def _start(body: Callable[[], None]) -> threading.Thread:
    """A started thread with a large stack; the size is a setting of the whole process, hence the lock."""
    with _starting:
        if sys.getrecursionlimit() < _FRAMES:
            sys.setrecursionlimit(_FRAMES)
        before = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(target=body, name="headwater-m", daemon=True)
            thread.start()
        finally:
            threading.stack_size(before)
    return thread


def _end(thread: threading.Thread) -> None:
    """Make a thread's work end, as Ctrl+C would: an interpreter that ends while one is in native code aborts."""
    give_up = time.monotonic() + _END_SECONDS
    while thread.is_alive() and thread.ident is not None and time.monotonic() < give_up:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))
        thread.join(_ASK_SECONDS)


def stack_overflow() -> MError:
    """The M error of a recursion without end."""
    return MError(
        "Expression.Error",
        "The evaluation recursed too deeply and was stopped.",
        hint="Look for a function that calls itself without an end, or use List.Accumulate or List.Generate.",
        code="m.stack_overflow",
    )


def out_of_memory() -> MError:
    """The M error of a value that does not fit into memory."""
    return MError(
        "Expression.Error",
        "The evaluation needs more memory than there is and was stopped.",
        hint="Look for a text or list that grows without an end, or read less at once.",
        code="m.out_of_memory",
    )
