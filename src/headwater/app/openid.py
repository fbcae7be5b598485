"""Signing in by the OpenID Connect providers that the configuration names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from headwater.access import Action, Actor
from headwater.access.openid import Begun, Completed, Provider, begin, complete, link_external, purge, tie_group
from headwater.access.people import User
from headwater.app.administration.authority import require_at_server
from headwater.app.administration.principals import known_id
from headwater.app.configuration import administrators_secret, is_reference
from headwater.app.identity import Origin
from headwater.errors import HomeError, NotFoundError, ThrottledError, UsageError
from headwater.secret import Secret
from headwater.store import Database, tables, utc_now

__all__ = ["Callback", "OpenId", "read_providers"]

#: Beginning to sign in writes a row for whoever asks; nobody is to fill the database by that.
MOST_WAITING = 10_000

_KEYS = frozenset(field.name for field in fields(Provider))
_LISTS = frozenset({"scopes", "allowed_email_domains", "private_networks"})


@dataclass(frozen=True, slots=True)
class Callback:
    """What a provider sends a browser back with, and the cookie that the browser was given before."""

    state: str
    code: str | None
    error: str | None
    issuer: str | None
    binding: str | None


class OpenId:
    """Sends people to their provider, and signs in whoever comes back.

    Args:
        database: the metadata database.
        providers: who vouches for people.
    """

    def __init__(self, database: Database, providers: Sequence[Provider]) -> None:
        self._database = database
        self.providers = tuple(providers)

    def begin(self, name: str, *, redirect_uri: str, return_to: str, link: Actor | None = None) -> Begun:
        """Where to send a browser that wants to sign in by a provider; with ``link``, whose user is to be tied to it.

        Raises:
            NotFoundError: there is no such provider.
            UsageError: ``return_to`` is no path of this server, or ``link`` is no person.
            NetworkError: the provider cannot be asked.
        """
        if link is not None and link.user_id is None:
            raise UsageError("Only a person is tied to a provider's user.", hint="Sign in.")
        now = utc_now()
        with self._database.begin() as connection:
            purge(connection, now=now)
            if (connection.scalar(select(func.count()).select_from(tables.openid_requests)) or 0) >= MOST_WAITING:
                raise ThrottledError("Too many people are signing in at once.", retry_after=60, hint="Wait a minute.")
        return begin(
            self._database,
            self._provider(name),
            redirect_uri=redirect_uri,
            return_to=return_to,
            now=now,
            link_user_id=None if link is None else link.user_id,
        )

    def complete(self, callback: Callback, origin: Origin) -> Completed:
        """Sign in whoever comes back from a provider.

        Raises:
            UnauthenticatedError: what they come back with is not to be believed, or they may not come in.
            NetworkError: the provider cannot be asked.
        """
        return complete(
            self._database,
            self.providers,
            state=callback.state,
            code=callback.code,
            binding=callback.binding,
            now=utc_now(),
            address=origin.address,
            request_id=origin.request_id,
            replacing=origin.cookie,
            error=callback.error,
            issuer=callback.issuer,
        )

    def link(self, actor: Actor, user_id: str, issuer: str, subject: str) -> User:
        """Tie a user to whom an issuer calls ``subject``.

        Raises:
            ForbiddenError: the actor may not manage people.
            NotFoundError: there is no such user.
            ConflictError: somebody is tied to them already.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            return link_external(connection, known_id(user_id, "user"), issuer, subject, by=actor, now=utc_now())

    def tie_group(self, actor: Actor, group_id: str, issuer: str, name: str | None = None) -> None:
        """Let an issuer say who is in a group: it is called ``name`` there.

        Raises:
            ForbiddenError: the actor may not manage people.
            NotFoundError: there is no such group.
            ConflictError: the issuer's group is tied to another one.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            tie_group(connection, known_id(group_id, "group"), issuer, by=actor, now=utc_now(), name=name)

    def _provider(self, name: str) -> Provider:
        for provider in self.providers:
            if provider.name == name:
                return provider
        raise NotFoundError(f"There is no provider '{name}' to sign in by.", hint="Go to the sign-in page.")


def read_providers(stated: Sequence[Mapping[str, Any]], file: Path) -> tuple[Provider, ...]:
    """The providers that the ``[[openid]]`` tables of a home's configuration describe.

    Raises:
        HomeError: a table is no provider.
        SecretError: a client secret is not where its reference says.
    """
    found = tuple(_provider(table, file) for table in stated)
    if len({provider.name for provider in found}) < len(found):
        raise _misstated("Two providers have one name.", file)
    return found


def _provider(table: Mapping[str, Any], file: Path) -> Provider:
    unknown = sorted(table.keys() - _KEYS)
    if unknown:
        raise _misstated(f"'{unknown[0]}' says nothing about a provider.", file)
    stated: dict[str, Any] = {"display_name": table.get("name", ""), **table}
    try:
        for name in _LISTS & stated.keys():
            stated[name] = tuple(map(ip_network, stated[name]) if name == "private_networks" else stated[name])
        if "client_secret" in stated:
            stated["client_secret"] = _client_secret(stated["client_secret"], file)
        return Provider(**stated)
    except UsageError as error:
        raise _misstated(error.message, file) from error
    except (TypeError, ValueError) as error:
        message = "A provider has name, issuer and client_id, and each key its own kind of value."
        raise _misstated(message, file) from error


def _client_secret(reference: object, file: Path) -> Secret:
    if not isinstance(reference, str) or not is_reference(reference):
        raise _misstated("A client secret is kept elsewhere.", file)
    return administrators_secret(reference)


def _misstated(message: str, file: Path) -> HomeError:
    return HomeError(
        message,
        place=f"{file}, [[openid]]",
        hint='Write it as in docs/how-to/sign-in-with-openid-connect.md; the secret as client_secret = "env:NAME".',
        code="home.unreadable",
    )
