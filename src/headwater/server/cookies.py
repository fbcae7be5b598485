"""The cookie that a browser session lives by."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from headwater.access.sessions import StartedSession

__all__ = ["COOKIE", "clear_session", "set_session"]

COOKIE: Final = "headwater_session"


def set_session(response: Response, request: Request, started: StartedSession) -> None:
    """Have the browser keep a session: no script reads it, and no other site's page makes it change anything."""
    response.set_cookie(
        COOKIE,
        started.token,
        expires=started.session.expires_at,
        path=_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, request: Request) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(COOKIE, path=_path(request), secure=request.url.scheme == "https", httponly=True)


def _path(request: Request) -> str:
    return request.scope.get("root_path", "") or "/"
