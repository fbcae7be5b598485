"""Signing in by OpenID Connect: sending a person to their provider, and believing what they come back with.

The authorization code flow with PKCE, state and nonce. The network is never waited for in a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from headwater.access import sessions
from headwater.access.actors import Actor, Via
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.openid import requests
from headwater.access.openid.directory import DIRECTORY, Directory
from headwater.access.openid.exchange import exchange_code
from headwater.access.openid.id_tokens import Identity, verify
from headwater.access.openid.linking import find_or_create, link_external
from headwater.access.openid.membership import synchronize
from headwater.access.openid.provider import Provider
from headwater.access.openid.requests import Request
from headwater.access.people import User
from headwater.access.sessions import DEFAULT_POLICY, Policy, StartedSession
from headwater.access.sign_in import begin_session
from headwater.errors import HeadwaterError, UnauthenticatedError
from headwater.store import Database, exclusive

__all__ = ["Begun", "Completed", "begin", "complete"]

#: What RFC 6749 and OpenID Connect call failures. Any other word is a provider's free text.
_ERRORS = frozenset({
    "access_denied", "invalid_request", "invalid_scope", "server_error", "temporarily_unavailable",
    "unauthorized_client", "unsupported_response_type", "account_selection_required", "consent_required",
    "interaction_required", "login_required",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it has to bring back in a cookie that lives for ``requests.LIFETIME``."""

    url: str
    binding: str

    def __repr__(self) -> str:
        return "Begun(***)"


@dataclass(frozen=True, slots=True)
class Completed:
    """A session, and the path to which the person wanted to go."""

    started: StartedSession
    return_to: str


def begin(
    database: Database,
    provider: Provider,
    *,
    redirect_uri: str,
    return_to: str,
    now: datetime,
    link_user_id: str | None = None,
    directory: Directory = DIRECTORY,
) -> Begun:
    """Remember somebody who wants to sign in, and say where to send them.

    Args:
        redirect_uri: where the provider sends them back to: this server's address as it was configured, never as a
            request calls it.
        return_to: the path to go to at last.
        link_user_id: the signed-in user who wants to be linked to whomever the provider names.

    Raises:
        UsageError: ``return_to`` is no path on this server.
        NetworkError: the provider cannot be reached, or describes itself in a way that cannot be used.
    """
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]  # as elsewhere
    from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]  # as elsewhere

    requests.check_return_to(return_to)
    metadata = directory.metadata(provider, now=now)
    with database.begin() as connection:
        new = requests.add(
            connection,
            provider=provider.name,
            redirect_uri=redirect_uri,
            return_to=return_to,
            user_id=link_user_id,
            now=now,
        )
    url = prepare_grant_uri(
        metadata.authorization_endpoint,
        client_id=provider.client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(provider.scopes),
        state=new.state,
        nonce=new.nonce,
        code_challenge=create_s256_code_challenge(new.code_verifier),
        code_challenge_method="S256",
    )
    return Begun(url, new.binding)


