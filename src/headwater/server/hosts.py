"""Which names of this server are answered to."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater.server.problems import problem

LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_HOST: Final = re.compile(r"(?P<name>\[[^\]]*\]|[^:\[\]]*)(:[0-9]*)?")


class LocalNamesOnly:
    """Turns away requests for any other name than a browser on this machine uses.

    A page elsewhere can have its own name resolve to this machine, and would then be of one origin with this server:
    the name it asks for gives it away.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _name(Headers(scope=scope).get("host", "")) not in LOCAL_NAMES:
            refusal = problem(
                HTTPStatus.BAD_REQUEST,
                "request.host",
                "This server does not answer to the name that was asked for.",
                scope["path"],
                f"Ask for one of {', '.join(sorted(LOCAL_NAMES))}.",
            )
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _name(host: str) -> str:
    """The name in a Host header, without the port; "" when the header is none. An IPv6 address keeps its brackets."""
    found = _HOST.fullmatch(host)
    return "" if found is None else found["name"].lower()
