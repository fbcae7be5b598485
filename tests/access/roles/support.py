"""People, groups and roles, written straight into the tables."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from headwater.access import SYSTEM, Actor, Scope, Via, grant
from headwater.store import tables

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def person(connection: Connection, name: str, *groups: str, active: bool = True) -> Actor:
    """A new user in some groups, signed in."""
    user = f"user {name}"
    connection.execute(insert(tables.principals).values(id=user, kind="user"))
    values = {"id": user, "name": name, "display_name": name, "active": active, "created_at": NOW}
    connection.execute(insert(tables.users).values(values))
    join(connection, user, *groups)
    return Actor(user, name, Via.SESSION)


def group(connection: Connection, name: str, *groups: str) -> str:
    """A new group, itself in some others."""
    made = f"group {name}"
    connection.execute(insert(tables.principals).values(id=made, kind="group"))
    connection.execute(insert(tables.groups).values(id=made, name=name, display_name=name, created_at=NOW))
    join(connection, made, *groups)
    return made


def join(connection: Connection, member: str, *groups: str) -> None:
    for each in groups:
        connection.execute(insert(tables.group_members).values(group_id=each, member_id=member))


def give(connection: Connection, principal: Actor | str, role: str, scope: Scope | int) -> None:
    """A role that Headwater itself gives."""
    id_ = principal if isinstance(principal, str) else principal.user_id or ""
    grant(connection, SYSTEM, id_, role, scope if isinstance(scope, int) else scope.id, now=NOW)
