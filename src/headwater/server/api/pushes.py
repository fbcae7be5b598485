"""Pushing the catalog to others."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from headwater.server.answers import Answer
from headwater.server.api import CALLING, RESPONSES, App, Asking, Name

router = APIRouter(prefix="/api/pushes", tags=["catalog"], responses=RESPONSES)


class PushTarget(Answer):
    """A catalog that ours is pushed to; `report` is of the last push."""

    name: str
    url: str
    cron: str
    pushed_at: datetime | None
    report: dict[str, Any] | None


class PushTargets(Answer):
    value: list[PushTarget]


class PushWarning(Answer):
    """Something that the other side did not take."""

    type_name: str
    name: str
    status: int
    reason: str


class PushReport(Answer):
    """What a push did. `full`: everything was sent, not only what had changed."""

    target: str
    full: bool
    types: int
    entities: int
    related: int
    deleted: int
    requests: int
    warnings: list[PushWarning]


@router.get("")
def list_pushes(app: App, actor: Asking) -> PushTargets:
    """The catalogs that ours is pushed to."""
    return PushTargets(value=[PushTarget.model_validate(state) for state in app.pushes.list(actor)])


@router.post("/{name}", responses=CALLING)
def push(
    app: App, actor: Asking, name: Name, full: Annotated[bool, Query(description="push everything")] = False
) -> PushReport:
    """Push what changed since the last time, and wait for it."""
    return PushReport.model_validate(app.pushes.push(actor, name, full=full))
