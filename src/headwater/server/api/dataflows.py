"""Dataflows."""

from __future__ import annotations

from fastapi import APIRouter

from headwater.server.answers import Dataflow, Dataflows, RefreshSummary
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
