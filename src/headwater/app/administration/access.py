"""Roles, assignments, and who may do what where."""

from __future__ import annotations

from headwater.access import Action, Actor, check, explain, may, require
from headwater.app.administration.assignments import Given, GivenPage, give, list_given, take
from headwater.app.administration.explanations import Answer, action_named
from headwater.app.administration.principals import named_user, user_or_self
from headwater.app.administration.roles import Roles
from headwater.app.administration.scopes import Paths, ScopePage, children, resolve
from headwater.store import Database

__all__ = ["Access"]


class Access:
    """Gives and takes roles, and says who may do what.

    Scopes are named as ``scopes.FORMS`` has it, users and groups by a user's name, ``group:NAME`` or an id. ``roles``
    has the role definitions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.roles = Roles(database)

    # -- assignments -----------------------------------------------------------------------------------------------

    def grant(self, actor: Actor, who: str, role: str, scope: str) -> tuple[Given, bool]:
        """Give a user or a group a role at a scope and all below it; the assignment, and whether it is new.

        Raises:
            NotFoundError: there is no such scope or none that the actor may see, or no such user, group or role.
            ForbiddenError: the actor may not assign roles there.
            UsageError: the text names no scope, or several.
        """
        with self._database.begin() as connection:
            return give(connection, actor, who, role, scope)

    def revoke(self, actor: Actor, who: str, role: str, scope: str) -> Given:
        """Take a role away where it was given; what it was. It holds from the next request.

        Raises:
            NotFoundError: there is no such assignment at this very scope; else as ``grant``.
            ForbiddenError: the actor may not assign roles there.
            ConflictError: nobody would be Owner of the server any more.
            UsageError: the text names no scope, or several.
        """
        with self._database.begin() as connection:
            return take(connection, actor, who, role, scope)

    def assignments(
        self,
        actor: Actor,
        *,
        scope: str | None = None,
        who: str | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> GivenPage:
        """A page of the assignments that the actor may see (``roles.read`` where they were given).

        Args:
            actor: who asks.
            scope: leaves those that were given at this very scope.
            who: leaves those that were given to this user or group itself.
            after: what the page before said.
            limit: how many at most.

        Raises:
            NotFoundError: there is no such scope or none that the actor may see; or no such user or group, for who
                may see people.
            UsageError: the text names no scope, or several.
        """
        with self._database.read() as connection:
            return list_given(connection, actor, scope=scope, who=who, after=after, limit=limit)

    # -- questions -------------------------------------------------------------------------------------------------

    def check(self, actor: Actor, action: str, scope: str, user: str | None = None) -> bool:
        """Whether a user may do something; without ``user``, whether the actor may, by what they ask with.

        Raises:
            NotFoundError: there is no such scope or none that the actor may see, or no such user.
            ForbiddenError: it is about somebody else, and the actor may not see roles there.
            UsageError: there is no such action, or the text names no scope, or several.
        """
        asked = action_named(action)
        with self._database.read() as connection:
            where = resolve(connection, actor, scope).id
            if user is None:
                return may(connection, actor, asked, where)
            if user not in {actor.user_id, actor.name}:
                require(connection, actor, Action.ROLES_READ, where)
            return check(connection, named_user(connection, user).id, asked, where)

    def explain(self, actor: Actor, action: str, scope: str, user: str | None = None) -> Answer:
        """Why a user may do something or may not, and what would help; without ``user``, about the actor.

        It names nothing that the actor may not see. Raises as ``check`` does.
        """
        asked = action_named(action)
        with self._database.read() as connection:
            where = resolve(connection, actor, scope).id
            if user is not None and user not in {actor.user_id, actor.name}:
                require(connection, actor, Action.ROLES_READ, where)
            about = user_or_self(connection, actor, user)
            found = explain(connection, actor, about.id, asked, where)
            shown = Paths(connection, actor).shown(where)
        return Answer(about.name, asked, "" if shown is None else shown.path, found)

    def scopes(
        self, actor: Actor, of: str | None = None, *, matching: str = "", after: int | None = None, limit: int = 50
    ) -> ScopePage:
        """A page of the scopes right below one that the actor may see; without ``of``, the topmost they may see.

        Raises:
            NotFoundError: there is no such scope, or none that the actor may see.
            UsageError: the text names no scope, or several.
        """
        with self._database.read() as connection:
            return children(connection, actor, of, matching=matching, after=after, limit=limit)
