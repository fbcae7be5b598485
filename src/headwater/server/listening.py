"""Listening: the socket is bound before anything else is done, so that a port in use is told at once."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI

from headwater.errors import ServeError
from headwater.server.addresses import listening_address
from headwater.server.certificates import ServerCertificate

#: How long requests under way may take when the server is ended.
DRAIN_SECONDS = 5

#: How long a request's address and headers may be together, in bytes: what is asked for by many guids names them there.
MAX_HEAD = 1 << 20

#: How often it is looked whether the certificate's files were replaced.
RENEWAL_SECONDS = 5


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 takes a free one. The address ``::`` is every one of IPv4 too.

    Raises:
        ServeError: ``host`` is no address (``serve.address``), the port is in use (``serve.port_in_use``), or it cannot
            be bound (``serve.bind``).
    """
    address = listening_address(host)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    # The protocol is named, because asyncio switches Nagle's algorithm off only where it is. With it, an answer whose
    # head and body are two packets waits 40 ms for the client to acknowledge the first.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not address.is_unspecified)
    try:
        bound.bind((str(address), port))
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


def bind_locally(host: str, port: int) -> socket.socket:
    """A socket bound to a loopback address; port 0 takes a free one.

    Raises:
        ServeError: as ``bind``; and the address is not loopback (``serve.not_local``).
    """
    if not listening_address(host).is_loopback:
        raise ServeError(
            f"'{host}' is not an address of this machine alone.",
            place=host,
            hint="Give 127.0.0.1 or ::1. 'headwater serve' serves other machines.",
            code="serve.not_local",
        )
    return bind(host, port)


def address_of(bound: socket.socket, *, tls: bool = False) -> str:
    """The URL of a bound socket."""
    host, port = bound.getsockname()[:2]
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(
    app: FastAPI,
    bound: socket.socket,
    on_ready: Callable[[], None] | None = None,
    *,
    certificate: ServerCertificate | None = None,
    drain_seconds: int = DRAIN_SECONDS,
) -> None:
    """Serve until interrupted (Ctrl+C, SIGTERM); requests under way have ``drain_seconds`` to finish."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        # Whom to believe is the application's own setting; here every client of a loopback address would be.
        proxy_headers=False,
        timeout_graceful_shutdown=drain_seconds,
        **({} if certificate is None else _tls(certificate)),
    )
    # Having shut down, uvicorn raises the signal again.
    with suppress(KeyboardInterrupt):
        _Server(config, on_ready).run(sockets=[bound])


def _tls(certificate: ServerCertificate) -> dict[str, Any]:
    def context(_config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        return certificate.context

    async def renew() -> None:
        certificate.renew()

    return {"ssl_context_factory": context, "callback_notify": renew, "timeout_notify": RENEWAL_SECONDS}


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._on_ready is not None:
            self._on_ready()
