"""Who asks on the command line: whoever may start a program on the server's own machine."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.access import Actor
    from headwater.app.runtime import Headwater

__all__ = ["as_machine", "machine"]


def machine() -> Actor:
    """The machine itself, which may do anything, under the name of the one at the command line."""
    from headwater.access import Actor, Via

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container's user need not have a name.
        user = "somebody"
    return Actor(None, f"{user} at the command line", Via.SYSTEM)


@contextmanager
def as_machine(home: Path) -> Iterator[tuple[Headwater, Actor]]:
    """The home folder, opened, and who asks."""
    from headwater.app.runtime import Headwater

    with Headwater.open(home) as app:
        yield app, machine()
