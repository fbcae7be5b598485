"""Groups: users, and groups, under one name, so that a role is given once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from headwater.access.actors import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.people import name_form
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import tables

__all__ = [
    "Group",
    "Member",
    "add_member",
    "count_groups",
    "create_group",
    "delete_group",
    "find_group",
    "get_group",
    "groups_of",
    "list_groups",
    "members",
    "remove_member",
]

_groups, _members = tables.groups, tables.group_members


@dataclass(frozen=True, slots=True)
class Group:
    """A group. ``name`` is how it is compared, ``display_name`` how it was written."""

    id: str
    name: str
    display_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A direct member of a group; ``kind`` is ``user`` or ``group``."""

    id: str
    kind: str
    display_name: str


def create_group(connection: Connection, name: str, *, by: Actor, now: datetime) -> Group:
    """Make a group without members.

    Raises:
        UsageError: the name is empty or too long.
        ConflictError: there is a group of this name.
    """
    group = Group(str(uuid4()), name_form(name), name.strip(), now)
    if not 1 <= len(group.name) <= 255 or not group.name.isprintable():
        raise UsageError("A group's name has 1 to 255 characters in one line.", hint="Give it a short name.")
    try:
        with connection.begin_nested():
            connection.execute(insert(tables.principals).values(id=group.id, kind="group"))
            connection.execute(insert(_groups).values(asdict(group)))
    except IntegrityError as error:
        message = f"There is a group '{group.display_name}' already."
        raise ConflictError(message, hint="Choose another name, or use that group.") from error
    record(connection, Event.GROUP_CREATED, by, now=now, target=f"group:{group.id}", name=group.display_name)
    return group


def get_group(connection: Connection, group_id: str) -> Group:
    """The group of this id.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(select(_groups).where(_groups.c.id == group_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such group.", hint="List them with 'headwater group list'.")
    return Group(**row._mapping)


def find_group(connection: Connection, name: str) -> Group | None:
    """The group of this name, in any case; None where there is none."""
    form = name_form(name)
    if not form.isprintable():
        return None
    row = connection.execute(select(_groups).where(_groups.c.name == form)).one_or_none()
    return None if row is None else Group(**row._mapping)


def count_groups(connection: Connection) -> int:
    """How many groups ``list_groups`` has on all its pages."""
    return connection.execute(select(func.count()).select_from(_groups)).scalar_one()


def list_groups(connection: Connection, *, after: str | None = None, limit: int = 50) -> list[Group]:
    """A page of groups by name. The next page is the one ``after`` the last name of this one."""
    query = select(_groups).order_by(_groups.c.name).limit(limit)
    if after is not None:
        query = query.where(_groups.c.name > after)
    return [Group(**row._mapping) for row in connection.execute(query)]


def delete_group(connection: Connection, group_id: str, *, by: Actor, now: datetime) -> None:
    """Delete a group: its members lose what they have through it.

    Raises:
        NotFoundError: there is no such group.
    """
    group = get_group(connection, group_id)
    # Its memberships, in it and of it, go with the principal.
    connection.execute(delete(tables.principals).where(tables.principals.c.id == group_id))
    record(connection, Event.GROUP_DELETED, by, now=now, target=f"group:{group_id}", name=group.display_name)


def add_member(connection: Connection, group_id: str, member_id: str, *, by: Actor, now: datetime) -> bool:
    """Put a user or a group into a group; False when it is in there already.

    Groups may go round in a circle: whoever is in one of them is in all of them.

    Raises:
        NotFoundError: there is no such group, user or member group.
        UsageError: the group itself.
    """
    get_group(connection, group_id)
    if group_id == member_id:
        raise UsageError("A group is no member of itself.", hint="Name a user or another group.")
    if connection.scalar(select(tables.principals.c.kind).where(tables.principals.c.id == member_id)) is None:
        raise NotFoundError("There is no such user or group.", hint="Make it first.")
    try:
        with connection.begin_nested():
            connection.execute(insert(_members).values(group_id=group_id, member_id=member_id))
    except IntegrityError:
        return False
    record(connection, Event.MEMBER_ADDED, by, now=now, target=f"group:{group_id}", principal_id=member_id)
    return True


def remove_member(connection: Connection, group_id: str, member_id: str, *, by: Actor, now: datetime) -> None:
    """Take a user or a group out of a group.

    Raises:
        NotFoundError: it is no direct member.
    """
    membership = delete(_members).where(_members.c.group_id == group_id, _members.c.member_id == member_id)
    if not connection.execute(membership).rowcount:
        raise NotFoundError("There is no such member of this group.", hint="List the group's members.")
    record(connection, Event.MEMBER_REMOVED, by, now=now, target=f"group:{group_id}", principal_id=member_id)


def members(connection: Connection, group_id: str) -> list[Member]:
    """The direct members by name.

    Raises:
        NotFoundError: there is no such group.
    """
    get_group(connection, group_id)
    found = []
    for kind, table in (("user", tables.users), ("group", _groups)):
        query = select(table.c.id, table.c.display_name).join(_members, _members.c.member_id == table.c.id)
        rows = connection.execute(query.where(_members.c.group_id == group_id))
        found += [Member(row.id, kind, row.display_name) for row in rows]
    return sorted(found, key=lambda member: (member.display_name.casefold(), member.id))


def groups_of(connection: Connection, principal_id: str) -> list[Group]:
    """Every group that a user or group is in, directly or through other groups, by name."""
    reached = select(_members.c.group_id).where(_members.c.member_id == principal_id).cte("reached", recursive=True)
    reached = reached.union(select(_members.c.group_id).join(reached, _members.c.member_id == reached.c.group_id))
    query = select(_groups).where(_groups.c.id.in_(select(reached.c.group_id))).order_by(_groups.c.name)
    return [Group(**row._mapping) for row in connection.execute(query)]
