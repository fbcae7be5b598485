"""Users and groups as people name them: by id, a user by name, a group as ``group:NAME``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from headwater.access import Actor
from headwater.access.groups import find_group
from headwater.access.people import User, find_user, get_user
from headwater.errors import NotFoundError, UsageError
from headwater.store import tables

__all__ = ["Principal", "find_principal", "known_id", "named_user", "principals", "user_or_self"]

_GROUP = "group:"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or a group, as a list names it."""

    id: str
    kind: Literal["user", "group"]
    name: str
    display_name: str


def known_id(text: str, what: str) -> str:
    """``text``, where it could be the id of a ``what``; no database is asked for what it could not hold.

    Raises:
        NotFoundError: it could not.

    >>> known_id("00000000-0000-4000-8000-000000000001", "user")[:8]
    '00000000'
    """
    if _ID.fullmatch(text) is None:
        raise NotFoundError(f"There is no such {what}.", hint="Check the id.")
    return text


def find_principal(connection: Connection, who: str) -> Principal:
    """The user or group that ``who`` names.

    An id goes before a name, so that nobody takes another's place by calling themselves like their id.

    Raises:
        NotFoundError: there is none (``access.principal``).
    """
    found = principals(connection, [who]) if _ID.fullmatch(who) else {}
    if who in found:
        return found[who]
    if who.startswith(_GROUP):
        group = find_group(connection, who.removeprefix(_GROUP))
        if group is not None:
            return Principal(group.id, "group", group.display_name, group.display_name)
    elif (user := find_user(connection, who)) is not None:
        return Principal(user.id, "user", user.name, user.display_name)
    raise NotFoundError(
        f"There is no user or group '{who}'.",
        code="access.principal",
        hint="A user is named as they sign in, a group as group:NAME, and each by its id.",
    )


def named_user(connection: Connection, who: str) -> User:
    """The user whom ``who`` names, by id or by name.

    Raises:
        NotFoundError: there is none, or it is a group (``access.principal``).
    """
    found = find_principal(connection, who)
    if found.kind == "group":
        raise NotFoundError(f"'{who}' is a group.", code="access.principal", hint="Name a user.")
    return get_user(connection, found.id)


def user_or_self(connection: Connection, actor: Actor, who: str | None) -> User:
    """The user whom ``who`` names; without it, the person who asks.

    Raises:
        NotFoundError: there is none.
        UsageError: the machine asks, and names nobody.
    """
    if who is not None:
        return named_user(connection, who)
    if actor.user_id is None:
        raise UsageError("The machine is no user.", hint="Say which user you mean.")
    return get_user(connection, actor.user_id)


def principals(connection: Connection, ids: Iterable[str]) -> dict[str, Principal]:
    """The users and groups of these ids, by id."""
    wanted = set(ids)
    users, groups = tables.users, tables.groups
    named = select(users.c.id, users.c.name, users.c.display_name).where(users.c.id.in_(wanted))
    found = {row.id: Principal(row.id, "user", row.name, row.display_name) for row in connection.execute(named)}
    named = select(groups.c.id, groups.c.display_name).where(groups.c.id.in_(wanted))
    for row in connection.execute(named):
        found[row.id] = Principal(row.id, "group", row.display_name, row.display_name)
    return found
