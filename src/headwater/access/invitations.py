"""One-time links: how the first administrator comes in, how anybody comes to a password, and a way in without one.

Only a digest of the string is kept, so nobody can read it again, and a new link replaces the one before. It is used up
by the transaction that acts on it, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, select

from headwater.access import people
from headwater.access.actors import SYSTEM, Actor, Via
from headwater.access.audit import record
from headwater.access.bearer import digest, new_bearer
from headwater.access.events import Event
from headwater.access.people import User
from headwater.errors import UnauthenticatedError, UsageError
from headwater.store import exclusive, tables

__all__ = [
    "Link",
    "Purpose",
    "accept_first_administrator",
    "accept_link",
    "accept_sign_in_link",
    "first_administrator_link",
    "password_link",
    "sign_in_link",
]

Purpose = Literal["first_administrator", "set_password", "sign_in"]

_FIRST_LIFETIME = timedelta(hours=24)
_PASSWORD_LIFETIME = timedelta(days=3)
_SIGN_IN_LIFETIME = timedelta(minutes=15)

_links, _users = tables.one_time_links, tables.users


@dataclass(frozen=True, slots=True)
class Link:
    """A new link's string, to be put into a URL's fragment and shown once, and until when it is good."""

    token: str
    purpose: Purpose
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Link({self.purpose}, until {self.expires_at})"


def first_administrator_link(
    connection: Connection, *, now: datetime, lifetime: timedelta = _FIRST_LIFETIME
) -> Link | None:
    """The link by which the first administrator makes themselves known; None once there is any user.

    To be called at each start: the link of the start before is worth nothing then, for nobody can see it any more.
    """
    exclusive(connection, "first administrator")
    if _somebody_exists(connection):
        return None
    return _make(connection, "first_administrator", None, by=SYSTEM, now=now, lifetime=lifetime)


def accept_first_administrator(
    connection: Connection, token: str, *, name: str, password: str, now: datetime, display_name: str = ""
) -> User:
    """Make the first user. What they may do is given to them by the caller, in the same transaction.

    Raises:
        UnauthenticatedError: the link is none, was used, has expired, or there is a user already.
        UsageError: the name or password cannot be used; the link stays good.
    """
    _use(connection, token, "first_administrator", now)
    if _somebody_exists(connection):
        raise _refusal()
    by = Actor(None, "first administrator", Via.LINK)
    record(connection, Event.LINK_USED, by, now=now, purpose="first_administrator")
    user = people.create_user(connection, name, by=by, now=now, display_name=display_name)
    people.set_password(connection, user.id, password, by=by, now=now)
    return user


def password_link(
    connection: Connection, user_id: str, *, by: Actor, now: datetime, lifetime: timedelta = _PASSWORD_LIFETIME
) -> Link:
    """A link by which somebody sets a password: an invitation, or help for who forgot theirs.

    A link that the same person had before is worth nothing from now on.

    Raises:
        NotFoundError: there is no such user.
        UsageError: the user is disabled, or the built-in administrator.
    """
    _check_may_come_in(connection, user_id)
    return _make(connection, "set_password", user_id, by=by, now=now, lifetime=lifetime)


def sign_in_link(
    connection: Connection, user_id: str, *, by: Actor, now: datetime, lifetime: timedelta = _SIGN_IN_LIFETIME
) -> Link:
    """A link that signs somebody in: for whoever has the machine's command line and no browser session yet.

    Raises:
        NotFoundError: there is no such user.
        UsageError: the user is disabled, or the built-in administrator.
    """
    _check_may_come_in(connection, user_id)
    return _make(connection, "sign_in", user_id, by=by, now=now, lifetime=lifetime)


def accept_sign_in_link(connection: Connection, token: str, *, now: datetime) -> User:
    """The user whom a link signs in.

    Raises:
        UnauthenticatedError: the link is none, was used, has expired, or its user is disabled.
    """
    user = people.get_user(connection, _use(connection, token, "sign_in", now).user_id)
    if not user.active:
        raise _refusal()
    by = Actor(user.id, user.name, Via.LINK)
    record(connection, Event.LINK_USED, by, now=now, target=f"user:{user.id}", purpose="sign_in")
    return user


def accept_link(connection: Connection, token: str, *, password: str, now: datetime) -> User:
    """Set the password of whomever the link was made for; their sessions end.

    Raises:
        UnauthenticatedError: the link is none, was used, has expired, or its user is disabled.
        UsageError: the password cannot be used; the link stays good.
    """
    row = _use(connection, token, "set_password", now)
    user = people.get_user(connection, row.user_id)
    if not user.active:
        raise _refusal()
    by = Actor(user.id, user.name, Via.LINK)
    record(connection, Event.LINK_USED, by, now=now, target=f"user:{user.id}", purpose="set_password")
    people.set_password(connection, user.id, password, by=by, now=now)
    return user


def _make(
    connection: Connection, purpose: Purpose, user_id: str | None, *, by: Actor, now: datetime, lifetime: timedelta
) -> Link:
    """A new link; the one of this purpose before it is worth nothing from now on."""
    same = (_links.c.purpose == purpose) & (_links.c.user_id.is_not_distinct_from(user_id))
    connection.execute(delete(_links).where(same))
    made = new_bearer("hwl")
    link = Link(made.token, purpose, now + lifetime)
    values = {"id": str(uuid4()), "token_hash": made.digest, "purpose": purpose, "user_id": user_id}
    connection.execute(insert(_links).values(values | {"created_at": now, "expires_at": link.expires_at}))
    target = None if user_id is None else f"user:{user_id}"
    expires_at = link.expires_at.isoformat()
    record(connection, Event.LINK_MADE, by, now=now, target=target, purpose=purpose, expires_at=expires_at)
    return link


def _check_may_come_in(connection: Connection, user_id: str) -> None:
    if not people.get_user(connection, user_id).active or user_id == tables.BUILT_IN_ADMINISTRATOR:
        raise UsageError("No link can be made for this user now.", hint="Enable the user first.")


def _use(connection: Connection, token: str, purpose: Purpose, now: datetime) -> Row[Any]:
    """The link's row, taken away: of two that use it at once, one finds it gone."""
    wanted = (_links.c.token_hash == digest(token)) & (_links.c.purpose == purpose) & (_links.c.expires_at > now)
    row = connection.execute(select(_links).where(wanted)).one_or_none()
    if row is None or not connection.execute(delete(_links).where(_links.c.id == row.id)).rowcount:
        raise _refusal()
    return row


def _somebody_exists(connection: Connection) -> bool:
    others = select(_users.c.id).where(_users.c.id != tables.BUILT_IN_ADMINISTRATOR).limit(1)
    return connection.scalar(others) is not None


def _refusal() -> UnauthenticatedError:
    return UnauthenticatedError(
        "This link is not good, or no longer.", hint="Links are good once, and for a time: ask for a new one."
    )
