"""Which names of this server are answered to, and what is told to those that are."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.server.addresses import literal
from headwater.server.base_path import path_below
from headwater.server.problems import problem
from headwater.server.settings import ServerSettings

LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

#: What load balancers and orchestrators ask, by the address of a machine or with no name at all.
PROBES: Final = frozenset({"/healthz", "/readyz"})

_HOST: Final = re.compile(r"(?P<name>\[[^\]]*\]|[^:\[\]]*)(:[0-9]*)?")
_A_YEAR: Final = "max-age=31536000"


class AllowedNames:
    """Turns away requests for any other name than those that this server is known by.

    A page elsewhere can have its own name resolve to this server, and would then be of one origin with it: the name it
    asks for gives it away. Known are the names of the public URLs and, where the server listens on a loopback address,
    this machine's own. A server that listens elsewhere answers probes under any name: they say nothing but how it is.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._shown = sorted(settings.names or LOCAL_NAMES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._answers(name_asked_for(scope), path_below(scope)):
            refusal = problem(
                HTTPStatus.BAD_REQUEST,
                "request.host",
                "This server does not answer to the name that was asked for.",
                scope["path"],
                f"Ask for {' or '.join(self._shown)}; a proxy has to hand on the Host header.",
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _answers(self, name: str, path: str) -> bool:
        if name in self._settings.names:
            return True
        return is_local(name) if self._settings.on_loopback else path in PROBES


class StrictTransport:
    """Has browsers come back by https alone, where a public name was asked for.

    Not where this machine's own name was: the order holds for a name with all its ports, and other programs of the
    machine would no longer be reached by http.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        origins = {url.name: url.origin for url in settings.public_urls}
        self._names = {name for name, origin in origins.items() if origin.scheme == "https" and not origin.is_loopback}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_order(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Strict-Transport-Security"] = _A_YEAR
            await send(message)

        ordered = scope["type"] == "http" and name_asked_for(scope) in self._names
        await self._app(scope, receive, send_with_order if ordered else send)


def name_asked_for(scope: Scope) -> str:
    """The name in the Host header, without the port; "" when there is none. An IPv6 address keeps its brackets."""
    found = _HOST.fullmatch(Headers(scope=scope).get("host", ""))
    return "" if found is None else found["name"].lower()


def is_local(name: str) -> bool:
    """Whether a name in a Host header is this machine's own.

    >>> [is_local(name) for name in ("localhost", "127.0.0.2", "[::1]", "::1", "10.0.0.1")]
    [True, True, True, False, False]
    """
    if name.startswith("["):
        return name == "[::1]"
    address = literal(name)
    return name == "localhost" or (address is not None and address.version == 4 and address.is_loopback)
