"""Webhooks: posted to by sources, which sign what they post and have no other way to show who they are."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from headwater.app.webhooks import PATH
from headwater.server.answers import Answer
from headwater.server.api import RESPONSES, App, Asking, Name
from headwater.server.function_calls import json_body

router = APIRouter(tags=["sources"], responses=RESPONSES)


async def _body(request: Request) -> bytes:
    return await json_body(request)


class NewWebhook(Answer):
    """Where to have the source post to, and the secret to have it sign with, which is shown this once."""

    url: str
    secret: str


@router.post(PATH + "{name}", status_code=HTTPStatus.NO_CONTENT)
def receive(app: App, request: Request, name: Name, body: Annotated[bytes, Depends(_body)]) -> Response:
    """Take what an MLflow server posts about its registry, signed with the source's secret."""
    app.webhooks.receive(name, request.headers, body)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.put("/api/sources/{name}/webhook")
def arrange(app: App, actor: Asking, request: Request, name: Name) -> NewWebhook:
    """Have a source scanned when it posts that something happened; a secret of before holds no more."""
    made = app.webhooks.arrange(actor, name)
    address = request.app.state.settings.address(str(request.base_url))
    return NewWebhook(url=address + made.path, secret=made.secret.reveal())
