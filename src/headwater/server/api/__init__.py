"""The HTTP API: a router for each subject."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request

from headwater.access import Actor
from headwater.app.runtime import Headwater
from headwater.server.answers import WITHOUT_NUL, ErrorAnswer


def _application(request: Request) -> Headwater:
    application: Headwater = request.app.state.headwater
    return application


def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


App = Annotated[Headwater, Depends(_application)]
"""The application that the server serves."""

Asking = Annotated[Actor, Depends(_actor)]
"""Who asks; an endpoint that is for everybody has none."""

MAX_NUMBER = 2**63 - 1
"""The largest number that a database or a table's log can be asked for."""

Limit = Annotated[int, Query(ge=1, le=1_000, description="how many on a page")]

Name = Annotated[str, Path(max_length=255, pattern=WITHOUT_NUL)]

AfterName = Annotated[str | None, Query(max_length=255, pattern=WITHOUT_NUL, description="what the page before said")]

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "It exists already, or something else stands against it"}
}

CALLING: dict[int | str, dict[str, Any]] = CONFLICT | {
    502: {"model": ErrorAnswer, "description": "What was called does not answer, or not as it should"}
}
"""Of what calls a workspace; its secret that cannot be had stands against it (409)."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "The request cannot be carried out as it is written"},
    401: {"model": ErrorAnswer, "description": "Whoever asks has not shown who they are"},
    403: {"model": ErrorAnswer, "description": "The one who asks may not, or the request comes from another site"},
    404: {"model": ErrorAnswer, "description": "There is no such thing, or none that may be seen"},
    422: {"model": ErrorAnswer, "description": "A parameter is not what it has to be"},
}
