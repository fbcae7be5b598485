"""Users: who there is, and whether they may come in.

A user is disabled, never deleted: what they did stays attributable, and their name is not handed to somebody else.
Functions that change something take who does it (``by``) and record it; whether they may is asked by the caller.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, false, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from headwater.access import passwords, sessions
from headwater.access.actors import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import tables

__all__ = [
    "User",
    "change_user",
    "count_users",
    "create_user",
    "disable_user",
    "enable_user",
    "find_external",
    "find_user",
    "get_user",
    "list_users",
    "name_form",
    "set_password",
]

_NAME = re.compile(r"[^\s\x00-\x1f\x7f/]{1,255}")

_users = tables.users


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may come in, or could once. ``issuer`` and ``subject`` are set where OpenID Connect vouches."""

    id: str
    name: str
    email: str | None
    display_name: str
    active: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    issuer: str | None
    subject: str | None


def name_form(name: str) -> str:
    """The form in which names are kept and compared: no spaces around it, no difference of case.

    >>> name_form(" Ann@Example.org ")
    'ann@example.org'
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def create_user(
    connection: Connection,
    name: str,
    *,
    by: Actor,
    now: datetime,
    display_name: str = "",
    email: str | None = None,
    issuer: str | None = None,
    subject: str | None = None,
) -> User:
    """Make a user, without a password: a one-time link lets them set one, or an issuer vouches for them.

    Raises:
        UsageError: the name or another text cannot be one, or only one of ``issuer`` and ``subject`` is given.
        ConflictError: the name, or the issuer's subject, is somebody's already.
    """
    form = _checked_name(name)
    if (issuer is None) != (subject is None):
        raise UsageError("A user of an issuer has a subject there.", hint="Give both, issuer and subject, or neither.")
    email = None if email is None else _checked_text(email) or None
    user = User(
        str(uuid4()), form, email, _checked_text(display_name) or name.strip(), True, now, None, issuer, subject
    )
    try:
        with connection.begin_nested():
            connection.execute(insert(tables.principals).values(id=user.id, kind="user"))
            connection.execute(insert(_users).values(asdict(user)))
    except IntegrityError as error:
        raise _taken(form) from error
    record(connection, Event.PERSON_CREATED, by, now=now, target=f"user:{user.id}", name=form)
    return user


def get_user(connection: Connection, user_id: str) -> User:
    """The user of this id.

    Raises:
        NotFoundError: there is none.
    """
    found = _one(connection, select(_users).where(_users.c.id == user_id))
    if found is None:
        raise NotFoundError("There is no such user.", hint="List them with 'headwater people list'.")
    return found


def find_user(connection: Connection, name: str) -> User | None:
    """The user who signs in with ``name``, in any case; None where there is none."""
    form = name_form(name)
    return _one(connection, select(_users).where(_users.c.name == form)) if _is_name(form) else None


def find_external(connection: Connection, issuer: str, subject: str) -> User | None:
    """The user whom ``issuer`` calls ``subject``; None where there is none."""
    return _one(connection, select(_users).where(_users.c.issuer == issuer, _users.c.subject == subject))


def list_users(connection: Connection, *, matching: str = "", after: str | None = None, limit: int = 50) -> list[User]:
    """A page of users by name. The next page is the one ``after`` the last name of this one.

    ``matching`` is a part of the name, the display name or the e-mail address, in any case.
    """
    query = _matching(select(_users), matching).order_by(_users.c.name).limit(limit)
    if after is not None:
        query = query.where(_users.c.name > after)
    return [_user(row) for row in connection.execute(query)]


def count_users(connection: Connection, *, matching: str = "") -> int:
    """How many users ``list_users`` has on all its pages."""
    query = _matching(select(func.count()).select_from(_users), matching)
    return int(connection.execute(query).scalar_one())


def change_user(
    connection: Connection,
    user_id: str,
    *,
    by: Actor,
    now: datetime,
    name: str | None = None,
    display_name: str | None = None,
    email: str | None = None,
) -> User:
    """Change what is given and leave the rest; an empty ``email`` removes it.

    Raises:
        NotFoundError: there is no such user.
        UsageError: the name or another text cannot be one, or the user is the built-in administrator.
        ConflictError: the name is somebody else's.
    """
    _refuse_built_in(user_id)
    user = get_user(connection, user_id)
    wanted = {
        "name": user.name if name is None else _checked_name(name),
        "display_name": user.display_name if display_name is None else _checked_text(display_name) or user.name,
        "email": user.email if email is None else _checked_text(email) or None,
    }
    changed = {field: value for field, value in wanted.items() if value != getattr(user, field)}
    if not changed:
        return user
    try:
        with connection.begin_nested():
            connection.execute(update(_users).where(_users.c.id == user_id).values(changed))
    except IntegrityError as error:
        raise _taken(str(wanted["name"])) from error
    target = f"user:{user_id}"
    record(connection, Event.PERSON_CHANGED, by, now=now, target=target, changed=",".join(sorted(changed)))
    return get_user(connection, user_id)


def disable_user(connection: Connection, user_id: str, *, by: Actor, now: datetime) -> None:
    """Keep somebody out from the next request on: sessions end for good, API tokens rest until they are enabled.

    Raises:
        NotFoundError: there is no such user.
        UsageError: it is the built-in administrator, who is shut out by removing the token from the environment.
    """
    _refuse_built_in(user_id)
    _set_active(connection, user_id, False, by=by, now=now)
    sessions.end_all(connection, user_id, by=by, now=now)


def enable_user(connection: Connection, user_id: str, *, by: Actor, now: datetime) -> None:
    """Let somebody in again, who signs in anew.

    Raises:
        NotFoundError: there is no such user.
    """
    _set_active(connection, user_id, True, by=by, now=now)


def set_password(
    connection: Connection, user_id: str, password: str, *, by: Actor, now: datetime, keep_session: str | None = None
) -> None:
    """Give somebody a password. Their sessions end, but for the one of id ``keep_session``.

    Raises:
        NotFoundError: there is no such user.
        UsageError: the password cannot be used, or the user is the built-in administrator.
    """
    _refuse_built_in(user_id)
    user = get_user(connection, user_id)
    passwords.check_acceptable(password, name=user.name)
    passwords.store(connection, user_id, passwords.hash_password(password), now=now)
    record(connection, Event.PASSWORD_CHANGED, by, now=now, target=f"user:{user_id}")
    sessions.end_all(connection, user_id, by=by, now=now, keep=keep_session)


def _set_active(connection: Connection, user_id: str, active: bool, *, by: Actor, now: datetime) -> None:
    if get_user(connection, user_id).active == active:
        return
    connection.execute(update(_users).where(_users.c.id == user_id).values(active=active))
    event = Event.PERSON_ENABLED if active else Event.PERSON_DISABLED
    record(connection, event, by, now=now, target=f"user:{user_id}")


def _refuse_built_in(user_id: str) -> None:
    if user_id == tables.BUILT_IN_ADMINISTRATOR:
        raise UsageError(
            "The built-in administrator cannot be changed.",
            hint="It is there while the environment sets HEADWATER_ADMIN_TOKEN: unset that, and start again.",
        )


def _checked_name(name: str) -> str:
    form = name_form(name)
    if not _is_name(form):
        raise UsageError(
            "A user's name has 1 to 255 characters, and no spaces or slashes.",
            hint="An e-mail address is a good name.",
            code="usage.name",
        )
    return form


def _is_name(form: str) -> bool:
    """Whether it can be one, and so can be asked for: PostgreSQL takes no NUL, and no database half a character."""
    return _NAME.fullmatch(form) is not None and form.isprintable()


def _checked_text(text: str) -> str:
    text = text.strip()
    if len(text) > 255 or not text.isprintable():
        raise UsageError("A name or address is one line of at most 255 characters.", hint="Shorten it.")
    return text


def _taken(name: str) -> ConflictError:
    return ConflictError(f"There is a user '{name}' already.", hint="Choose another name, or change that user.")


def _matching(query: Select[Any], text: str) -> Select[Any]:
    if not text:
        return query
    if not text.isprintable():
        return query.where(false())
    columns = (_users.c.name, _users.c.display_name, _users.c.email)
    found = [func.lower(column).contains(text.lower(), autoescape=True) for column in columns]
    return query.where(found[0] | found[1] | found[2])


def _one(connection: Connection, query: Select[Any]) -> User | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else _user(row)


def _user(row: Row[Any]) -> User:
    return User(**row._mapping)
