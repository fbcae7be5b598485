"""PostgreSQL of the tests, which listens on a socket of the file system, at a port of this machine."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def relayed(folder: str) -> Iterator[int]:
    """The port at which the server whose socket is in ``folder`` can be reached, for as long as this lasts."""
    behind = next(
        str(path) for path in Path(folder).iterdir() if path.name.startswith(".s.PGSQL.") and path.is_socket()
    )
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        threads = [threading.Thread(target=_accept, args=(listening, behind, stop))]
        threads[0].start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            threads[0].join()


def _accept(listening: socket.socket, behind: str, stop: threading.Event) -> None:
    carriers = []
    while not stop.is_set():
        with suppress(TimeoutError):
            client, _ = listening.accept()
            carriers.append(threading.Thread(target=_carry, args=(client, behind, stop)))
            carriers[-1].start()
    for carrier in carriers:
        carrier.join()


def _carry(client: socket.socket, behind: str, stop: threading.Event) -> None:
    with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as selector:
        server.connect(behind)
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        with suppress(OSError):
            while not stop.is_set():
                for key, _ in selector.select(0.1):
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]  # both are sockets
                    if not data:
                        return
                    key.data.sendall(data)
