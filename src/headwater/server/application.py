"""The web application: the API and the browser app over one opened home folder."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from headwater import __version__
from headwater.access import Actor
from headwater.app.runtime import Headwater
from headwater.server import problems, way_in, web
from headwater.server.api import (
    access,
    assets,
    audit,
    browse,
    catalog,
    connections,
    dataflows,
    functions,
    glossary,
    insights,
    jobs,
    label_policies,
    lineage,
    live,
    notifications,
    openid,
    openlineage,
    openlineage_events,
    people,
    policies,
    previews,
    pushes,
    refreshes,
    search,
    session,
    shares,
    sources,
    sql,
    status,
    suggestions,
    tables,
    webhooks,
)
from headwater.server.atlas import mounting as atlas
from headwater.server.atlas.errors import PREFIXES as ATLAS
from headwater.server.docs import docs_page
from headwater.server.local import LocalSignIn
from headwater.server.odata import service as odata
from headwater.server.purview import mounting as purview
from headwater.server.purview.errors import PREFIXES as PURVIEW
from headwater.server.security import Guard
from headwater.server.settings import ServerSettings
from headwater.server.shared import service as shared
from headwater.server.tidy_paths import TidyPaths


def create_app(
    headwater: Headwater, settings: ServerSettings | None = None, *, local_person: Actor | None = None
) -> FastAPI:
    """The ASGI application for an opened home folder. Closing ``headwater`` is left to the caller.

    Without ``settings`` it answers this machine's own names only. ``local_person`` is who runs this process, where
    programs of theirs need not sign in: see ``server.local``.
    """
    settings = settings or ServerSettings()
    app = FastAPI(
        title="Headwater",
        version=__version__,
        summary="Published tables, dataflows, sources, assets and lineage.",
        docs_url=None,
        redoc_url=None,
        # What asks for an address that is not there should not be led to another one, which it then changes.
        redirect_slashes=False,
    )
    app.state.headwater = headwater
    # What is wrong with the providers is told at the start, not to whoever signs in first.
    _ = headwater.openid
    app.state.settings = settings
    problems.install(app)
    data = (
        tables,
        sql,
        catalog,
        lineage,
        search,
        browse,
        assets,
        live,
        pushes,
        suggestions,
        label_policies,
        insights,
        glossary,
        openlineage,
        openlineage_events,
        sources,
        webhooks,
        functions,
        connections,
        dataflows,
        previews,
        refreshes,
        jobs,
        odata,
    )
    for part in (status, session, openid, *data, people, access, policies, shares, audit, notifications):
        app.include_router(part.router)
    app.include_router(shared.router)
    atlas.mount(app)
    purview.mount(app)

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request) -> Response:
        return docs_page(request)

    own = len(app.router.routes)
    web.mount(app)
    if local_person is not None:
        app.add_middleware(LocalSignIn, identity=headwater.identity, person=local_person)
    app.add_middleware(
        Guard,
        identity=headwater.identity,
        local_person=local_person,
        routes=app.router.routes,
        pages=app.router.routes[own:],
    )
    app.add_middleware(TidyPaths, prefixes=(*ATLAS, *PURVIEW))
    way_in.install(app, settings)
    return app
