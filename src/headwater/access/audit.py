"""The audit log: who did what, when, from where, and how it ended.

An event is recorded in the transaction of what it tells about, so that neither is there without the other; what was
refused is recorded in one of its own. Nothing updates an event, and only retention deletes: triggers in the database
hold that against programming errors and against other programs that use the same login.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select

from headwater.access.actors import Actor
from headwater.access.events import Event
from headwater.errors import UsageError
from headwater.net import redact
from headwater.store import exclusive, tables

__all__ = ["SHORTEST_RETENTION", "AuditEvent", "Filter", "Result", "count", "export", "page", "record", "retain"]

Result = Literal["succeeded", "denied", "failed"]

#: Nobody can do something and then let retention remove the traces of it.
SHORTEST_RETENTION = timedelta(days=30)

_LONGEST_TEXT = 255
_EXPORT_BATCH = 500

_events = tables.audit_events


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An event as it stands in the log. ``event`` is an ``Event``'s code, perhaps one of another version."""

    id: int
    at: datetime
    event: str
    result: str
    actor_id: str | None
    actor_name: str
    via: str
    credential_id: str | None
    target: str | None
    scope_id: int | None
    request_id: str | None
    address: str | None
    details: Mapping[str, str | int | bool]

    def to_dict(self) -> dict[str, Any]:
        """The shape in which an event is exported."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {"at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events: each part that is given narrows them.

    ``since`` is included and ``until`` is not. ``scopes`` is SQL that selects scope ids (what the asker may read the
    audit log of); with it, events that happened at no scope are left out.
    """

    since: datetime | None = None
    until: datetime | None = None
    events: frozenset[Event] | None = None
    result: Result | None = None
    actor_id: str | None = None
    target: str | None = None
    request_id: str | None = None
    scopes: Select[tuple[int]] | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What the filter means in SQL."""
        if self.since is not None:
            yield _events.c.at >= self.since
        if self.until is not None:
            yield _events.c.at < self.until
        if self.events is not None:
            yield _events.c.event.in_(sorted(event.code for event in self.events))
        if self.scopes is not None:
            yield _events.c.scope_id.in_(self.scopes)
        for name in ("result", "actor_id", "target", "request_id"):
            value = getattr(self, name)
            if value is not None:
                yield _events.c[name] == value


EVERYTHING = Filter()


def record(
    connection: Connection,
    event: Event,
    by: Actor,
    *,
    now: datetime,
    target: str | None = None,
    scope_id: int | None = None,
    result: Result = "succeeded",
    **details: str | int | bool,
) -> None:
    """Write an event down.

    Args:
        connection: the transaction in which what is recorded happens.
        event: what happened.
        by: who did it, and from where.
        now: when.
        target: what it was done to, as ``kind:id``.
        scope_id: where in the tree of scopes.
        result: how it ended.
        details: the event's own fields. A text that is too long is cut, and what looks like a secret is taken out.

    Raises:
        ValueError: a field that the event does not have, or a value of another type than the field's.
    """
    connection.execute(
        insert(_events).values(
            at=now,
            event=event.code,
            result=result,
            actor_id=by.user_id,
            actor_name=_short(by.name),
            via=by.via.value,
            credential_id=by.credential_id,
            target=None if target is None else _short(target),
            scope_id=scope_id,
            request_id=None if by.request_id is None else _short(by.request_id)[:64],
            address=None if by.address is None else _short(by.address)[:64],
            details={name: _checked(event, name, value) for name, value in details.items()},
        )
    )


def page(
    connection: Connection, wanted: Filter = EVERYTHING, *, before: int | None = None, limit: int = 50
) -> list[AuditEvent]:
    """The newest events first, at most ``limit``; the next page is the one ``before`` the last id of this one."""
    query = select(_events).where(*wanted.conditions()).order_by(_events.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_events.c.id < before)
    return [_event(row) for row in connection.execute(query)]


def count(connection: Connection, wanted: Filter = EVERYTHING) -> int:
    """How many events there are, exactly."""
    return connection.execute(select(func.count()).select_from(_events).where(*wanted.conditions())).scalar_one()


def export(connection: Connection, wanted: Filter = EVERYTHING) -> Iterator[str]:
    """The events as JSON lines, the oldest first, a batch in memory at a time.

    Within a ``Database.read()`` block they are those of one moment. Reading is not recorded here: whoever answers the
    request records ``Event.AUDIT_EXPORTED``.
    """
    last = 0
    query = select(_events).where(*wanted.conditions()).order_by(_events.c.id).limit(_EXPORT_BATCH)
    while batch := connection.execute(query.where(_events.c.id > last)).all():
        for row in batch:
            yield json.dumps(_event(row).to_dict(), ensure_ascii=False) + "\n"
        last = batch[-1].id


def retain(connection: Connection, age: timedelta, *, by: Actor, now: datetime) -> int:
    """Remove the events that are older than ``age``, and record that; how many they were.

    Raises:
        UsageError: ``age`` is shorter than ``SHORTEST_RETENTION``.
    """
    if age < SHORTEST_RETENTION:
        raise UsageError(
            f"The audit log is kept for {SHORTEST_RETENTION.days} days at least.",
            hint=f"Ask for {SHORTEST_RETENTION.days} days or more.",
        )
    exclusive(connection, "audit retention")
    cutoff = now - age
    # The trigger lets an event go only when this row says so.
    connection.execute(insert(tables.audit_retentions).values(cutoff=cutoff, at=now))
    removed = connection.execute(delete(_events).where(_events.c.at < cutoff)).rowcount
    record(connection, Event.AUDIT_RETAINED, by, now=now, cutoff=cutoff.isoformat(), count=removed)
    return removed


def _checked(event: Event, name: str, value: str | int | bool) -> str | int | bool:
    field = event.fields.get(name)
    if field is None:
        raise ValueError(f"the event {event.code} has no field '{name}'")
    if type(value) is not field.kind:
        raise ValueError(f"the field '{name}' of {event.code} holds {field.kind.__name__}, not {type(value).__name__}")
    return _short(value) if isinstance(value, str) else value


def _short(text: str) -> str:
    # What no database takes (half a character, NUL) must not keep an event from being recorded.
    text = redact(text).encode(errors="replace").decode().replace("\x00", "?")
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(**row._mapping)
