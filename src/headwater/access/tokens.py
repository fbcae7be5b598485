"""API tokens: what programs show instead of a password.

A token never does more than its owner may at the moment it is used; it may be good for less: for some actions, or for
one scope. A token that is narrower than its owner cannot make another one, which could be wider.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from headwater.access.actions import check_patterns
from headwater.access.actors import Actor, Via
from headwater.access.audit import record
from headwater.access.bearer import digest, new_bearer
from headwater.access.events import Event
from headwater.errors import ForbiddenError, NotFoundError, UnauthenticatedError, UsageError
from headwater.store import Database, tables

__all__ = [
    "LONGEST_LIFETIME",
    "ApiToken",
    "NewToken",
    "authenticate_token",
    "create_token",
    "list_tokens",
    "revoke_all_tokens",
    "revoke_token",
]

LONGEST_LIFETIME = timedelta(days=366)
_DEFAULT_LIFETIME = timedelta(days=90)
_USED_EVERY = timedelta(minutes=1)

_tokens = tables.api_tokens


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner's list shows it: by its beginning. ``last_used_at`` is right to a minute."""

    id: str
    user_id: str
    name: str
    prefix: str
    actions: frozenset[str] | None
    scope_id: int | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, with the string itself, which is shown only here."""

    token: str
    info: ApiToken

    def __repr__(self) -> str:
        return f"NewToken({self.info.prefix}…)"


def create_token(
    connection: Connection,
    user_id: str,
    name: str,
    *,
    by: Actor,
    now: datetime,
    actions: Iterable[str] | None = None,
    scope_id: int | None = None,
    lifetime: timedelta = _DEFAULT_LIFETIME,
) -> NewToken:
    """Make a token for a user.

    Args:
        name: what it is for, in its owner's words.
        actions: those it is good for, wildcards allowed; None: whatever its owner may do.
        scope_id: the one scope, with what lies below, that it is good for; None: anywhere.
        lifetime: at most ``LONGEST_LIFETIME``.

    Raises:
        ForbiddenError: it is asked for with a token that is itself limited.
        NotFoundError: there is no such user, or no such scope.
        UsageError: the name is empty, the lifetime too long, or an action is none.
    """
    if by.actions is not None or by.scope_id is not None:
        raise ForbiddenError("A limited token cannot make another token.", hint="Sign in, and make it there.")
    actions = None if actions is None else frozenset(actions)
    _check_wanted(name, actions, lifetime)
    _check_exists(connection, user_id, scope_id)
    made = new_bearer("hwt")
    info = ApiToken(
        str(uuid4()), user_id, name.strip(), made.prefix, actions, scope_id, now, now + lifetime, None, None
    )
    values: dict[str, Any] = {field: getattr(info, field) for field in _SHOWN}
    values |= {"token_hash": made.digest, "actions": None if actions is None else sorted(actions)}
    connection.execute(insert(_tokens).values(values))
    record(
        connection,
        Event.TOKEN_CREATED,
        by,
        now=now,
        target=f"user:{user_id}",
        scope_id=scope_id,
        name=info.name,
        prefix=info.prefix,
        expires_at=info.expires_at.isoformat(),
    )
    return NewToken(made.token, info)


def authenticate_token(database: Database, token: str, *, now: datetime) -> Actor:
    """Whose token this is, and what it is good for.

    Raises:
        UnauthenticatedError: it is nobody's, was revoked, has expired, or its owner is disabled.
    """
    users = tables.users
    query = select(_tokens, users.c.name.label("user_name")).join(users, users.c.id == _tokens.c.user_id)
    query = query.where(_tokens.c.token_hash == digest(token), _tokens.c.revoked_at.is_(None), users.c.active)
    with database.read() as connection:
        row = connection.execute(query.where(_tokens.c.expires_at > now)).one_or_none()
    if row is None:
        raise UnauthenticatedError(
            "This token is not good, or no longer.", hint="Make a new one, and check that it was copied whole."
        )
    if row.last_used_at is None or now - row.last_used_at >= _USED_EVERY:
        with database.begin() as connection:
            connection.execute(update(_tokens).where(_tokens.c.id == row.id).values(last_used_at=now))
    actions = None if row.actions is None else frozenset(row.actions)
    return Actor(row.user_id, row.user_name, Via.TOKEN, row.id, actions, row.scope_id)


def list_tokens(connection: Connection, user_id: str) -> list[ApiToken]:
    """Somebody's tokens, the newest first, with those that were revoked or have expired."""
    query = select(*(_tokens.c[field] for field in _SHOWN)).where(_tokens.c.user_id == user_id)
    rows = connection.execute(query.order_by(_tokens.c.created_at.desc(), _tokens.c.id))
    return [_token(dict(row._mapping)) for row in rows]


def revoke_token(connection: Connection, token_id: str, *, user_id: str, by: Actor, now: datetime) -> None:
    """Make one of somebody's tokens worthless from the next request on; nothing happens when it is already.

    Raises:
        NotFoundError: the user has no such token.
    """
    owned = (_tokens.c.id == token_id) & (_tokens.c.user_id == user_id)
    prefix = connection.scalar(select(_tokens.c.prefix).where(owned))
    if prefix is None:
        raise NotFoundError("There is no such token.", hint="List your tokens.")
    revoked = update(_tokens).where(owned, _tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    if connection.execute(revoked).rowcount:
        record(connection, Event.TOKEN_REVOKED, by, now=now, target=f"user:{user_id}", prefix=prefix)


def revoke_all_tokens(connection: Connection, user_id: str, *, by: Actor, now: datetime) -> int:
    """Make all tokens of somebody worthless; how many were not yet."""
    good = select(_tokens.c.id).where(
        _tokens.c.user_id == user_id, _tokens.c.revoked_at.is_(None), _tokens.c.expires_at > now
    )
    found = connection.execute(good).scalars().all()
    for token_id in found:
        revoke_token(connection, token_id, user_id=user_id, by=by, now=now)
    return len(found)


_SHOWN = tuple(ApiToken.__dataclass_fields__)


def _token(values: dict[str, Any]) -> ApiToken:
    actions = values.pop("actions")
    return ApiToken(**values, actions=None if actions is None else frozenset(actions))


def _check_wanted(name: str, actions: frozenset[str] | None, lifetime: timedelta) -> None:
    if not 1 <= len(name.strip()) <= 255 or not name.isprintable():
        raise UsageError("A token's name has 1 to 255 characters in one line.", hint="Say what the token is for.")
    if not timedelta() < lifetime <= LONGEST_LIFETIME:
        raise UsageError(f"A token lives for at most {LONGEST_LIFETIME.days} days.", hint="Choose a shorter time.")
    if actions is not None:
        check_patterns(actions)


def _check_exists(connection: Connection, user_id: str, scope_id: int | None) -> None:
    if connection.scalar(select(tables.users.c.id).where(tables.users.c.id == user_id)) is None:
        raise NotFoundError("There is no such user.", hint="List them with 'headwater people list'.")
    scope = select(tables.scopes.c.id).where(tables.scopes.c.id == scope_id)
    if scope_id is not None and connection.scalar(scope) is None:
        raise NotFoundError("There is no such scope.", hint="Choose one that you can see.")
