"""Sessions of browsers: on the server, so that they can be ended there.

The cookie holds a random string, the database its digest. A session ends when nobody used it for ``idle``, at
``absolute`` after sign-in whatever happens, when its user signs out or is disabled, and gets a new string whenever
somebody signs in or their rights change, so that a string planted before is worth nothing after.

The CSRF token is derived from the cookie's string. It needs no place of its own, belongs to one session, changes with
it, and whoever can only make a browser *send* the cookie cannot compute it.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from headwater.access.actors import Actor, Via
from headwater.access.audit import record
from headwater.access.bearer import digest, new_bearer, same
from headwater.access.events import Event
from headwater.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from headwater.store import Database, tables

__all__ = [
    "Policy",
    "Session",
    "StartedSession",
    "authenticate_session",
    "check_csrf",
    "csrf_token",
    "end",
    "end_all",
    "list_sessions",
    "purge",
    "rotate",
    "start",
]

#: Writing down each single request would make every read a write.
_SEEN_EVERY = timedelta(minutes=1)

_sessions = tables.sessions


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a session lasts: without being used, and at all."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it in a list. ``last_seen_at`` is right to a minute."""

    id: str
    user_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session, and the string for its cookie, which is shown only here."""

    session: Session
    token: str

    def __repr__(self) -> str:
        return f"StartedSession({self.session.id})"


DEFAULT_POLICY = Policy()


def start(
    connection: Connection,
    user_id: str,
    *,
    now: datetime,
    address: str | None = None,
    replacing: str | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> StartedSession:
    """A session for somebody who just showed who they are.

    Args:
        replacing: the cookie that the browser sent along, if any: that session ends.
    """
    if replacing is not None and (replaced := digest(replacing)):
        connection.execute(delete(_sessions).where(_sessions.c.token_hash == replaced))
    made = new_bearer("hws")
    session = Session(str(uuid4()), user_id, now, now, now + policy.absolute, address)
    connection.execute(insert(_sessions).values(asdict(session) | {"token_hash": made.digest}))
    return StartedSession(session, made.token)


def authenticate_session(database: Database, token: str, *, now: datetime, policy: Policy = DEFAULT_POLICY) -> Actor:
    """Whose session the cookie ``token`` stands for.

    Raises:
        UnauthenticatedError: it stands for none, it has ended, or its user is disabled.
    """
    users = tables.users
    columns = (_sessions.c.id, _sessions.c.last_seen_at, _sessions.c.address, users.c.id.label("user_id"), users.c.name)
    query = select(*columns).join(users, users.c.id == _sessions.c.user_id)
    query = query.where(_sessions.c.token_hash == digest(token), users.c.active, _is_alive(now, policy))
    with database.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise UnauthenticatedError("You are not signed in, or no longer.", hint="Sign in.")
    if now - row.last_seen_at >= _SEEN_EVERY:
        with database.begin() as connection:
            connection.execute(update(_sessions).where(_sessions.c.id == row.id).values(last_seen_at=now))
    return Actor(row.user_id, row.name, Via.SESSION, credential_id=row.id, address=row.address)


def csrf_token(token: str) -> str:
    """What a page must send in a header beside the cookie ``token``, wherever something changes."""
    derived = hmac.digest(token.encode(errors="surrogatepass"), b"headwater csrf", "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def check_csrf(token: str, presented: str) -> None:
    """Refuse a request that a page of somebody else's made the browser send.

    Raises:
        ForbiddenError: ``presented`` is not the CSRF token of the session with the cookie ``token``.
    """
    if not same(csrf_token(token), presented):
        raise ForbiddenError(
            "The request does not come from a page of this session.",
            hint="Load the page again.",
            code="forbidden.csrf",
        )


def rotate(connection: Connection, token: str, *, now: datetime, policy: Policy = DEFAULT_POLICY) -> str:
    """A new cookie for the same session, whose end does not move; the old cookie is worth nothing from now on.

    Raises:
        UnauthenticatedError: ``token`` stands for no session that is alive.
    """
    made = new_bearer("hws")
    alive = update(_sessions).where(_sessions.c.token_hash == digest(token), _is_alive(now, policy))
    if not connection.execute(alive.values(token_hash=made.digest, last_seen_at=now)).rowcount:
        raise UnauthenticatedError("You are not signed in, or no longer.", hint="Sign in.")
    return made.token


def end(connection: Connection, session_id: str, *, user_id: str, by: Actor, now: datetime) -> None:
    """End one of somebody's sessions: sign out.

    Raises:
        NotFoundError: the user has no such session.
    """
    ended = delete(_sessions).where(_sessions.c.id == session_id, _sessions.c.user_id == user_id)
    if not connection.execute(ended).rowcount:
        raise NotFoundError("There is no such session.", hint="It may have ended already.")
    record(connection, Event.SIGNED_OUT, by, now=now, target=f"user:{user_id}", everywhere=False)


def end_all(connection: Connection, user_id: str, *, by: Actor, now: datetime, keep: str | None = None) -> int:
    """End all sessions of somebody but the one of id ``keep``: sign out everywhere. How many there were."""
    ended = delete(_sessions).where(_sessions.c.user_id == user_id)
    if keep is not None:
        ended = ended.where(_sessions.c.id != keep)
    count = connection.execute(ended).rowcount
    if count:
        record(connection, Event.SIGNED_OUT, by, now=now, target=f"user:{user_id}", everywhere=True)
    return count


def list_sessions(
    connection: Connection, user_id: str, *, now: datetime, policy: Policy = DEFAULT_POLICY
) -> list[Session]:
    """Somebody's sessions that are alive, the last used first."""
    query = select(*_shown()).where(_sessions.c.user_id == user_id, _is_alive(now, policy))
    rows = connection.execute(query.order_by(_sessions.c.last_seen_at.desc(), _sessions.c.id))
    return [Session(**row._mapping) for row in rows]


def purge(connection: Connection, *, now: datetime, policy: Policy = DEFAULT_POLICY) -> int:
    """Forget the sessions that have ended by themselves; how many they were."""
    return connection.execute(delete(_sessions).where(~_is_alive(now, policy))).rowcount


def _is_alive(now: datetime, policy: Policy) -> ColumnElement[bool]:
    return and_(_sessions.c.expires_at > now, _sessions.c.last_seen_at > now - policy.idle)


def _shown() -> list[Any]:
    return [column for column in _sessions.c if column.name != "token_hash"]
