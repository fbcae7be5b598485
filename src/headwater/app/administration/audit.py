"""The audit log for who may read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Select, select

from headwater.access import Action, Actor, allowed_to, audit, may, server_scope
from headwater.access.audit import AuditEvent, Filter
from headwater.access.closure import below
from headwater.access.events import Event
from headwater.app.administration.authority import require_at_server
from headwater.app.administration.scopes import resolve
from headwater.errors import ForbiddenError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["Audit", "AuditPage", "events_named"]

_LONGEST_RETENTION_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class AuditPage:
    """``before`` goes into the call for the next, older ones; None: there are no more."""

    events: list[AuditEvent]
    total: int
    before: int | None


def events_named(codes: Iterable[str]) -> frozenset[Event] | None:
    """The kinds of events of these codes; None, for any, where no code is given.

    Raises:
        UsageError: there is no such kind (``usage.event``).
    """
    known = {event.code: event for event in Event}
    wanted = list(codes)
    for code in wanted:
        if code not in known:
            raise UsageError(
                f"No kind of event is called '{code}'.", code="usage.event", hint="Name one like 'role.granted'."
            )
    return frozenset(known[code] for code in wanted) or None


class Audit:
    """Reads, exports and shortens the audit log.

    ``audit.read`` at the server shows everything; at another scope, what happened there and below.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(
        self,
        actor: Actor,
        wanted: Filter | None = None,
        *,
        scope: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> AuditPage:
        """The newest events first, and how many there are on all pages.

        Args:
            actor: who asks.
            wanted: which events; its ``scopes`` are set here.
            scope: leaves what happened at this scope and below.
            before: what the page before said.
            limit: how many at most.

        Raises:
            ForbiddenError: the actor may read the audit log nowhere.
            NotFoundError: there is no such scope, or none that the actor may see.
            UsageError: the text names no scope, or several; or a moment is beyond all years.
        """
        with self._database.read() as connection:
            narrowed = _narrowed(connection, actor, wanted or Filter(), scope)
            found = audit.page(connection, narrowed, before=before, limit=limit + 1)
            total = audit.count(connection, narrowed)
        events = found[:limit]
        return AuditPage(events, total, events[-1].id if len(found) > limit else None)

    def export(self, actor: Actor, wanted: Filter | None = None, *, scope: str | None = None) -> Iterator[str]:
        """The events as JSON lines, the oldest first. That it was exported is recorded before the first line.

        Raises:
            ForbiddenError, NotFoundError, UsageError: see ``events``; at once, not with the first line.
        """
        with self._database.begin() as connection:
            narrowed = _narrowed(connection, actor, wanted or Filter(), scope)
            audit.record(connection, Event.AUDIT_EXPORTED, actor, now=utc_now(), scope_id=server_scope(connection))
        return self._lines(narrowed)

    def retain(self, actor: Actor, days: int) -> int:
        """Remove the events that are older than ``days``; how many they were.

        Raises:
            ForbiddenError: the actor may not say how long the audit log is kept.
            UsageError: less than ``audit.SHORTEST_RETENTION``, or more than a hundred years.
        """
        if not 0 <= days <= _LONGEST_RETENTION_DAYS:
            raise UsageError("This is no number of days to keep the audit log for.", hint="Ask for 30 to 36500 days.")
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.AUDIT_MANAGE)
            return audit.retain(connection, timedelta(days=days), by=actor, now=utc_now())

    def denied(self, actor: Actor, error: ForbiddenError) -> None:
        """Record that somebody was refused what they asked for, where a role was missing."""
        if error.action is None:
            return
        with self._database.begin() as connection:
            audit.record(
                connection,
                Event.ACCESS_DENIED,
                actor,
                now=utc_now(),
                scope_id=error.scope_id,
                result="denied",
                action=error.action,
            )

    def _lines(self, wanted: Filter) -> Iterator[str]:
        with self._database.read() as connection:
            yield from audit.export(connection, wanted)


def _narrowed(connection: Connection, actor: Actor, wanted: Filter, scope: str | None) -> Filter:
    """What is wanted, of what the actor may read."""
    readable = _readable(connection, actor)
    if not all((text or "").isprintable() for text in (wanted.actor_id, wanted.target, wanted.request_id)):
        raise UsageError("No event has this in it.", code="usage.event", hint="Copy what the list of events shows.")
    if scope is not None:
        inside = tables.scopes.c.id.in_(below(resolve(connection, actor, scope).id))
        within = select(tables.scopes.c.id).where(inside)
        readable = within if readable is None else within.where(tables.scopes.c.id.in_(readable))
    return replace(wanted, since=_moment(wanted.since), until=_moment(wanted.until), scopes=readable)


def _readable(connection: Connection, actor: Actor) -> Select[tuple[int]] | None:
    """The scopes whose events the actor may read; None: everything, what happened at no scope included."""
    if may(connection, actor, Action.AUDIT_READ, server_scope(connection)):
        return None
    readable = allowed_to(actor, Action.AUDIT_READ)
    if connection.scalar(select(tables.scopes.c.id).where(tables.scopes.c.id.in_(readable)).limit(1)) is None:
        require_at_server(connection, actor, Action.AUDIT_READ)
    return readable


def _moment(moment: datetime | None) -> datetime | None:
    try:
        return None if moment is None else moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise UsageError("This moment is beyond all years.", hint="Give a year from 1 to 9999.") from error
