"""Whether the server is there, whether it can work, and what it holds."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from headwater import __version__
from headwater.errors import HomeError
from headwater.server.answers import ErrorAnswer, Health, Overview, Ready
from headwater.server.api import RESPONSES, App, Asking
from headwater.server.problems import answer

router = APIRouter(tags=["status"])


@router.get("/healthz")
def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": ErrorAnswer, "description": "The metadata database cannot be read"}},
)
def readyz(app: App) -> Ready | JSONResponse:
    """The metadata database answers too."""
    try:
        app.database.revision()
    except HomeError as error:
        return answer(error, HTTPStatus.SERVICE_UNAVAILABLE)
    return Ready(status="ready")


@router.get("/api/overview", responses=RESPONSES)
def overview(app: App, actor: Asking) -> Overview:
    """The numbers of the start page."""
    return Overview.of(app.overview(actor), __version__)
