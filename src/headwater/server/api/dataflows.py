"""Dataflows and their refreshes."""

from __future__ import annotations

from fastapi import APIRouter

from headwater.server.answers import Dataflow, Dataflows, Problem, Refresh, RefreshEntity, Refreshes, RefreshSummary
from headwater.server.api import RESPONSES, App, Asking

router = APIRouter(prefix="/api/dataflows", tags=["dataflows"], responses=RESPONSES)


@router.get("")
def list_dataflows(app: App, actor: Asking) -> Dataflows:
    """Every dataflow with its latest refresh."""
    value = []
    for dataflow in app.dataflows.list(actor):
        latest = app.refreshes(actor, dataflow.name, limit=1)
        value.append(
            Dataflow(
                name=dataflow.name,
                queries=list(dataflow.definition.queries),
                last_refresh=RefreshSummary.of(latest[0]) if latest else None,
            )
        )
    return Dataflows(value=value)


@router.get("/{name}/refreshes")
def list_refreshes(app: App, actor: Asking, name: str) -> Refreshes:
    """The refreshes of a dataflow, the newest first."""
    app.dataflows.get(actor, name)
    return Refreshes(
        value=[
            Refresh(
                **RefreshSummary.of(refresh).model_dump(),
                trigger=refresh.trigger,
                error=None if refresh.error is None else Problem.model_validate(dict(refresh.error)),
                entities=[RefreshEntity.of(entity) for entity in app.refresh_entities(actor, refresh.id)],
            )
            for refresh in app.refreshes(actor, name)
        ]
    )
