"""Signing in by a provider of OpenID Connect: there, and back."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from headwater.access.openid import LIFETIME, Begun
from headwater.app.openid import Callback
from headwater.errors import HeadwaterError
from headwater.server.answers import OpenIdStart
from headwater.server.api import RESPONSES, App, Asking
from headwater.server.cookies import origin_of, set_session
from headwater.server.settings import ServerSettings

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api", tags=["session"], responses=RESPONSES)

#: Ties the way back to the browser that set out.
BINDING: Final = "headwater_openid"

_AWAY: dict[str, Any] = {
    "responses": {303: {"description": "To the provider, or back to the app"}},
    "status_code": HTTPStatus.SEE_OTHER,
    "response_class": RedirectResponse,
}


@router.get("/sign-in/openid/{provider}", **_AWAY)
def begin(
    app: App, request: Request, provider: str, return_to: Annotated[str, Query(alias="next", max_length=2_000)] = "/"
) -> Response:
    """Go to a provider to sign in; ``next`` is the app's page to come to then."""
    uri = _redirect_uri(request, provider)
    try:
        begun = app.openid.begin(provider, redirect_uri=uri, return_to=return_to)
    except HeadwaterError as error:
        return _failed(request, error)
    away = RedirectResponse(begun.url, HTTPStatus.SEE_OTHER)
    _bind(away, request, begun)
    return away


@router.get("/sign-in/openid/{provider}/callback", **_AWAY)
def come_back(
    app: App,
    request: Request,
    provider: str,
    *,
    state: str = "",
    code: str | None = None,
    error: str | None = None,
    iss: str | None = None,
) -> Response:
    """Where a provider sends people back to."""
    callback = Callback(state, code, error, iss, request.cookies.get(BINDING))
    try:
        completed = app.openid.complete(callback, origin_of(request))
    except HeadwaterError as failure:
        back = _failed(request, failure)
    else:
        back = RedirectResponse(_base(request) + completed.return_to, HTTPStatus.SEE_OTHER)
        set_session(back, request, completed.started)
    back.delete_cookie(BINDING, path=_settings(request).cookie_path)
    return back


@router.post("/me/openid/{provider}")
def link(app: App, actor: Asking, request: Request, response: Response, provider: str) -> OpenIdStart:
    """Tie oneself to a provider's user: ``url`` is where to go for it."""
    uri = _redirect_uri(request, provider)
    begun = app.openid.begin(provider, redirect_uri=uri, return_to="/account", link=actor)
    _bind(response, request, begun)
    return OpenIdStart(url=begun.url)


def _bind(response: Response, request: Request, begun: Begun) -> None:
    settings = _settings(request)
    response.set_cookie(
        BINDING,
        begun.binding,
        max_age=int(LIFETIME.total_seconds()),
        path=settings.cookie_path,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def _failed(request: Request, error: HeadwaterError) -> Response:
    """Back to the sign-in page, which knows the error's code; what it says stands in the log and the audit log."""
    log.warning("signing in by OpenID Connect failed: %s", error.message)
    return RedirectResponse(f"{_base(request)}/sign-in?{urlencode({'failed': error.code})}", HTTPStatus.SEE_OTHER)


def _redirect_uri(request: Request, provider: str) -> str:
    """As the provider knows it: below the address that people are given."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}{_base(request)}"
    return f"{_settings(request).address(own)}/api/sign-in/openid/{provider}/callback"


def _base(request: Request) -> str:
    return _settings(request).base_path


def _settings(request: Request) -> ServerSettings:
    settings: ServerSettings = request.app.state.settings
    return settings
