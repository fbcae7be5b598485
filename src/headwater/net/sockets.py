"""The sockets that a client has open, so that calls under way in other threads can be ended."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from weakref import WeakSet

__all__ = ["OpenSockets"]


class OpenSockets:
    """Sockets that are shut down together.

    Closing a socket does not wake a thread that waits for it; shutting it down does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._shut = False

    def add(self, connected: socket.socket) -> None:
        """Remember a socket; one that comes after :meth:`shut` is shut down at once."""
        with self._lock:
            self._sockets.add(connected)
            if self._shut:
                _shut_down(connected)

    def shut(self) -> None:
        """Shut every socket down, and every one that is added from now on."""
        with self._lock:
            self._shut = True
            for connected in self._sockets:
                _shut_down(connected)


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):  # closed already, or cut by the other side
        # Not the method of a TLS socket, which would take its state away from the thread that reads.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
