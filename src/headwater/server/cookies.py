"""The cookie that a browser session lives by."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from headwater.access.sessions import StartedSession
from headwater.server.settings import ServerSettings

__all__ = ["COOKIE", "clear_session", "set_session"]

COOKIE: Final = "headwater_session"


def set_session(response: Response, request: Request, started: StartedSession) -> None:
    """Have the browser keep a session: no script reads it, and no other site's page makes it change anything."""
    settings = _settings(request)
    response.set_cookie(
        COOKIE,
        started.token,
        expires=started.session.expires_at,
        path=settings.cookie_path,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, request: Request) -> None:
    """Have the browser forget its session."""
    settings = _settings(request)
    response.delete_cookie(COOKIE, path=settings.cookie_path, secure=settings.secure, httponly=True, samesite="lax")


def _settings(request: Request) -> ServerSettings:
    settings: ServerSettings = request.app.state.settings
    return settings
