"""Signing in by name and password, and what every other way of signing in ends with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from headwater.access import passwords, people, sessions, throttling
from headwater.access.actors import Actor, Via
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.people import User
from headwater.access.sessions import DEFAULT_POLICY, Policy, StartedSession
from headwater.errors import UnauthenticatedError
from headwater.store import Database, tables

__all__ = ["begin_session", "sign_in"]


def sign_in(
    database: Database,
    name: str,
    password: str,
    *,
    now: datetime,
    address: str | None = None,
    request_id: str | None = None,
    replacing: str | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> StartedSession:
    """Start a session for who knows the password.

    An unknown name, a disabled user, one without a password and a wrong password get one answer after the same work.
    The password is checked outside of a transaction: that takes long, and on SQLite nobody else could write meanwhile.

    Args:
        address: where the request comes from; failures are counted by it.
        replacing: the session cookie that came along, if any; that session ends.

    Raises:
        UnauthenticatedError: name and password do not belong together.
        ThrottledError: too many attempts failed of late; the password was not looked at.
    """
    form = people.name_form(name)
    with database.begin() as connection:
        user = people.find_user(connection, form)
        stored = _usable_hash(connection, user)
        throttling.reserve(connection, form, address, user_id=None if user is None else user.id, now=now)
    matches, outdated = passwords.verify(password, stored)
    with database.begin() as connection:
        # Disabled, or given another password, while the hash was computed: then this attempt counts as failed.
        if user is not None and matches and _usable_hash(connection, people.get_user(connection, user.id)) == stored:
            throttling.clear(connection, form, address, user_id=user.id, now=now)
            if outdated is not None:
                passwords.store(connection, user.id, outdated, now=now)
            by = Actor(user.id, user.name, Via.PASSWORD, request_id=request_id, address=address)
            return begin_session(connection, by, method="password", now=now, replacing=replacing, policy=policy)
        _record_failure(connection, user, request_id, address, now)
    raise UnauthenticatedError("Name and password do not belong together.", hint="Check both, and try again.")


def begin_session(
    connection: Connection,
    by: Actor,
    *,
    method: str,
    now: datetime,
    replacing: str | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> StartedSession:
    """A session for somebody who has just shown who they are, by ``method``: a password, a link, an issuer's word.

    Raises:
        UnauthenticatedError: the user is disabled.
        NotFoundError: there is no such user.
    """
    user = people.get_user(connection, by.user_id or "")
    if not user.active:
        raise UnauthenticatedError("You may not sign in here.", hint="Ask an administrator.")
    connection.execute(update(tables.users).where(tables.users.c.id == user.id).values(last_sign_in_at=now))
    started = sessions.start(connection, user.id, now=now, address=by.address, replacing=replacing, policy=policy)
    record(connection, Event.SIGNED_IN, by, now=now, target=f"user:{user.id}", method=method)
    return started


def _usable_hash(connection: Connection, user: User | None) -> str | None:
    return passwords.stored(connection, user.id) if user is not None and user.active else None


def _record_failure(
    connection: Connection, user: User | None, request_id: str | None, address: str | None, now: datetime
) -> None:
    """What was typed as a name is not recorded: it may be a password. A user who exists is the target."""
    by = Actor(None, "unknown", Via.PASSWORD, request_id=request_id, address=address)
    target = None if user is None else f"user:{user.id}"
    record(connection, Event.SIGNED_IN, by, now=now, target=target, result="failed", method="password")
