"""OpenLineage events from others, where their clients send them."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request

from headwater.catalog.openlineage import read_event, runs_of
from headwater.errors import ForbiddenError, HeadwaterError, UsageError
from headwater.server.answers import Answer
from headwater.server.api import RESPONSES, App, Asking, Limit
from headwater.server.compressed import unpacked
from headwater.server.function_calls import json_body

router = APIRouter(tags=["lineage"], responses=RESPONSES)

_MOST_EVENTS = 10_000
_NOTHING = b"\\u0000"


async def _body(request: Request) -> bytes:
    return await json_body(request)


def _sent(request: Request, raw: Annotated[bytes, Depends(_body)]) -> Any:
    # No coroutine, so that a large body is unpacked beside the event loop.
    body = unpacked(raw, request.headers.get("content-encoding", ""))
    try:
        stated = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError("The body is no JSON.", place=f"character {error.pos}", hint="Send JSON.") from error
    if _NOTHING in body:
        raise UsageError("The body has the character NUL.", code="openlineage.event", hint="Leave it out.")
    return stated


Sent = Annotated[Any, Depends(_sent)]
Collection = Annotated[str | None, Query(max_length=255, description="where new assets go; what is configured if not")]


class ReceivedEvent(Answer):
    """That an event was taken."""

    status: Literal["success"]


class FailedEvent(Answer):
    """An event that was not taken, by its place in the list; to send it again as it is changes nothing."""

    index: int
    reason: str
    code: str
    retriable: bool


class ReceivedCounts(Answer):
    received: int
    successful: int
    failed: int
    retriable: int
    non_retriable: int


class ReceivedEvents(Answer):
    """What became of events that were sent together."""

    status: Literal["success", "partial_success", "failure"]
    summary: ReceivedCounts
    failed_events: list[FailedEvent]


class JobRun(Answer):
    """A run that others told of."""

    run_id: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    details: dict[str, str]


class JobRuns(Answer):
    value: list[JobRun]


@router.post("/api/v1/lineage", status_code=HTTPStatus.CREATED)
def receive_event(app: App, actor: Asking, sent: Sent, collection: Collection = None) -> ReceivedEvent:
    """Take an event of a run, a job or a dataset, as OpenLineage's clients send it, compressed by gzip or not."""
    app.lineage_receiving.receive(actor, read_event(sent), collection or app.home.lineage.collection)
    return ReceivedEvent(status="success")


@router.post("/api/v1/lineage/batch")
def receive_events(app: App, actor: Asking, sent: Sent, collection: Collection = None) -> ReceivedEvents:
    """Take a list of events, each for itself: one that is wrong does not stop the others."""
    if not isinstance(sent, list) or len(sent) > _MOST_EVENTS:
        raise UsageError(
            f"That is no list of {_MOST_EVENTS:,} events at most.", code="openlineage.event", hint="Send [{…}, {…}]."
        )
    failed = []
    for index, each in enumerate(sent):
        try:
            app.lineage_receiving.receive(actor, read_event(each), collection or app.home.lineage.collection)
        except HeadwaterError as error:
            if isinstance(error, ForbiddenError) and error.action is not None:
                app.audit.denied(actor, error)
            retriable = error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
            failed.append(FailedEvent(index=index, reason=error.message, code=error.code, retriable=retriable))
    return _answer(len(sent), failed)


@router.get("/api/openlineage/runs/{guid}")
def list_runs(app: App, actor: Asking, guid: str, limit: Limit = 50) -> JobRuns:
    """The runs of a job that others told of, the newest first."""
    runs = runs_of(app.database, actor, guid, limit)
    return JobRuns(value=[JobRun.model_validate(run) for run in runs])


def _answer(received: int, failed: list[FailedEvent]) -> ReceivedEvents:
    retriable = sum(each.retriable for each in failed)
    summary = ReceivedCounts(
        received=received,
        successful=received - len(failed),
        failed=len(failed),
        retriable=retriable,
        non_retriable=len(failed) - retriable,
    )
    status: Literal["success", "partial_success", "failure"] = "success"
    if failed:
        status = "partial_success" if summary.successful else "failure"
    return ReceivedEvents(status=status, summary=summary, failed_events=failed)
