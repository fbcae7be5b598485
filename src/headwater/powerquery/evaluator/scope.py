"""Names: where an identifier's value is found when the program runs.

A scope mirrors a frame. A frame is a Python list whose first item is the parent frame and whose further items are the
values of the scope's names, so that a name is found by two numbers, known before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater.errors import MError
from headwater.powerquery.values.core import Thunk, Value

Frame = list[Any]
Code = Callable[[Frame], Value]


class Scope:
    """The names of one frame and, through ``parent``, of those around it.

    ``hidden`` is the name whose own definition is being read: without ``@`` it means an outer one of that name.
    """

    __slots__ = ("hidden", "names", "parent")

    def __init__(self, names: Sequence[str], parent: Scope | None) -> None:
        self.names = {name: at for at, name in enumerate(names, start=1)}
        self.parent = parent
        self.hidden: str | None = None

    def defining(self, name: str) -> Scope:
        """This scope as the definition of ``name`` sees it."""
        view = Scope((), self.parent)
        view.names = self.names
        view.hidden = name
        return view

    def find(self, name: str, *, inclusive: bool = False) -> tuple[int, int] | None:
        """(frames to go up, place in that frame), or None; ``inclusive`` is ``@name``."""
        scope: Scope | None = self
        depth = 0
        while scope is not None:
            slot = scope.names.get(name)
            if slot is not None and (inclusive or name != scope.hidden):
                return depth, slot
            scope, depth = scope.parent, depth + 1
        return None


def reader(depth: int, slot: int, place: Callable[[], str] = str) -> Code:
    """Code that reads a name; ``place`` is where it stands, for an error that has no place yet."""
    if depth == 0:

        def near(frame: Frame) -> Value:
            value = frame[slot]
            return _evaluated(value, place) if type(value) is Thunk else value

        return near
    if depth == 1:

        def outer(frame: Frame) -> Value:
            value = frame[0][slot]
            return _evaluated(value, place) if type(value) is Thunk else value

        return outer

    def far(frame: Frame) -> Value:
        for _ in range(depth):
            frame = frame[0]
        value = frame[slot]
        return _evaluated(value, place) if type(value) is Thunk else value

    return far


def _evaluated(value: Thunk, place: Callable[[], str]) -> Value:
    try:
        return value.get()
    except MError as error:
        error.place = error.place or place()
        raise
