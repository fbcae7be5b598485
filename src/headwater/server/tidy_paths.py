"""Takes addresses as clients put them together: with a slash at the end, with two where one belongs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from headwater.server.base_path import path_below

__all__ = ["TidyPaths"]

_SLASHES: Final = re.compile("/{2,}")


class TidyPaths:
    """Middleware for the addresses that begin with one of ``prefixes``; others stay as they were asked for."""

    def __init__(self, app: ASGIApp, prefixes: Iterable[str]) -> None:
        self._app = app
        self._prefixes = tuple(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and path_below(scope).startswith(self._prefixes):
            scope = {**scope, "path": _SLASHES.sub("/", scope["path"]).rstrip("/")}
        await self._app(scope, receive, send)
