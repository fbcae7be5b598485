"""Refreshes: asked for, watched, called off, looked at."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from headwater.app.refresh_history import history_csv
from headwater.server.answers import WITHOUT_NUL
from headwater.server.api import CONFLICT, RESPONSES, App, Asking, Limit, Name
from headwater.server.refresh_answers import (
    NewRefresh,
    Refresh,
    RefreshErrors,
    Refreshes,
    RefreshForecast,
    RefreshProgress,
)

router = APIRouter(prefix="/api/dataflows", tags=["refreshes"], responses=RESPONSES)

AfterRefresh = Annotated[str | None, Query(max_length=36, pattern=WITHOUT_NUL, description="what the page before said")]

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


_STARTED: dict[int | str, dict[str, Any]] = CONFLICT | {200: {"model": RefreshForecast}}


@router.post("/{name}/refreshes", status_code=HTTPStatus.ACCEPTED, responses=_STARTED)
def start_refresh(
    app: App,
    actor: Asking,
    request: Request,
    response: Response,
    name: Name,
    *,
    wanted: Annotated[NewRefresh | None, Body()] = None,
    dry_run: Annotated[bool, Query(description="say what it would do, and change nothing")] = False,
) -> RefreshProgress | RefreshForecast:
    """Ask for a refresh, which a worker does; ``Location`` is where to see how it stands. Or foresee it (200)."""
    asked = wanted or NewRefresh()
    if dry_run:
        response.status_code = HTTPStatus.OK
        forecast = app.refreshing.foresee(actor, name, full=asked.full, rescore=asked.rescore)
        return RefreshForecast.model_validate(forecast)
    identifier = app.refreshing.request(actor, name, full=asked.full, rescore=asked.rescore, trigger="api")
    response.headers["Location"] = str(request.url_for("get_refresh", name=name, refresh=identifier).path)
    return RefreshProgress.of(app.refreshing.get(actor, identifier))


@router.get("/{name}/refreshes")
def list_refreshes(app: App, actor: Asking, name: Name, limit: Limit = 50, *, after: AfterRefresh = None) -> Refreshes:
    """The refreshes of a dataflow that have begun, the newest first, a page at a time."""
    app.dataflows.get(actor, name)
    found = app.refreshing.list(actor, name, limit=limit, after=after)
    return Refreshes(
        value=[Refresh.with_entities(one, app.refreshing.entities(actor, one.id)) for one in found],
        after=found[-1].id if len(found) == limit else None,
    )


@router.get("/{name}/refreshes.csv", response_class=Response, responses=_CSV)
def download_refreshes(app: App, actor: Asking, name: Name) -> Response:
    """The history of a dataflow's refreshes as CSV, a line an entity; no cell of it is a formula to a spreadsheet."""
    app.dataflows.get(actor, name)
    return Response(history_csv(app.refreshing, actor, name), media_type="text/csv; charset=utf-8")


@router.get("/{name}/refreshes/{refresh}", name="get_refresh")
def get_refresh(app: App, actor: Asking, name: Name, refresh: Name) -> RefreshProgress:
    """How a refresh stands: waiting, under way with its progress, or what it did."""
    return RefreshProgress.of(app.refreshing.of_dataflow(actor, name, refresh))


@router.post("/{name}/refreshes/{refresh}/cancel", status_code=HTTPStatus.ACCEPTED, responses=CONFLICT)
def cancel_refresh(app: App, actor: Asking, name: Name, refresh: Name) -> None:
    """Call a refresh off: it ends within a second or so, and what is published stays."""
    app.refreshing.of_dataflow(actor, name, refresh)
    app.refreshing.cancel(actor, refresh)


@router.get("/{name}/refreshes/{refresh}/errors")
def list_refresh_errors(app: App, actor: Asking, name: Name, refresh: Name) -> RefreshErrors:
    """The first error cells of each entity: where, and why; values only for who may read the table."""
    app.refreshing.of_dataflow(actor, name, refresh)
    return RefreshErrors.of(app.refreshing.errors(actor, refresh))
