"""API tokens: one's own, and those that are made for others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from headwater.access import Action, Actor, tokens
from headwater.access.people import User
from headwater.access.tokens import ApiToken, NewToken
from headwater.app.administration.authority import is_oneself, require_at_server, require_hand_on, require_oneself_or
from headwater.app.administration.principals import known_id, user_or_self
from headwater.app.administration.scopes import Paths, ShownScope, resolve
from headwater.errors import UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["ShownToken", "Tokens"]

_DEFAULT_DAYS = 90


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token in a list. ``scope`` is None where it is good anywhere, or where its scope is gone or not to be seen."""

    info: ApiToken
    scope: ShownScope | None


class Tokens:
    """Everybody makes, lists and revokes their own tokens; others' need ``people.manage`` at the server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        actor: Actor,
        name: str,
        *,
        user: str | None = None,
        actions: Iterable[str] | None = None,
        scope: str | None = None,
        days: int = _DEFAULT_DAYS,
    ) -> NewToken:
        """Make a token, whose string is shown only here.

        Args:
            actor: who asks.
            name: what it is for.
            user: whose it is, by name or id; None: the one's who asks.
            actions: those it is good for, wildcards allowed; None: whatever its owner may do.
            scope: where it is good, as ``scopes.resolve`` reads it; None: anywhere.
            days: how long it lives.

        Raises:
            ForbiddenError: it is for somebody else, and the actor may not manage people or could not give the roles
                that they have; or it is asked for with a token that is itself limited.
            NotFoundError: there is no such user or scope.
            UsageError: the name is empty, it would live too long, an action is none, or it is for the built-in
                administrator.
        """
        with self._database.begin() as connection:
            owner = _owner(connection, actor, user)
            if not is_oneself(actor, owner.id):
                require_hand_on(connection, actor, owner.id)
            _refuse_built_in(owner.id)
            where = None if scope is None else resolve(connection, actor, scope).id
            lifetime = timedelta(days=max(0, min(days, tokens.LONGEST_LIFETIME.days + 1)))
            return tokens.create_token(
                connection, owner.id, name, by=actor, now=utc_now(), actions=actions, scope_id=where, lifetime=lifetime
            )

    def list(self, actor: Actor, user: str | None = None) -> tuple[ShownToken, ...]:
        """Somebody's tokens, the newest first, with those that are no longer good.

        Raises:
            ForbiddenError: they are somebody else's, and the actor may not manage people.
            NotFoundError: there is no such user.
        """
        with self._database.read() as connection:
            owner = _owner(connection, actor, user)
            paths = Paths(connection, actor)
            return tuple(
                ShownToken(info, None if info.scope_id is None else paths.shown(info.scope_id))
                for info in tokens.list_tokens(connection, owner.id)
            )

    def revoke(self, actor: Actor, token_id: str, user: str | None = None) -> None:
        """Make a token worthless from the next request on.

        Raises:
            ForbiddenError: it is somebody else's, and the actor may not manage people.
            NotFoundError: there is no such user, or they have no such token.
        """
        with self._database.begin() as connection:
            owner = _owner(connection, actor, user)
            token_id = known_id(token_id, "token")
            tokens.revoke_token(connection, token_id, user_id=owner.id, by=actor, now=utc_now())


def _owner(connection: Connection, actor: Actor, who: str | None) -> User:
    """Whose tokens are asked about, where the actor may; who may not manage people is not told who exists."""
    if who is not None and who not in {actor.user_id, actor.name}:
        require_at_server(connection, actor, Action.PEOPLE_MANAGE)
    owner = user_or_self(connection, actor, who)
    require_oneself_or(connection, actor, owner.id, Action.PEOPLE_MANAGE)
    return owner


def _refuse_built_in(user_id: str) -> None:
    """Its token would outlive the environment's, and that is how the built-in administrator is shut out."""
    if user_id == tables.BUILT_IN_ADMINISTRATOR:
        raise UsageError("The built-in administrator has no tokens.", hint="Make a user, and a token for them.")
