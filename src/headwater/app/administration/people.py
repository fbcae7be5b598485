"""Users: their own matters, and what whoever manages people does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from headwater.access import Action, Actor, Via, passwords, people, sessions, throttling
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.invitations import Link, password_link, sign_in_link
from headwater.access.people import User
from headwater.access.sessions import Session
from headwater.app.administration.authority import (
    is_oneself,
    keeping_an_owner,
    require_at_server,
    require_hand_on,
    require_oneself_or,
)
from headwater.app.administration.principals import known_id, named_user
from headwater.dataflows.refreshing.handler import pause_schedules_of
from headwater.errors import ForbiddenError, UsageError
from headwater.store import Database, utc_now

__all__ = ["People", "UserPage", "link_address"]


@dataclass(frozen=True, slots=True)
class UserPage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    users: list[User]
    total: int
    after: str | None


def link_address(server: str, link: Link) -> str:
    """Where a browser uses a one-time link. Behind ``#`` the token reaches no server's log."""
    page = {"set_password": "password", "sign_in": "link", "first_administrator": "first-administrator"}[link.purpose]
    return f"{server.rstrip('/')}/sign-in/{page}#{link.token}"


class People:
    """Lists, makes, changes and disables users, for whoever may; anybody sees to their own matters.

    Reading needs ``people.read`` at the server, changing ``people.manage``. Everybody may read and change their own
    display name, e-mail address and password, and their sessions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- reading ---------------------------------------------------------------------------------------------------

    def list(self, actor: Actor, *, matching: str = "", after: str | None = None, limit: int = 50) -> UserPage:
        """A page of users by name, and how many there are on all pages.

        Raises:
            ForbiddenError: the actor may not see people.
            UsageError: ``after`` is no user's name.
        """
        if after is not None and not after.isprintable():
            raise UsageError("No page ends with this name.", hint="Give what the page before said.")
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.PEOPLE_READ)
            found = people.list_users(connection, matching=matching, after=after, limit=limit + 1)
            total = people.count_users(connection, matching=matching)
        users = found[:limit]
        return UserPage(users, total, users[-1].name if len(found) > limit else None)

    def get(self, actor: Actor, user_id: str) -> User:
        """A user.

        Raises:
            NotFoundError: there is none.
            ForbiddenError: it is somebody else, and the actor may not see people.
        """
        with self._database.read() as connection:
            if actor.user_id != user_id:
                require_at_server(connection, actor, Action.PEOPLE_READ)
            return people.get_user(connection, known_id(user_id, "user"))

    def find(self, actor: Actor, who: str) -> User:
        """The user of a name or an id; raises as ``get`` does."""
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.PEOPLE_READ)
            return named_user(connection, who)

    # -- changing --------------------------------------------------------------------------------------------------

    def create(self, actor: Actor, name: str, *, display_name: str = "", email: str | None = None) -> User:
        """Make a user, who comes in by a link.

        Raises:
            ForbiddenError: the actor may not manage people.
            UsageError: the name or another text cannot be one.
            ConflictError: the name is taken.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            return people.create_user(connection, name, by=actor, now=utc_now(), display_name=display_name, email=email)

    def change(
        self,
        actor: Actor,
        user_id: str,
        *,
        name: str | None = None,
        display_name: str | None = None,
        email: str | None = None,
    ) -> User:
        """Change what is given; one's own name, which one signs in with, needs ``people.manage`` too.

        Raises:
            NotFoundError: there is no such user.
            ForbiddenError: the actor may not.
            UsageError: a text cannot be one, or the user is the built-in administrator.
            ConflictError: the name is taken.
        """
        with self._database.begin() as connection:
            if name is None:
                require_oneself_or(connection, actor, user_id, Action.PEOPLE_MANAGE)
            else:
                require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            return people.change_user(
                connection,
                known_id(user_id, "user"),
                by=actor,
                now=utc_now(),
                name=name,
                display_name=display_name,
                email=email,
            )

    def disable(self, actor: Actor, user_id: str) -> User:
        """Keep somebody out from the next request on; what runs with their rights is not refreshed by itself any more.

        Raises:
            NotFoundError: there is no such user.
            ForbiddenError: the actor may not manage people.
            ConflictError: they are the last Owner of the server.
            UsageError: it is the built-in administrator.
        """
        with self._database.begin() as connection, keeping_an_owner(connection):
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            people.disable_user(connection, known_id(user_id, "user"), by=actor, now=utc_now())
            pause_schedules_of(connection, user_id)
            return people.get_user(connection, user_id)

    def enable(self, actor: Actor, user_id: str) -> User:
        """Let somebody in again.

        Raises:
            NotFoundError: there is no such user.
            ForbiddenError: the actor may not manage people.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            people.enable_user(connection, known_id(user_id, "user"), by=actor, now=utc_now())
            return people.get_user(connection, user_id)

    def change_password(self, actor: Actor, user_id: str, *, current: str, new: str) -> None:
        """Change one's own password; other sessions of the person end. Others' are set by a link.

        Wrong guesses are counted as those at the sign-in are: who holds a session does not know the password.

        Raises:
            ForbiddenError: it is somebody else's, or ``current`` is not the password (``forbidden.password``).
            ThrottledError: it was guessed wrongly too often of late.
            UsageError: ``new`` cannot be a password.
        """
        with self._database.begin() as connection:
            if not is_oneself(actor, user_id):
                raise _not_own_password()
            user = people.get_user(connection, user_id)
            passwords.check_acceptable(new, name=user.name)
            stored = passwords.stored(connection, user_id)
            throttling.reserve(connection, user.name, actor.address, user_id=user_id, now=utc_now())
        # Outside of a transaction: it takes long, and on SQLite nobody else could write meanwhile.
        matches, _ = passwords.verify(current, stored)
        with self._database.begin() as connection:
            if matches and passwords.stored(connection, user_id) == stored:
                return _set_password(connection, actor, user, new)
            target = f"user:{user_id}"
            record(connection, Event.PASSWORD_CHANGED, actor, now=utc_now(), target=target, result="failed")
        raise ForbiddenError(
            "That is not your current password.",
            code="forbidden.password",
            hint="Type the one you sign in with. Whoever manages people can make you a link to set another.",
        )

    def link(self, actor: Actor, user_id: str, purpose: Literal["set_password", "sign_in"] = "set_password") -> Link:
        """A one-time link for a user: to set a password, or to sign in without one.

        A link to sign in with leaves no trace at its user's, so only the machine itself makes one.

        Raises:
            NotFoundError: there is no such user.
            ForbiddenError: the actor may not manage people, could not give the roles that the user has, or asks for a
                link to sign in with.
            UsageError: the user is disabled, or the built-in administrator.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            user = people.get_user(connection, known_id(user_id, "user"))
            require_hand_on(connection, actor, user.id)
            if purpose == "set_password":
                return password_link(connection, user.id, by=actor, now=utc_now())
            if actor.via is not Via.SYSTEM:
                raise ForbiddenError(
                    "Links to sign in with are made on the server's own machine.",
                    hint="Make a link by which they set a password.",
                )
            return sign_in_link(connection, user.id, by=actor, now=utc_now())

    # -- sessions --------------------------------------------------------------------------------------------------

    def sessions(self, actor: Actor, user_id: str) -> tuple[Session, ...]:
        """Somebody's sessions, the last used first.

        Raises:
            NotFoundError: there is no such user.
            ForbiddenError: it is somebody else, and the actor may not manage people.
        """
        with self._database.read() as connection:
            require_oneself_or(connection, actor, user_id, Action.PEOPLE_MANAGE)
            user = people.get_user(connection, known_id(user_id, "user"))
            return tuple(sessions.list_sessions(connection, user.id, now=utc_now()))

    def end_session(self, actor: Actor, user_id: str, session_id: str) -> None:
        """End one of somebody's sessions.

        Raises:
            NotFoundError: there is no such user or session.
            ForbiddenError: it is somebody else, and the actor may not manage people.
        """
        with self._database.begin() as connection:
            require_oneself_or(connection, actor, user_id, Action.PEOPLE_MANAGE)
            user_id, session_id = known_id(user_id, "user"), known_id(session_id, "session")
            sessions.end(connection, session_id, user_id=user_id, by=actor, now=utc_now())

    def end_sessions(self, actor: Actor, user_id: str) -> int:
        """End all sessions of somebody; how many there were. Raises as ``sessions`` does."""
        with self._database.begin() as connection:
            require_oneself_or(connection, actor, user_id, Action.PEOPLE_MANAGE)
            user = people.get_user(connection, known_id(user_id, "user"))
            return sessions.end_all(connection, user.id, by=actor, now=utc_now())


def _set_password(connection: Connection, actor: Actor, user: User, new: str) -> None:
    now = utc_now()
    throttling.clear(connection, user.name, actor.address, user_id=user.id, now=now)
    keep = actor.credential_id if actor.via is Via.SESSION else None
    people.set_password(connection, user.id, new, by=actor, now=now, keep_session=keep)


def _not_own_password() -> ForbiddenError:
    return ForbiddenError(
        "Everybody changes their own password only.",
        code="forbidden.password",
        hint="Make a link by which they set one.",
    )
