"""Purview's discovery: query, suggest, autocomplete, browse."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from headwater.catalog.browsing import browse_entities
from headwater.catalog.discovery.purview import PurviewSearch
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_object, json_answer
from headwater.store import utc_now

router = APIRouter()


@router.post("/search/query")
# What older clients call it.
@router.post("/search/advanced")
def query(app: App, actor: Asking, body: Body) -> Response:
    """Assets that match, with how many there are and how they divide."""
    return json_answer(PurviewSearch(app.database, app.search).query(actor, as_object(body), now=utc_now()))


@router.post("/search/suggest")
def suggest(app: App, actor: Asking, body: Body) -> Response:
    """Assets whose names begin like what was typed."""
    return json_answer(PurviewSearch(app.database, app.search).suggest(actor, as_object(body), now=utc_now()))


@router.post("/search/autocomplete")
def autocomplete(app: App, actor: Asking, body: Body) -> Response:
    """Words that what was typed may become."""
    return json_answer(PurviewSearch(app.database, app.search).autocomplete(actor, as_object(body), now=utc_now()))


@router.post("/browse")
def browse(app: App, actor: Asking, body: Body) -> Response:
    """The entities of a type, or what one that was found so contains."""
    return json_answer(browse_entities(app.database, actor, as_object(body)))
