"""A server that is one part of a site: all its addresses lie below a path."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

#: Where a page names another file: the build writes such addresses relative to where the app begins.
_RELATIVE: Final = re.compile(r'\b(src|href|content)="\./')


class BasePath:
    """Takes requests below the base path, whether or not a proxy took it off the address.

    Either way the application sees the address that was asked for in public, and finds in ``root_path`` how much of it
    is the base path: redirects, links and the API's description come out right by themselves.
    """

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._base and scope["type"] == "http":
            scope = self._below(scope)
        await self._app(scope, receive, send)

    def _below(self, scope: Scope) -> Scope:
        path = scope["path"]
        if path == self._base:
            # The site's part itself, as people type it.
            return {**scope, "root_path": self._base, "path": f"{path}/", "raw_path": f"{path}/".encode("ascii")}
        if path.startswith(f"{self._base}/"):
            return {**scope, "root_path": self._base}
        raw_path = self._base.encode("ascii") + (scope.get("raw_path") or b"")
        return {**scope, "root_path": self._base, "path": self._base + path, "raw_path": raw_path}


def path_below(scope: Scope) -> str:
    """The path of a request without the base path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def with_base_path(page: str, base_path: str) -> str:
    """A page whose addresses, written ``./…``, begin with the base path.

    There is no ``<base>`` for it: that would lead links within a page (``#content``) elsewhere.

    >>> with_base_path('<link href="./favicon.svg">', "/headwater")
    '<link href="/headwater/favicon.svg">'
    """
    return _RELATIVE.sub(rf'\1="{base_path}/', page)
