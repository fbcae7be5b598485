"""The browser app: the files that the build hook made of ``web/``, served at ``/``.

The app answers every address that the API does not: which page an address means is decided in the browser, so that
any of the app's addresses can be opened, reloaded and bookmarked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from headwater.server.base_path import path_below, with_base_path

__all__ = ["CACHE_NEVER", "CONTENT_SECURITY_POLICY", "mount", "page", "security_headers", "static_directory"]

STATIC: Final = Path(__file__).parent / "static"

#: First segments of the addresses that are the server's own; the app never answers them.
RESERVED: Final = frozenset(
    {
        *("api", "catalog", "collections", "datamap", "docs", "healthz", "odata", "openapi.json"),
        *("policyStore", "policystore", "readyz", "redoc", "s", "scan"),
    }
)

#: The app's styles are inserted by script into style elements that stay empty: this hash is the empty text's.
_EMPTY_STYLE: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

#: Nothing but what this server sends may run or load; nothing in line.
CONTENT_SECURITY_POLICY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' {_EMPTY_STYLE}",
        "img-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
)

CACHE_NEVER: Final = "no-cache"
_CACHE_ALWAYS: Final = "public, max-age=31536000, immutable"

_NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Headwater</title></head>
<body>
<h1>The browser app was not built</h1>
<p>This Headwater was installed without its pages; the API works, see <a href="./docs">/docs</a>.</p>
<p>To build them, install it again from its source folder, with HEADWATER_SKIP_WEB unset:</p>
<pre>pip install .</pre>
</body>
</html>
"""


def static_directory() -> Path | None:
    """The folder with the built app, or None when this installation has none."""
    return STATIC if (STATIC / "index.html").is_file() else None


def security_headers(policy: Mapping[str, str]) -> dict[str, str]:
    """What every answer that a browser shows or runs carries; ``policy`` is its content security policy."""
    return {
        "Content-Security-Policy": "; ".join(f"{directive} {sources}" for directive, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def page(request: Request, text: str, headers: Mapping[str, str], *, status: int = 200) -> Response:
    """A page with its own addresses, written ``./…``, below the base path of this server."""
    return HTMLResponse(with_base_path(text, request.scope.get("root_path", "")), status, headers)


def mount(app: FastAPI) -> None:
    """Serve the app on every address that no route of ``app`` answers and that is not the API's.

    Call it after the API's routes are there: it takes what they leave. Without a built app, pages say how to build it
    (status 503) and the rest of ``app`` is untouched.

    >>> app = FastAPI()
    >>> mount(app)
    >>> type(app.router.routes[-1]).__name__
    'PageRoute'
    """
    directory = static_directory()
    if directory is not None:
        app.router.routes.append(_assets_route(directory))
    app.router.routes.append(PageRoute("/{path:path}", _pages(directory), include_in_schema=False))


class PageRoute(Route):
    """Any address but the reserved ones, which stay the server's: a wrong API path is its error to word."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        first_segment = path_below(scope).lstrip("/").partition("/")[0]
        if first_segment in RESERVED:
            return Match.NONE, {}
        return super().matches(scope)


class _HashedFiles(StaticFiles):
    """Files whose names change with what is in them, so that a browser may keep them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update({**security_headers(CONTENT_SECURITY_POLICY), "Cache-Control": _CACHE_ALWAYS})
        return response


def _assets_route(directory: Path) -> BaseRoute:
    return Mount("/assets", app=_HashedFiles(directory=directory / "assets"), name="assets")


def _pages(directory: Path | None) -> Callable[[Request], Awaitable[Response]]:
    headers = {**security_headers(CONTENT_SECURITY_POLICY), "Cache-Control": CACHE_NEVER}

    async def answer_without_app(request: Request) -> Response:
        return page(request, _NOT_BUILT, headers, status=503)

    if directory is None:
        return answer_without_app
    # The icon and its like. Names that begin with a dot are the build's own notes; other pages have their own routes.
    files = {
        file.name
        for file in directory.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.suffix != ".html"
    }

    async def answer(request: Request) -> Response:
        path = request.path_params["path"]
        if path in files:
            return FileResponse(directory / path, headers=headers)
        return page(request, (directory / "index.html").read_text("utf-8"), headers)

    return answer
