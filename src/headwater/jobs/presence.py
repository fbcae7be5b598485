"""Who is at work: one row for each worker that lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from headwater.store import tables

__all__ = ["WorkerRow", "at_work", "leave", "seen"]

_workers = tables.workers

#: After so long nobody expects a worker back.
_FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker, and when it was last heard of."""

    id: str
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime


def seen(connection: Connection, worker: str, host: str, pid: int, now: datetime) -> None:
    """Write that a worker lives, and forget those that were not heard of for a day."""
    known = connection.execute(update(_workers).where(_workers.c.id == worker).values(seen_at=now)).rowcount
    if not known:
        connection.execute(insert(_workers).values(id=worker, host=host, pid=pid, started_at=now, seen_at=now))
    connection.execute(delete(_workers).where(_workers.c.seen_at < now - _FORGOTTEN))


def leave(connection: Connection, worker: str) -> None:
    """Forget a worker that has stopped."""
    connection.execute(delete(_workers).where(_workers.c.id == worker))


def at_work(connection: Connection, since: datetime) -> list[WorkerRow]:
    """The workers that were heard of since a moment, the longest at work first."""
    query = select(_workers).where(_workers.c.seen_at >= since).order_by(_workers.c.started_at, _workers.c.id)
    return [WorkerRow(**row._mapping) for row in connection.execute(query)]
