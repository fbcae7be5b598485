"""Who is there: signing in and out, one-time links, and whom a request's credential stands for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from headwater.access import OWNER, SYSTEM, Actor, Via, grant, server_scope
from headwater.access import sessions as access_sessions
from headwater.access.administrator import AdministratorToken, authenticate_bearer
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.invitations import (
    Link,
    accept_first_administrator,
    accept_link,
    accept_sign_in_link,
    first_administrator_link,
    sign_in_link,
)
from headwater.access.people import User, create_user, find_user, get_user
from headwater.access.sessions import StartedSession, authenticate_session, csrf_token
from headwater.access.sign_in import begin_session, sign_in
from headwater.errors import ForbiddenError, NotFoundError
from headwater.store import Database, tables, utc_now

__all__ = ["Identity", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. ``cookie`` is the session cookie that it brought along, if any."""

    address: str | None = None
    request_id: str | None = None
    cookie: str | None = None


class Identity:
    """Signs people in and tells whose a credential is.

    Args:
        database: the metadata database.
        administrator: the token that the environment names, if it does.
    """

    def __init__(self, database: Database, administrator: AdministratorToken | None) -> None:
        self._database = database
        self._administrator = administrator

    @classmethod
    def from_environment(cls, database: Database) -> Identity:
        """With the administrator token of ``HEADWATER_ADMIN_TOKEN``.

        Raises:
            UsageError: the token is too short.
        """
        return cls(database, AdministratorToken.from_environment(os.environ))

    # -- credentials -----------------------------------------------------------------------------------------------

    def bearer(self, token: str) -> Actor:
        """Who sends a bearer token; UnauthenticatedError when it is nobody's."""
        return authenticate_bearer(self._database, token, administrator=self._administrator, now=utc_now())

    def session(self, cookie: str) -> Actor:
        """Whose session a cookie stands for; UnauthenticatedError when it is nobody's."""
        return authenticate_session(self._database, cookie, now=utc_now())

    # -- signing in and out ----------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, origin: Origin) -> StartedSession:
        """Start a session for who knows the password.

        Raises:
            UnauthenticatedError: name and password do not belong together.
            ThrottledError: too many attempts failed of late.
        """
        return sign_in(
            self._database,
            name,
            password,
            now=utc_now(),
            address=origin.address,
            request_id=origin.request_id,
            replacing=origin.cookie,
        )

    def sign_out(self, actor: Actor, *, everywhere: bool = False) -> None:
        """End the session that asks, or all of its person's.

        Raises:
            ForbiddenError: it is no session that asks.
        """
        if actor.via is not Via.SESSION or actor.user_id is None or actor.credential_id is None:
            raise ForbiddenError("There is no session to end: a token asks.", hint="Revoke the token instead.")
        with self._database.begin() as connection:
            if everywhere:
                access_sessions.end_all(connection, actor.user_id, by=actor, now=utc_now())
            else:
                access_sessions.end(connection, actor.credential_id, user_id=actor.user_id, by=actor, now=utc_now())

    def person(self, actor: Actor) -> User:
        """The person who asks; NotFoundError for the machine."""
        if actor.user_id is None:
            raise NotFoundError("The machine is no person.", hint="Sign in.")
        with self._database.read() as connection:
            return get_user(connection, actor.user_id)

    @staticmethod
    def csrf(cookie: str) -> str:
        """What a page of the session must send in a header wherever something changes."""
        return csrf_token(cookie)

    # -- links -----------------------------------------------------------------------------------------------------

    def first_administrator_link(self) -> Link | None:
        """The link by which the first administrator comes in; None once there is any user."""
        with self._database.begin() as connection:
            return first_administrator_link(connection, now=utc_now())

    def has_users(self) -> bool:
        """Whether there is anybody beside the built-in administrator."""
        user = tables.users.c
        others = select(user.id).where(user.id != tables.BUILT_IN_ADMINISTRATOR).limit(1)
        with self._database.read() as connection:
            return connection.scalar(others) is not None

    def accept_first_administrator(
        self, token: str, name: str, password: str, display_name: str, origin: Origin
    ) -> StartedSession:
        """Make the first user, who owns the server, and sign them in.

        Raises:
            UnauthenticatedError: the link is not good, or no longer.
            UsageError: the name or password cannot be used; the link stays good.
        """
        with self._database.begin() as connection:
            now = utc_now()
            user = accept_first_administrator(
                connection, token, name=name, password=password, now=now, display_name=display_name
            )
            _own_server(connection, user, now)
            return self._begin(connection, user, "link", origin, now)

    def accept_link(self, token: str, password: str, origin: Origin) -> StartedSession:
        """Set the password of whomever a link was made for, and sign them in.

        Raises:
            UnauthenticatedError: the link is not good, or no longer.
            UsageError: the password cannot be used; the link stays good.
        """
        with self._database.begin() as connection:
            now = utc_now()
            user = accept_link(connection, token, password=password, now=now)
            return self._begin(connection, user, "link", origin, now)

    def sign_in_link(self, name: str) -> Link:
        """A link that signs in the user who is called ``name``, for who works on the server's own machine.

        Raises:
            NotFoundError: there is no such user.
            UsageError: the user is disabled.
        """
        with self._database.begin() as connection:
            user = find_user(connection, name)
            if user is None:
                raise NotFoundError(f"There is no user '{name}'.", hint="List them with 'headwater people list'.")
            return sign_in_link(connection, user.id, by=SYSTEM, now=utc_now())

    def accept_sign_in_link(self, token: str, origin: Origin) -> StartedSession:
        """Sign in whomever a link was made for; UnauthenticatedError when it is not good, or no longer."""
        with self._database.begin() as connection:
            now = utc_now()
            return self._begin(connection, accept_sign_in_link(connection, token, now=now), "link", origin, now)

    # -- the person at this machine ----------------------------------------------------------------------------------

    def local_person(self, name: str) -> Actor:
        """The person who started the demo: a user who owns the server, made where there is none of this name."""
        with self._database.begin() as connection:
            now = utc_now()
            user = find_user(connection, name) or create_user(connection, name, by=SYSTEM, now=now)
            _own_server(connection, user, now)
        return Actor(user.id, user.name, Via.LOCAL)

    def sign_in_local(self, user_id: str, origin: Origin) -> StartedSession:
        """Sign in the person at this machine, of whom the caller knows that it is them who asks."""
        with self._database.begin() as connection:
            return self._begin(connection, get_user(connection, user_id), "local", origin, utc_now())

    @staticmethod
    def _begin(connection: Connection, user: User, method: str, origin: Origin, now: datetime) -> StartedSession:
        access_sessions.purge(connection, now=now)
        by = Actor(user.id, user.name, Via.LINK, request_id=origin.request_id, address=origin.address)
        return begin_session(connection, by, method=method, now=now, replacing=origin.cookie)


def _own_server(connection: Connection, user: User, now: datetime) -> None:
    scope = server_scope(connection)
    granted = grant(connection, SYSTEM, user.id, OWNER, scope, now=now)
    if granted.changed:
        record(
            connection, Event.ROLE_GRANTED, SYSTEM, now=now, target=f"scope:{scope}", scope_id=scope,
            principal_id=user.id, role=OWNER,
        )  # fmt: skip
