"""Who the command line acts as."""

from __future__ import annotations

import getpass

from headwater.access import Actor, Via


def machine() -> Actor:
    """Whoever may use this machine's command line: may do anything, and is called by the operating system's name."""
    return Actor(None, f"{getpass.getuser()} at the command line", Via.SYSTEM)
