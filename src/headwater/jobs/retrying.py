"""Which failures may pass by themselves, and how long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

from headwater.errors import LeaseLostError, RemoteError, UnreachableError
from headwater.jobs.clock import AWAY

__all__ = ["may_pass", "pause"]

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 900.0

#: Statuses of HTTP that say "later", not "no".
_LATER = frozenset({408, 425, 429, 502, 503, 504})


def may_pass(error: BaseException) -> bool:
    """Whether an error, or one that caused it, is the network's or the metadata database's being away for a while.

    >>> may_pass(RemoteError("Overloaded.", status=503)), may_pass(RemoteError("No such model.", status=404))
    (True, False)
    """
    return any(_passes(each) for each in _causes(error))


def pause(failures: int, chance: random.Random) -> timedelta:
    """How long to wait after so many failures: twice as long each time up to a bound, and never all at one moment.

    >>> [pause(failures, random.Random(1)) > pause(failures - 1, random.Random(1)) for failures in (2, 3, 4)]
    [True, True, True]
    """
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=longest * chance.uniform(0.5, 1.0))


def _passes(error: BaseException) -> bool:
    if isinstance(error, RemoteError):
        return error.status in _LATER
    return isinstance(error, (UnreachableError, LeaseLostError, *AWAY))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
