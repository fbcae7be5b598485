"""Links to published tables: making, listing and revoking them."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from headwater.app import sharing
from headwater.server.answers import Answer
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking
from headwater.server.people_answers import Text

router = APIRouter(prefix="/api/shares", tags=["tables"], responses=RESPONSES)


class Share(Answer):
    """A link by its beginning. `columns` null: all that the sharer may read; `rows` null: all."""

    id: str
    name: str
    prefix: str
    dataflow: str
    entity: str
    sharer_id: str
    sharer: str
    columns: list[str] | None
    rows: int | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    uses: int
    is_over: bool

    @classmethod
    def of(cls, share: sharing.Share) -> Share:
        """The answer for a link."""
        return cls.model_validate(share)


class ShareList(Answer):
    value: list[Share]


class NewShare(Answer):
    """`url` is the link itself, which is shown only here."""

    url: str
    share: Share


class WantedShare(Answer):
    """`days`: how long it is good; the server's settings say how many at most."""

    dataflow: Text
    entity: Text
    name: Text
    days: Annotated[int, Field(ge=1, le=3_650)]
    columns: Annotated[list[Text] | None, Field(max_length=10_000)] = None
    rows: Annotated[int | None, Field(ge=1, le=MAX_NUMBER)] = None


@router.get("")
def list_shares(app: App, actor: Asking) -> ShareList:
    """One's own links, and those to tables whose roles one may see; the newest first."""
    return ShareList(value=[Share.of(share) for share in app.shares.list(actor)])


@router.post("", status_code=HTTPStatus.CREATED)
def create_share(app: App, actor: Asking, request: Request, wanted: WantedShare) -> NewShare:
    """Share a table by a link, which gives what one may read oneself at the time that it is used."""
    made = app.shares.create(actor, **wanted.model_dump())
    return NewShare(url=f"{str(request.base_url).rstrip('/')}/s/{made.token}", share=Share.of(made.info))


@router.get("/{share_id}")
def get_share(app: App, actor: Asking, share_id: str) -> Share:
    """A link, and how it was used."""
    return Share.of(app.shares.get(actor, share_id))


@router.delete("/{share_id}", status_code=HTTPStatus.NO_CONTENT)
def revoke_share(app: App, actor: Asking, share_id: str) -> None:
    """Make a link worthless from the next request on."""
    app.shares.revoke(actor, share_id)