def complete(
    database: Database,
    providers: Iterable[Provider],
    *,
    state: str,
    code: str | None,
    binding: str | None,
    now: datetime,
    address: str | None = None,
    request_id: str | None = None,
    replacing: str | None = None,
    error: str | None = None,
    issuer: str | None = None,
    policy: Policy = DEFAULT_POLICY,
    directory: Directory = DIRECTORY,
) -> Completed:
    """Start a session for whom the provider vouches for. The request is used up, whatever comes of it.

    A failure is recorded once it is known which request it belongs to: anybody can make up a ``state``, and would
    write the log full.

    Args:
        state, code, error, issuer: the parameters ``state``, ``code``, ``error`` and ``iss`` of the address that the
            provider sent the browser back to.
        binding: the cookie that ``begin`` gave the browser; None where it brings none.
        replacing: the session cookie that came along, if any; that session ends.

    Raises:
        UnauthenticatedError: they may not come in; the message says which check failed.
        NetworkError: the provider cannot be reached, or answers in a way that cannot be used.
        ConflictError: the user who wants to be linked, or the provider's subject, is linked to another.
        UsageError: the built-in administrator wants to be linked.
    """
    with database.begin() as connection:
        request = requests.take(connection, state)
    if request is None:
        raise _start_again("This sign-in is not known, or no longer.")
    provider = next((known for known in providers if known.name == request.provider), None)
    by = Actor(None, request.provider, Via.OPENID, request_id=request_id, address=address)
    attempt = _Attempt(database, request, by, now, replacing, policy)
    try:
        attempt.check(binding)
        if provider is None:
            raise _start_again("The provider of this sign-in is no longer configured.")
        identity = _identity(provider, request, _Answer(code, error, issuer), directory, now)
        return Completed(attempt.start_session(provider, identity), request.return_to)
    except HeadwaterError:
        with database.begin() as connection:
            method = request.provider if provider is None else provider.issuer
            record(connection, Event.SIGNED_IN, by, now=now, result="failed", method=method)
        raise


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the provider sent the browser back with."""

    code: str | None
    error: str | None
    issuer: str | None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Somebody who is back. ``by`` is the provider: it acts until the person is known."""

    database: Database
    request: Request
    by: Actor
    now: datetime
    replacing: str | None
    policy: Policy

    def check(self, binding: str | None) -> None:
        """Refuse what another browser began, or took too long."""
        if not self.request.is_bound_to(binding):
            raise _start_again("This sign-in was begun in another browser.")
        if self.now >= self.request.expires_at:
            raise _start_again("This sign-in took too long.")

    def start_session(self, provider: Provider, identity: Identity) -> StartedSession:
        """The user, their groups and a session: all of it or nothing."""
        asking = self._asking()
        with self.database.begin() as connection:
            # Somebody's first two sign-ins at once make one user.
            exclusive(connection, f"openid {provider.issuer} {identity.subject}")
            user = self._user(connection, provider, identity, asking)
            if identity.groups is not None:
                synchronize(connection, user, provider.issuer, identity.groups, by=self.by, now=self.now)
            person = Actor(user.id, user.name, Via.OPENID, request_id=self.by.request_id, address=self.by.address)
            return begin_session(
                connection,
                person,
                method=provider.issuer,
                now=self.now,
                replacing=self.replacing,
                policy=self.policy,
            )

    def _asking(self) -> Actor | None:
        """Who wants to be linked, still signed in: a session that was ended since links nobody."""
        if self.request.user_id is None:
            return None
        asking = sessions.authenticate_session(self.database, self.replacing or "", now=self.now, policy=self.policy)
        if asking.user_id != self.request.user_id:
            raise _start_again("Somebody else is signed in by now.")
        return asking.at(request_id=self.by.request_id, address=self.by.address)

    def _user(self, connection: Connection, provider: Provider, identity: Identity, asking: Actor | None) -> User:
        if asking is None:
            return find_or_create(connection, provider, identity, by=self.by, now=self.now)
        return link_external(
            connection, asking.user_id or "", provider.issuer, identity.subject, by=asking, now=self.now
        )


def _identity(provider: Provider, request: Request, answer: _Answer, directory: Directory, now: datetime) -> Identity:
    """Whom the provider vouches for in its answer to this request."""
    metadata = directory.metadata(provider, now=now)
    # RFC 9207: an answer of one provider must not be taken to another, which could use the code.
    if answer.issuer != provider.issuer and (answer.issuer is not None or metadata.names_issuer):
        raise _start_again(f"The answer does not come from '{provider.display_name}'.")
    if answer.error is not None or answer.code is None:
        said = answer.error if answer.error in _ERRORS else "an error"
        raise _start_again(f"The provider '{provider.display_name}' did not sign you in: {said}.")
    tokens = exchange_code(
        provider, metadata, code=answer.code, redirect_uri=request.redirect_uri, code_verifier=request.code_verifier
    )
    identity = verify(provider, tokens, directory, nonce=request.nonce, now=now)
    if not provider.allows(identity.email):
        raise UnauthenticatedError(
            f"The provider '{provider.display_name}' names no verified e-mail address of a domain that may come in.",
            hint="Ask an administrator.",
        )
    return identity


def _start_again(message: str) -> UnauthenticatedError:
    return UnauthenticatedError(message, hint="Start again from the sign-in page.")
