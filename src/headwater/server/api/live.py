"""An asset as its workspace has it now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from headwater.app.live import LONGEST_SECONDS
from headwater.server.answers import Answer
from headwater.server.api import CALLING, RESPONSES, App, Asking

router = APIRouter(prefix="/api/assets", tags=["catalog"], responses=RESPONSES)


class LiveColumn(Answer):
    name: str
    type: str


class LiveDifference(Answer):
    """What is another now than the catalog has it; null: it is not there."""

    field: str
    stored: Any
    live: Any


class LiveAsset(Answer):
    """`found`: the workspace has it, as far as the credential sees. `credential` is `service` or `personal`."""

    guid: str
    source: str
    credential: str
    fetched_at: datetime
    found: bool
    attributes: dict[str, Any]
    columns: list[LiveColumn]
    differences: list[LiveDifference]


@router.get("/{guid}/live", responses=CALLING)
def look_live(
    app: App,
    actor: Asking,
    guid: str,
    seconds: Annotated[float, Query(gt=0, le=LONGEST_SECONDS, description="how long it may take")] = 20.0,
) -> LiveAsset:
    """What an asset's workspace says of it now, and what of that the catalog has otherwise. Nothing is stored."""
    return LiveAsset.model_validate(app.live.look(actor, guid, seconds=seconds))
