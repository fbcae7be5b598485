"""Who is at work: one row for each worker that lives."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, update

from headwater.store import tables

__all__ = ["leave", "seen"]

_workers = tables.workers

#: After so long nobody expects a worker back.
_FORGOTTEN = timedelta(days=1)


def seen(connection: Connection, worker: str, host: str, pid: int, now: datetime) -> None:
    """Write that a worker lives, and forget those that were not heard of for a day."""
    known = connection.execute(update(_workers).where(_workers.c.id == worker).values(seen_at=now)).rowcount
    if not known:
        connection.execute(insert(_workers).values(id=worker, host=host, pid=pid, started_at=now, seen_at=now))
    connection.execute(delete(_workers).where(_workers.c.seen_at < now - _FORGOTTEN))


def leave(connection: Connection, worker: str) -> None:
    """Forget a worker that has stopped."""
    connection.execute(delete(_workers).where(_workers.c.id == worker))
