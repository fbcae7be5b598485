"""Who asks: the other end of the connection, or whom a proxy that is believed names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from headwater.server.addresses import literal

_PEER: Final = "headwater.peer"


class ClientAddress:
    """Puts the address of the one who asks into the request, in one spelling.

    ``X-Forwarded-For`` and ``X-Forwarded-Proto`` count only from ``proxies``: of several hops, the last one that is not
    itself such a proxy is the client. Anybody else's headers of that name are left unread. What a proxy names that is
    no address ("unknown") leaves the proxy's own.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        self._app = app
        # uvicorn's types describe the same calls in their own words.
        self._believing: ASGIApp = ProxyHeadersMiddleware(self._named, list(proxies))  # type: ignore[arg-type, assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is None:
            await self._app(scope, receive, send)
        else:
            # A socket for both versions of IP gives IPv4 addresses as ::ffff:10.0.0.1, which match no IPv4 network.
            peer = (_spelled(client[0]) or client[0], client[1])
            await self._believing({**scope, "client": peer, _PEER: peer}, receive, send)

    async def _named(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, port = scope["client"]
        spelled = _spelled(host)
        scope["client"] = scope[_PEER] if spelled is None else (spelled, port)
        await self._app(scope, receive, send)


def _spelled(host: str) -> str | None:
    # An interface's name after '%' is of use on this machine alone, and could be anything.
    address = literal(host.partition("%")[0])
    return None if address is None else str(address)
