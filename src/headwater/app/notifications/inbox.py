"""What somebody was told, as they find it in the app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, update

from headwater.access import Action, Actor, Via, allowed_to
from headwater.app.administration.principals import user_or_self
from headwater.errors import ForbiddenError, NotFoundError
from headwater.store import Database, tables, utc_now

__all__ = ["Inbox", "InboxPage", "Notification"]

_told = tables.notifications.c


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that somebody was told: ``person``, by the name they sign in with.

    ``refresh_id`` is None where it is about no refresh.
    """

    id: int
    person: str
    kind: str
    subject: str
    refresh_id: str | None
    title: str
    text: str
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some notifications, the newest first; ``before`` asks for the next page, None where there is none."""

    notifications: Sequence[Notification]
    unread: int
    before: int | None


class Inbox:
    """Everybody's own notifications. Of a dataflow that somebody may no longer see, they see none any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self,
        actor: Actor,
        *,
        unread: bool = False,
        before: int | None = None,
        limit: int = 50,
        user: str | None = None,
        dataflow: str | None = None,
    ) -> InboxPage:
        """What somebody was told, the newest first.

        Args:
            actor: who asks; they see their own.
            unread: leave out what was read.
            before: only those that are older than this one.
            limit: how many at most.
            user: whose, where the machine asks; it sees everybody's if it names nobody.
            dataflow: only those about this one.

        Raises:
            ForbiddenError: they are somebody else's.
            NotFoundError: there is no such user.
        """
        with self._database.read() as connection:
            own = self._seen(connection, actor, user)
            if dataflow is not None:
                own = (*own, _told.subject == f"dataflow:{dataflow}")
            waiting = connection.scalar(select(func.count()).where(*own, _told.read_at.is_(None))) or 0
            query = _listing().where(*own)
            if unread:
                query = query.where(_told.read_at.is_(None))
            if before is not None:
                query = query.where(_told.id < before)
            rows = connection.execute(query.order_by(_told.id.desc()).limit(limit + 1)).all()
        found = [Notification(**row._mapping) for row in rows[:limit]]
        return InboxPage(found, waiting, found[-1].id if len(rows) > limit else None)

    def get(self, actor: Actor, number: int, *, user: str | None = None) -> Notification:
        """One of them; as :meth:`list`.

        Raises:
            NotFoundError: there is none of this number to be seen.
        """
        with self._database.read() as connection:
            row = connection.execute(_listing().where(*self._seen(connection, actor, user), _told.id == number)).first()
        if row is None:
            raise NotFoundError(f"There is no notification {number}.", hint="List those there are.")
        return Notification(**row._mapping)

    def mark_read(self, actor: Actor, ids: Sequence[int] | None = None, *, user: str | None = None) -> int:
        """Note that notifications were read, all of them without ``ids``; how many had not been.

        Raises:
            UsageError: the machine asks and names nobody.
            As :meth:`list`; ids that are not one's own are left alone.
        """
        with self._database.begin() as connection:
            own = self._own(connection, actor, user)
            change = update(tables.notifications).where(*own, _told.read_at.is_(None))
            if ids is not None:
                change = change.where(_told.id.in_(ids))
            # Counted by what comes back: SQLite's driver counts nothing in a statement that begins with WITH.
            return len(connection.execute(change.values(read_at=utc_now()).returning(_told.id)).all())

    def _seen(self, connection: Connection, actor: Actor, user: str | None) -> tuple[ColumnElement[bool], ...]:
        """One's own; everybody's for the machine that names nobody."""
        return () if user is None and actor.via is Via.SYSTEM else self._own(connection, actor, user)

    def _own(self, connection: Connection, actor: Actor, user: str | None) -> tuple[ColumnElement[bool], ...]:
        if user is not None and actor.via is not Via.SYSTEM:
            raise ForbiddenError("Notifications are their owner's alone.", hint="Ask for your own.")
        person = user_or_self(connection, actor, user)
        flows, refreshes = tables.dataflows.c, tables.refreshes.c
        seen: Any = (
            select(refreshes.id)
            .join(tables.dataflows, flows.id == refreshes.dataflow_id)
            .where(flows.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
        )
        return _told.user_id == person.id, or_(_told.refresh_id.is_(None), _told.refresh_id.in_(seen))


def _listing() -> Select[Any]:
    users = tables.users.c
    columns = [_told[name] for name in Notification.__slots__ if name != "person"]
    return select(*columns, users.name.label("person")).join(tables.users, users.id == _told.user_id)
