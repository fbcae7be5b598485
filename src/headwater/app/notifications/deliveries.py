"""What was sent to subscribers by mail and webhook, and what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from headwater.access import Action, Actor, require, server_scope
from headwater.dataflows.notifying import KIND
from headwater.errors import HeadwaterError
from headwater.jobs import Job
from headwater.net import parse_origin
from headwater.store import Database, tables

__all__ = ["Delivery", "deliveries"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way to somebody, or at its end.

    Attributes:
        id: of the job that sends it.
        dataflow: what it is about.
        refresh: the refresh that it is about.
        channel: email or webhook.
        where: the address; of a webhook its origin alone, because the rest may be a secret.
        status: how the job stands.
        attempts: how often it was tried.
        asked_at: when it was to be sent.
        ended_at: when that was done, or given up.
        error: {code, message, where, hint} of the last failure.
    """

    id: str
    dataflow: str
    refresh: str
    channel: str
    where: str
    status: str
    attempts: int
    asked_at: datetime
    ended_at: datetime | None
    error: Mapping[str, Any] | None


def deliveries(database: Database, actor: Actor, *, failed: bool = False, limit: int = 50) -> Sequence[Delivery]:
    """The newest first, for as long as jobs are kept.

    Args:
        database: the metadata database.
        actor: who asks.
        failed: only those that could not be sent.
        limit: how many at most.

    Raises:
        NotFoundError, ForbiddenError: ``actor`` may not look at the server.
    """
    job = tables.jobs.c
    query = select(tables.jobs).where(job.kind == KIND).order_by(job.created_at.desc(), job.id.desc()).limit(limit)
    if failed:
        query = query.where(job.status == "failed")
    with database.read() as connection:
        require(connection, actor, Action.SERVER_READ, server_scope(connection))
        return [_delivery(Job.of(row)) for row in connection.execute(query)]


def _delivery(job: Job) -> Delivery:
    message = job.payload["message"]
    return Delivery(
        job.id,
        str(message["dataflow"]),
        str(message["refresh"]),
        str(job.payload["channel"]),
        _where(str(job.payload["channel"]), str(job.payload["address"])),
        job.status,
        job.attempts,
        job.created_at,
        job.ended_at,
        job.error,
    )


def _where(channel: str, address: str) -> str:
    if channel == "email":
        return address
    try:
        return str(parse_origin(address))
    except HeadwaterError:
        return "an address that is none"
