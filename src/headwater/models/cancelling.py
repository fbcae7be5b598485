"""Stopping what is under way, soon: whoever waits looks here several times a second."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TypeVar

from headwater.errors import ScoringError

__all__ = ["Cancellation"]

T = TypeVar("T")

#: How long a wait goes on before it looks whether it was called off.
_LOOK_SECONDS = 0.1


class Cancellation:
    """Says whether somebody has called something off. Any thread may do so."""

    def __init__(self) -> None:
        self._called_off = threading.Event()

    def cancel(self) -> None:
        """Call it off; cannot be taken back."""
        self._called_off.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has."""
        return self._called_off.is_set()

    def check(self) -> None:
        """Go on only where it was not called off; ScoringError ``model.cancelled`` otherwise."""
        if self._called_off.is_set():
            raise ScoringError(
                "Scoring was cancelled.",
                code="model.cancelled",
                hint="What was scored before is kept: run it again to go on from there.",
            )

    def result(self, future: Future[T]) -> T:
        """The future's result, unless it is called off before that is there; what the future raises, too."""
        while not wait([future], timeout=_LOOK_SECONDS).done:
            self.check()
        return future.result()
