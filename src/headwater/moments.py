"""Named moments in durable work, at which tests kill or stop the process.

Code that must survive its own death says where it stands: ``reached("publish.intent_written")``. That does nothing,
and costs a look into an empty dictionary, unless a test asked to be called there.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["EVERY", "on", "reached"]

#: Stands for every moment.
EVERY = "*"

_callbacks: dict[str, Callable[[str], None]] = {}


def reached(name: str) -> None:
    """Say that the work has come to the moment ``name``, written ``room.what_was_just_done``."""
    if _callbacks:
        callback = _callbacks.get(name) or _callbacks.get(EVERY)
        if callback is not None:
            callback(name)


def on(name: str, callback: Callable[[str], None]) -> Callable[[], None]:
    """Have ``callback`` called, in the thread that is there, whenever the moment is reached; for tests only.

    Args:
        name: the moment, or ``EVERY``, which stands for those without a callback of their own.
        callback: is given the moment's name. Takes the place of an earlier one.

    Returns:
        What ends it.

    >>> seen = []
    >>> forget = on(EVERY, seen.append)
    >>> reached("jobs.claimed")
    >>> forget()
    >>> reached("jobs.claimed")
    >>> seen
    ['jobs.claimed']
    """
    _callbacks[name] = callback
    return lambda: _forget(name, callback)


def _forget(name: str, callback: Callable[[str], None]) -> None:
    if _callbacks.get(name) is callback:
        del _callbacks[name]
