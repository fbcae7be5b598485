"""Signing in and out, and who is signed in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from headwater.access.sessions import StartedSession
from headwater.app.identity import Origin
from headwater.server.answers import ErrorAnswer, Me, SignedIn, SignInWays
from headwater.server.api import RESPONSES, App, Asking
from headwater.server.cookies import COOKIE, clear_session, set_session

router = APIRouter(
    prefix="/api",
    tags=["session"],
    responses=RESPONSES | {429: {"model": ErrorAnswer, "description": "Too many attempts failed of late"}},
)

Text = Annotated[str, Body(max_length=1_000)]


@router.get("/sign-in")
def sign_in_ways(app: App) -> SignInWays:
    """How one can sign in here."""
    return SignInWays(first_administrator=not app.identity.has_users())


@router.post("/sign-in")
def sign_in(app: App, request: Request, response: Response, name: Text, password: Text) -> SignedIn:
    """Sign in by name and password."""
    return _begin(app.identity.sign_in(name, password, _origin(request)), request, response)


@router.post("/sign-in/link")
def sign_in_by_link(
    app: App, request: Request, response: Response, token: Annotated[str, Body(embed=True)]
) -> SignedIn:
    """Sign in by a one-time link that was made on the server's machine."""
    return _begin(app.identity.accept_sign_in_link(token, _origin(request)), request, response)


@router.post("/sign-in/password")
def sign_in_with_new_password(app: App, request: Request, response: Response, token: Text, password: Text) -> SignedIn:
    """Set one's password by a one-time link, and sign in."""
    return _begin(app.identity.accept_link(token, password, _origin(request)), request, response)


@router.post("/sign-in/first-administrator")
def sign_in_as_first_administrator(  # noqa: PLR0917 -- the fields of the request's body
    app: App,
    request: Request,
    response: Response,
    token: Text,
    name: Text,
    password: Text,
    display_name: Annotated[str, Body(max_length=255)] = "",
) -> SignedIn:
    """Become the first user, who owns the server, by the link that the first start printed."""
    started = app.identity.accept_first_administrator(token, name, password, display_name, _origin(request))
    return _begin(started, request, response)


@router.post("/sign-out", status_code=HTTPStatus.NO_CONTENT)
def sign_out(
    app: App, actor: Asking, request: Request, response: Response, everywhere: Annotated[bool, Body(embed=True)] = False
) -> None:
    """End this session, or all of this person's."""
    app.identity.sign_out(actor, everywhere=everywhere)
    clear_session(response, request)


@router.get("/me")
def me(app: App, actor: Asking, request: Request) -> Me:
    """Who is signed in. ``csrf_token`` is what a page sends along with whatever changes something."""
    cookie = request.cookies.get(COOKIE)
    csrf = app.identity.csrf(cookie) if cookie is not None and actor.via == "session" else None
    return Me.of(app.identity.person(actor), actor.via, csrf)


def _begin(started: StartedSession, request: Request, response: Response) -> SignedIn:
    set_session(response, request, started)
    response.headers["Cache-Control"] = "no-store"
    return SignedIn(csrf_token=request.app.state.headwater.identity.csrf(started.token))


def _origin(request: Request) -> Origin:
    address = None if request.client is None else request.client.host
    return Origin(address, request.state.request_id, request.cookies.get(COOKIE))
