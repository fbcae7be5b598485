"""How many calls are under way at once, and when the next one may begin."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from headwater.errors import HeadwaterError

__all__ = ["Throttle"]


class Throttle:
    """A window of calls, and pauses of all of them together. For any thread.

    The window is halved when the service says that it is too busy, once for all calls that were under way then, and
    grows back by one for as many good answers as it is wide: the rule by which TCP finds a network's capacity.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._window = float(limit)
        self._under_way = 0
        self._halved = 0.0
        self._paused_until = 0.0
        self._last_pause = 0.0
        self._ended: HeadwaterError | None = None
        self._changed = threading.Condition()

    @property
    def window(self) -> int:
        """How many calls may be under way at once, as of now."""
        return int(self._window)

    @property
    def last_pause(self) -> float:
        """Seconds of the last pause; 0 where there was none."""
        return self._last_pause

    @contextmanager
    def call(self, not_before: float = 0.0) -> Iterator[float]:
        """Wait until a call may begin, and count it as under way; gives the moment (monotonic) of its beginning.

        Raises:
            HeadwaterError: what :meth:`end` was given.
        """
        with self._changed:
            self._wait(not_before)
            self._under_way += 1
        try:
            yield time.monotonic()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def good(self) -> None:
        """A call was answered."""
        with self._changed:
            self._window = min(float(self._limit), self._window + 1 / self._window)
            self._changed.notify_all()

    def busy(self, begun: float, pause: float) -> None:
        """The call that was begun then was answered "not now": all calls pause for so many seconds."""
        with self._changed:
            now = time.monotonic()
            if begun >= self._halved:
                self._window, self._halved = max(1.0, self._window / 2), now
            self._paused_until = max(self._paused_until, now + pause)
            self._last_pause = pause

    def end(self, error: HeadwaterError) -> None:
        """Let no further call begin: those that wait, and all that come, raise the error."""
        with self._changed:
            self._ended = error
            self._changed.notify_all()

    def _wait(self, not_before: float) -> None:
        while True:
            if self._ended is not None:
                raise self._ended
            left = max(not_before, self._paused_until) - time.monotonic()
            if left <= 0 and self._under_way < int(self._window):
                return
            self._changed.wait(left if left > 0 else None)
