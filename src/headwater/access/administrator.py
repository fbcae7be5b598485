"""The built-in administrator: whoever holds the token that the server's environment names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwater.access.actors import Actor, Via
from headwater.access.bearer import same
from headwater.access.tokens import authenticate_token
from headwater.errors import UsageError
from headwater.store import Database, tables

__all__ = ["VARIABLE", "AdministratorToken", "authenticate_bearer"]

VARIABLE = "HEADWATER_ADMIN_TOKEN"
SHORTEST = 32


class AdministratorToken:
    """A bearer token that is never stored: it is compared with what the environment says, in constant time.

    >>> import secrets
    >>> token = AdministratorToken(secrets.token_urlsafe(32))
    >>> token, token.actor_for("guess") is None
    (AdministratorToken(***), True)
    """

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        """Take the token.

        Raises:
            UsageError: it is so short that it could be guessed.
        """
        if len(token) < SHORTEST:
            raise UsageError(
                f"The administrator token in {VARIABLE} is too short.",
                hint=f"Make one of {SHORTEST} characters or more: python -c 'import secrets; "
                "print(secrets.token_urlsafe(32))'.",
                place=VARIABLE,
            )
        self._token = token

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AdministratorToken | None:
        """The token that the environment names; None where it names none, and then there is none.

        Raises:
            UsageError: it is too short.
        """
        token = environment.get(VARIABLE, "").strip()
        return cls(token) if token else None

    def actor_for(self, presented: str) -> Actor | None:
        """The built-in administrator, if ``presented`` is the token."""
        if not same(self._token, presented):
            return None
        return Actor(tables.BUILT_IN_ADMINISTRATOR, "built-in administrator", Via.ADMINISTRATOR_TOKEN)

    def __repr__(self) -> str:
        return "AdministratorToken(***)"


def authenticate_bearer(
    database: Database, token: str, *, administrator: AdministratorToken | None, now: datetime
) -> Actor:
    """Who sends ``Authorization: Bearer <token>``: the built-in administrator, or an API token's owner.

    Raises:
        UnauthenticatedError: the token is nobody's, or no longer good.
    """
    found = None if administrator is None else administrator.actor_for(token)
    return authenticate_token(database, token, now=now) if found is None else found
