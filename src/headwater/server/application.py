"""The web application: the API and the browser app over one opened home folder."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response

from headwater import __version__
from headwater.app.runtime import Headwater
from headwater.server import problems, web
from headwater.server.api import access, audit, catalog, dataflows, people, session, status, tables
from headwater.server.docs import docs_page
from headwater.server.hosts import LocalNamesOnly
from headwater.server.security import Guard


def create_app(headwater: Headwater) -> FastAPI:
    """The ASGI application for an opened home folder. Closing ``headwater`` is left to the caller."""
    app = FastAPI(
        title="Headwater",
        version=__version__,
        summary="Published tables, dataflows, sources, assets and lineage.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.headwater = headwater
    problems.install(app)
    for part in (status, session, tables, catalog, dataflows, people, access, audit):
        app.include_router(part.router)

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return docs_page()

    own = len(app.router.routes)
    web.mount(app)
    app.add_middleware(Guard, identity=headwater.identity, routes=app.router.routes, pages=app.router.routes[own:])
    app.add_middleware(LocalNamesOnly)
    return app
