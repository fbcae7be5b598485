"""Whom a provider's subject is here. A person has one: nobody becomes somebody else because two names are alike."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from headwater.access import people
from headwater.access.actors import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.openid.id_tokens import Identity
from headwater.access.openid.provider import Provider
from headwater.access.people import User
from headwater.errors import ConflictError, UnauthenticatedError, UsageError
from headwater.store import tables

__all__ = ["find_or_create", "link_external", "unlink_external"]

_users = tables.users


def link_external(connection: Connection, user_id: str, issuer: str, subject: str, *, by: Actor, now: datetime) -> User:
    """Let whom ``issuer`` calls ``subject`` sign in as this user from now on; a password they have stays good.

    Raises:
        NotFoundError: there is no such user.
        UsageError: issuer or subject is empty, or the user is the built-in administrator.
        ConflictError: the subject is somebody else, or the user is linked to another one.
    """
    if not issuer or not subject or not subject.isprintable() or len(subject) > 255:
        raise UsageError("A link names an issuer and a subject.", hint="The subject is the claim 'sub' of the person.")
    if user_id == tables.BUILT_IN_ADMINISTRATOR:
        raise UsageError("The built-in administrator cannot be linked.", hint="Link a user of your own.")
    user = people.get_user(connection, user_id)
    if (user.issuer, user.subject) == (issuer, subject):
        return user
    free = update(_users).where(_users.c.id == user_id, _users.c.issuer.is_(None))
    try:
        with connection.begin_nested():
            linked = connection.execute(free.values(issuer=issuer, subject=subject)).rowcount
    except IntegrityError as error:
        raise ConflictError("This subject is linked to another user.", hint="Unlink that user first.") from error
    if not linked:
        raise ConflictError("This user is linked to another subject.", hint="Unlink the user first.")
    record(connection, Event.PERSON_CHANGED, by, now=now, target=f"user:{user_id}", changed="issuer,subject")
    return people.get_user(connection, user_id)


def unlink_external(connection: Connection, user_id: str, *, by: Actor, now: datetime) -> User:
    """Undo a link; nothing happens when there is none. Who has no password needs a one-time link to come in again.

    Raises:
        NotFoundError: there is no such user.
    """
    if people.get_user(connection, user_id).issuer is not None:
        connection.execute(update(_users).where(_users.c.id == user_id).values(issuer=None, subject=None))
        record(connection, Event.PERSON_CHANGED, by, now=now, target=f"user:{user_id}", changed="issuer,subject")
    return people.get_user(connection, user_id)


def find_or_create(connection: Connection, provider: Provider, identity: Identity, *, by: Actor, now: datetime) -> User:
    """The user whom the provider vouches for; one who comes for the first time is made, if the provider may do that.

    Raises:
        UnauthenticatedError: nobody is linked, and nobody may be made, or not under this name.
    """
    user = people.find_external(connection, provider.issuer, identity.subject)
    if user is not None:
        return user
    if not provider.create_users:
        raise UnauthenticatedError(
            f"Nobody here is linked to you at '{provider.display_name}'.",
            hint="Ask an administrator to link you, or sign in as before and link yourself.",
        )
    name = identity.username or identity.email
    if name is None:
        raise _unnamed(provider)
    try:
        return people.create_user(
            connection,
            name,
            by=by,
            now=now,
            display_name=identity.display_name,
            email=identity.email,
            issuer=provider.issuer,
            subject=identity.subject,
        )
    except UsageError:
        raise _unnamed(provider) from None
    except ConflictError:
        raise UnauthenticatedError(
            f"The name that '{provider.display_name}' has for you is somebody's here already.",
            code="unauthenticated.name_taken",
            hint="If that is you, sign in as before and link yourself, or ask an administrator to link you.",
        ) from None


def _unnamed(provider: Provider) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"The provider '{provider.display_name}' says no name that a user can have.",
        hint="Have it send preferred_username without spaces, or a verified email, in the ID token.",
    )
