"""Who asks: every request is turned away here unless its credential is good, or what it asks for is for everybody.

What is for everybody is the app's own files, which hold nothing of anybody's, and the few addresses of ``PUBLIC``.
A router that is added is closed until whoever asks has shown who they are; what they may see is decided further in.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import quote
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.access import Actor
from headwater.access.sessions import check_csrf
from headwater.app.identity import Identity
from headwater.errors import ForbiddenError, HeadwaterError, UnauthenticatedError
from headwater.server.atlas.errors import is_atlas
from headwater.server.base_path import path_below
from headwater.server.cookies import COOKIE
from headwater.server.local import is_from
from headwater.server.odata.errors import is_odata
from headwater.server.problems import answer, in_shape
from headwater.server.purview.errors import is_purview
from headwater.server.settings import ServerSettings
from headwater.server.shared.addresses import is_shared, kept_private

__all__ = ["CSRF_HEADER", "PUBLIC", "Guard"]

CSRF_HEADER: Final = "X-CSRF-Token"

#: Beside the app's files: whether the server is there, and the ways in.
PUBLIC: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/api/sign-in",
        "/api/sign-in/link",
        "/api/sign-in/first-administrator",
        "/api/sign-in/password",
    }
)

#: The ways by somebody else's word; nothing else lies below.
_PROVIDERS: Final = "/api/sign-in/openid/"

#: What sources post is signed, and no person's.
_WEBHOOKS: Final = "/api/webhooks/"

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER: Final = re.compile(r"bearer +(?P<token>\S+) *", re.IGNORECASE)


class Guard:
    """Puts the actor into ``request.state.actor``, or answers 401.

    Args:
        app: what comes next.
        identity: tells whose a credential is.
        local_person: who runs this process, where programs of theirs need no credential.
        routes: all routes, in order.
        pages: those of them that serve the browser app.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        identity: Identity,
        local_person: Actor | None = None,
        routes: Sequence[BaseRoute],
        pages: Sequence[BaseRoute],
    ) -> None:
        self._app = app
        self._identity = identity
        self._local_person = local_person
        self._routes = routes
        self._pages = tuple(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            # No route speaks another protocol.
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        request.state.request_id = str(uuid4())
        refusal: Response | None = None
        if is_shared(path_below(scope)):
            # The link in the address is the credential; what lies there asks for it.
            send = kept_private(send)
            refusal = None if request.method in _SAFE else _only_read()
        elif not self._is_public(scope):
            refusal = await self._let_in(request)
            send = _unstored(send)
        elif request.method not in _SAFE:
            refusal = _from_elsewhere(request)
        await (refusal or self._app)(scope, receive, send)

    def _is_public(self, scope: Scope) -> bool:
        path = path_below(scope)
        if path in PUBLIC or path.startswith((_PROVIDERS, _WEBHOOKS)):
            return True
        found = next((route for route in self._routes if route.matches(scope)[0] is not Match.NONE), None)
        return any(found is page for page in self._pages)

    async def _let_in(self, request: Request) -> Response | None:
        """The answer to who may not pass; None for who may."""
        try:
            actor = await self._actor(request)
        except UnauthenticatedError as error:
            return _unauthenticated(request, error)
        except HeadwaterError as error:
            return in_shape(request, answer(error))
        address = None if request.client is None else request.client.host
        request.state.actor = actor.at(request_id=request.state.request_id, address=address)
        return None

    async def _actor(self, request: Request) -> Actor:
        authorization = request.headers.get("authorization")
        if authorization is not None:
            token = _bearer_token(authorization) or (_basic_token(request) if _takes_basic(request) else None)
            if token is None:
                raise UnauthenticatedError("Only bearer tokens are taken.", hint="Send Authorization: Bearer <token>.")
            return await run_in_threadpool(self._identity.bearer, token)
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            if self._local_person is not None and await run_in_threadpool(is_from, request):
                return self._local_person
            raise UnauthenticatedError("You are not signed in.", hint="Sign in, or send an API token.")
        actor = await run_in_threadpool(self._identity.session, cookie)
        if request.method not in _SAFE:
            check_csrf(cookie, request.headers.get(CSRF_HEADER, ""))
            _check_origin(request)
        return actor


def _takes_basic(request: Request) -> bool:
    """Whether the clients of what was asked for may have no other way to show a token."""
    return is_odata(request) or is_atlas(request) or is_purview(request)


def _bearer_token(authorization: str) -> str | None:
    found = _BEARER.fullmatch(authorization)
    return None if found is None else found["token"]


def _basic_token(request: Request) -> str | None:
    """The API token that was given as the password, whatever the name: Power BI and Excel offer no other way.

    A browser that was told it once sends it along unasked, so that another site's page could use it to change
    something; that is refused, as it is with a session.
    """
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    try:
        _, colon, token = base64.b64decode(credentials.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    if scheme.lower() != "basic" or not colon or not token:
        return None
    if request.method not in _SAFE:
        _check_origin(request)
    return token


def _check_origin(request: Request) -> None:
    """A browser says which page made it send a request that changes something; only this server's own may."""
    origin = request.headers.get("origin")
    settings: ServerSettings = request.app.state.settings
    own = {
        f"{request.url.scheme}://{request.headers.get('host', '')}",
        *(str(url.origin) for url in settings.public_urls),
    }
    if origin is not None and origin not in own:
        raise ForbiddenError(
            "The request comes from a page of another site.",
            hint="Use this server's own pages.",
            code="forbidden.origin",
        )


def _only_read() -> Response:
    refused = answer(
        ForbiddenError("What a link leads to is only read.", hint="Use GET."), HTTPStatus.METHOD_NOT_ALLOWED
    )
    refused.headers["Allow"] = "GET"
    return refused


def _from_elsewhere(request: Request) -> Response | None:
    """Refuses to let another site's page sign a browser in as somebody else."""
    try:
        _check_origin(request)
    except ForbiddenError as error:
        return answer(error)
    return None


def _unauthenticated(request: Request, error: UnauthenticatedError) -> Response:
    if _takes_basic(request):
        refused = in_shape(request, answer(error))
        refused.headers["WWW-Authenticate"] = 'Basic realm="Headwater", charset="UTF-8"'
        return refused
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        base, query = request.scope.get("root_path", ""), request.url.query
        back = path_below(request.scope) + (f"?{query}" if query else "")
        return RedirectResponse(f"{base}/sign-in?next={quote(back)}", HTTPStatus.SEE_OTHER)
    refused = answer(error)
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def _unstored(send: Send) -> Send:
    """What is for one person is kept by no cache on the way."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
