"""Requests for sign-in that are under way: what is remembered of a person between sending them off and their return."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert

from headwater.access.bearer import same
from headwater.errors import UsageError
from headwater.store import tables

__all__ = ["LIFETIME", "NewRequest", "Request", "add", "check_return_to", "purge", "take"]

LIFETIME = timedelta(minutes=10)

_LONGEST_RETURN_TO = 2048

_requests = tables.openid_requests


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What the provider and the person's browser are given; of ``state`` and ``binding`` only digests are kept."""

    state: str
    binding: str
    nonce: str
    code_verifier: str

    def __repr__(self) -> str:
        return "NewRequest(***)"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was made. ``user_id`` is who is to be linked; None where somebody signs in."""

    provider: str
    nonce: str
    code_verifier: str
    redirect_uri: str
    return_to: str
    user_id: str | None
    binding_digest: str
    expires_at: datetime

    def is_bound_to(self, binding: str | None) -> bool:
        """Whether the browser that holds ``binding`` made this request."""
        return same(self.binding_digest, _digest(binding or ""))

    def __repr__(self) -> str:
        return f"Request({self.provider})"


def check_return_to(path: str) -> None:
    """Refuse an address that could lead the browser elsewhere after it signed in.

    Raises:
        UsageError: ``path`` is no path on this server.

    >>> check_return_to("/models?page=2#top")
    >>> check_return_to("//example.com")
    Traceback (most recent call last):
    ...
    headwater.errors.UsageError: The address to return to is not a path on this server.
    """
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    if not is_local or not path.isprintable() or len(path) > _LONGEST_RETURN_TO:
        raise UsageError(
            "The address to return to is not a path on this server.",
            hint="Give it as '/…': without scheme, host and backslashes.",
        )


def add(
    connection: Connection, *, provider: str, redirect_uri: str, return_to: str, user_id: str | None, now: datetime
) -> NewRequest:
    """Remember a person who is sent to a provider. Requests that have expired go."""
    purge(connection, now=now)
    new = NewRequest(*(secrets.token_urlsafe(32) for _ in range(4)))
    connection.execute(
        insert(_requests).values(
            state_digest=_digest(new.state),
            binding_digest=_digest(new.binding),
            provider=provider,
            nonce=new.nonce,
            code_verifier=new.code_verifier,
            redirect_uri=redirect_uri,
            return_to=return_to,
            user_id=user_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return new


def take(connection: Connection, state: str) -> Request | None:
    """The request that ``state`` stands for, taken away: of two that take it at once, one finds it gone."""
    columns = [_requests.c[name] for name in Request.__dataclass_fields__]
    taken = delete(_requests).where(_requests.c.state_digest == _digest(state)).returning(*columns)
    row = connection.execute(taken).one_or_none()
    return None if row is None else Request(**row._mapping)


def purge(connection: Connection, *, now: datetime) -> int:
    """Forget the requests that have expired; how many they were."""
    return connection.execute(delete(_requests).where(_requests.c.expires_at <= now)).rowcount


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
