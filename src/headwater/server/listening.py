"""Listening: the socket is bound before anything else is done, so that a port in use is told at once."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from headwater.errors import ServeError


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to a loopback address; port 0 takes a free one.

    Raises:
        ServeError: the address is not loopback (``serve.not_local``), the port is in use (``serve.port_in_use``), or
            it cannot be bound (``serve.bind``).
    """
    family = _loopback_family(host)
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Two servers may bind the same port until one listens: listening settles it.
        bound.listen(2048)
    except OSError as error:
        bound.close()
        in_use = error.errno == errno.EADDRINUSE
        raise ServeError(
            f"Port {port} is in use." if in_use else f"The address cannot be bound: {error.strerror}.",
            place=f"{host}:{port}",
            hint="Stop what uses it, or choose another with --port (0 picks a free one).",
            code="serve.port_in_use" if in_use else "serve.bind",
        ) from error
    return bound


def _loopback_family(host: str) -> socket.AddressFamily:
    name = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ServeError(
            f"'{host}' is not an address of this machine alone.",
            place=host,
            hint="Headwater has no sign-in yet, so it serves 127.0.0.1 (or ::1) only.",
            code="serve.not_local",
        )
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def address_of(bound: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: FastAPI, bound: socket.socket, on_ready: Callable[[], None] | None = None) -> None:
    """Serve until interrupted (Ctrl+C, SIGTERM); requests under way are finished first."""
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5), on_ready)
    # Having shut down, uvicorn raises the signal again.
    with suppress(KeyboardInterrupt):
        server.run(sockets=[bound])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._on_ready is not None:
            self._on_ready()
