"""What is forgotten of refreshes after some time: values of cells, then the refreshes and what was told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, func, select

from headwater.dataflows import history
from headwater.store import tables

__all__ = ["Forgotten", "forget"]

#: Of each dataflow, so many refreshes stay on record however old they are.
_KEPT = 10


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten: error cells that were emptied, refreshes, notifications and events that were deleted."""

    values: int
    refreshes: int
    notifications: int
    events: int


def forget(connection: Connection, now: datetime, *, error_days: float, history_days: float) -> Forgotten:
    """Empty the values of error cells after ``error_days``, and delete what is on record after ``history_days``.

    A refresh stays that published what is read now, that has not ended, or that is one of its dataflow's newest.
    """
    before = now - timedelta(days=history_days)
    values = history.forget_values(connection, now - timedelta(days=error_days))
    told, events = tables.notifications, tables.openlineage_events
    notifications = connection.execute(delete(told).where(told.c.created_at < before)).rowcount
    sent = connection.execute(delete(events).where(events.c.event_time < before)).rowcount
    old = connection.execute(_old(before)).scalars().all()
    for identifier in old:
        connection.execute(delete(tables.refreshes).where(tables.refreshes.c.id == identifier))
    return Forgotten(values, len(old), notifications, sent)


def _old(before: datetime) -> Select[tuple[str]]:
    refreshes = tables.refreshes.c
    newest = func.row_number().over(partition_by=refreshes.dataflow_id, order_by=refreshes.started_at.desc())
    ranked = select(refreshes.id, refreshes.ended_at, newest.label("place")).subquery()
    pointed = select(tables.published_tables.c.refresh_id)
    # One that a publish intent waits for is finished by the next refresh.
    pending = select(tables.publish_intents.c.refresh_id).where(tables.publish_intents.c.state == "pending")
    return select(ranked.c.id).where(
        ranked.c.ended_at < before,
        ranked.c.place > _KEPT,
        ranked.c.id.not_in(pointed),
        ranked.c.id.not_in(pending),
    )
