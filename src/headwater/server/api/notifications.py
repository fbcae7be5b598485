"""What whoever asks was told, and that they read it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.server.answers import Answer
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking, Limit

router = APIRouter(prefix="/api/notifications", tags=["notifications"], responses=RESPONSES)

Number = Annotated[int, Field(ge=1, le=MAX_NUMBER)]


class Notification(Answer):
    """Something that somebody was told; ``refresh_id`` is null where it is about no refresh."""

    id: int
    kind: str
    subject: str
    refresh_id: str | None
    title: str
    text: str
    created_at: datetime
    read_at: datetime | None


class Notifications(Answer):
    """A page; ``before`` asks for the next one. ``unread`` counts all that are waiting, on whichever page."""

    value: list[Notification]
    unread: int
    before: int | None


class Read(Answer):
    """Which were read; null: all."""

    ids: Annotated[list[Number], Field(max_length=1_000)] | None = None


class Changed(Answer):
    """How many had not been read before."""

    changed: int


@router.get("")
def list_notifications(
    app: App,
    actor: Asking,
    *,
    unread: Annotated[bool, Query(description="leave out what was read")] = False,
    before: Annotated[int | None, Query(ge=1, le=MAX_NUMBER, description="what the page before said")] = None,
    limit: Limit = 50,
) -> Notifications:
    """What whoever asks was told, the newest first."""
    page = app.inbox.list(actor, unread=unread, before=before, limit=limit)
    value = [Notification.model_validate(each) for each in page.notifications]
    return Notifications(value=value, unread=page.unread, before=page.before)


@router.post("/read")
def read_notifications(app: App, actor: Asking, which: Read) -> Changed:
    """Note that one's own notifications were read; others' are left alone."""
    return Changed(changed=app.inbox.mark_read(actor, which.ids))
