"""Knowing whoever started the demo, without asking: by the programs that they run on this machine.

That the request comes from this machine is not enough, for a machine may have several users. A process of the person
has to hold the other end of the connection, which no other user, and nobody elsewhere, can bring about.
"""

from __future__ import annotations

from contextlib import suppress

import psutil
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headwater.access import Actor
from headwater.app.identity import Identity, Origin
from headwater.errors import UnauthenticatedError
from headwater.server.cookies import COOKIE, set_session

__all__ = ["LocalSignIn", "held_by_this_user", "is_from"]


def is_from(request: Request) -> bool:
    """Whether a program of the user who runs this process sends a request, and no page of another site made it do so.

    A browser is such a program, and says which site's page it sends a request for.
    """
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"} or "origin" in request.headers:
        return False
    return request.client is not None and held_by_this_user(request.client.host, request.client.port)


class LocalSignIn:
    """Begins a session for a person where their browser opens a page and has none.

    Args:
        app: what comes next.
        identity: begins sessions.
        person: who started this process.
    """

    def __init__(self, app: ASGIApp, *, identity: Identity, person: Actor) -> None:
        self._app = app
        self._identity = identity
        self._user_id = person.user_id or ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            request = Request(scope)
            if "text/html" in request.headers.get("accept", "") and await run_in_threadpool(self._is_wanted, request):
                send = _with_cookie(send, await run_in_threadpool(self._begin, request))
        await self._app(scope, receive, send)

    def _is_wanted(self, request: Request) -> bool:
        cookie = request.cookies.get(COOKIE)
        with suppress(UnauthenticatedError):
            if cookie is not None:
                self._identity.session(cookie)
                return False
        return is_from(request)

    def _begin(self, request: Request) -> str:
        address = None if request.client is None else request.client.host
        origin = Origin(address, request.state.request_id, request.cookies.get(COOKIE))
        carrier = Response()
        set_session(carrier, request, self._identity.sign_in_local(self._user_id, origin))
        return carrier.headers["set-cookie"]


def held_by_this_user(address: str, port: int) -> bool:
    """Whether a process of the user who runs this one has a connection from ``address`` and ``port``."""
    me = psutil.Process().username()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.username() == me and any(
                connection.laddr and (connection.laddr.ip, connection.laddr.port) == (address, port)
                for connection in process.net_connections("tcp")
            ):
                return True
    return False


def _with_cookie(send: Send, cookie: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return sending
