"""Entities in dependency order, those that do not read one another side by side."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from functools import partial

from headwater.powerquery import Running

__all__ = ["run_in_order"]

#: How long a wait goes on before it is looked whether all of it was called off.
_LOOK_SECONDS = 0.1


def run_in_order(
    needs: Mapping[str, frozenset[str]],
    work: Callable[[str], None],
    *,
    parallel: int,
    check: Callable[[], None],
    stop: Callable[[], None],
) -> None:
    """Do the work of each name after that of all names it needs.

    Each is done on a deep stack of its own, so that M evaluated there may recurse, and can be ended from here.

    Args:
        needs: what each name waits for; a name that waits for one that is not among them, or for itself, never begins.
        work: does it.
        parallel: how many at once, at most.
        check: called several times a second; raises where all of it is to end.
        stop: called once something has failed, before what still runs is ended.

    Raises:
        what the first failing work raised, or ``check``; all others have ended by then.

    >>> done = []
    >>> run_in_order(
    ...     {"b": frozenset({"a"}), "a": frozenset()}, done.append, parallel=2, check=lambda: None, stop=lambda: None
    ... )
    >>> done
    ['a', 'b']
    """
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()
    running: dict[str, Running[None]] = {}
    waiting, done = dict(needs), set[str]()
    try:
        while waiting or running:
            ready = [name for name, needed in waiting.items() if needed <= done]
            for name in ready[: parallel - len(running)]:
                del waiting[name]
                running[name] = Running(partial(work, name), partial(ended.put, name))
            check()
            try:
                name = ended.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            running.pop(name).result()
            done.add(name)
    except BaseException:
        stop()
        for left in running.values():
            left.end()
        raise
