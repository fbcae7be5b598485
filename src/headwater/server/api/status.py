"""Whether the server is there, whether it can work, and what it holds."""

from __future__ import annotations

from fastapi import APIRouter

from headwater import __version__
from headwater.server.answers import Health, Overview, Ready
from headwater.server.api import RESPONSES, App

router = APIRouter(tags=["status"], responses={422: RESPONSES[422]})


@router.get("/healthz")
def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz")
def readyz(app: App) -> Ready:
    """The metadata database answers too."""
    app.database.revision()
    return Ready(status="ready", version=__version__)


@router.get("/api/overview")
def overview(app: App) -> Overview:
    """The numbers of the start page."""
    return Overview.of(app.overview(), __version__)
