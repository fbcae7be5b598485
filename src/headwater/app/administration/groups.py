"""Groups and who is in them."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.access import Action, Actor, groups
from headwater.access.groups import Group, Member
from headwater.app.administration.authority import keeping_an_owner, require_at_server, require_hand_on
from headwater.app.administration.principals import find_principal, known_id
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, utc_now

__all__ = ["GroupPage", "Groups"]


@dataclass(frozen=True, slots=True)
class GroupPage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    groups: list[Group]
    total: int
    after: str | None


class Groups:
    """Lists groups for who may see people (``people.read`` at the server), changes them for who may manage them.

    What a group may do, its members may: whoever adds one must be able to give the roles that the group has.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor, *, after: str | None = None, limit: int = 50) -> GroupPage:
        """A page of groups by name, and how many there are on all pages.

        Raises:
            ForbiddenError: the actor may not see people.
            UsageError: ``after`` is no group's name.
        """
        if after is not None and not after.isprintable():
            raise UsageError("No page ends with this name.", hint="Give what the page before said.")
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.PEOPLE_READ)
            found = groups.list_groups(connection, after=after, limit=limit + 1)
            total = groups.count_groups(connection)
        listed = found[:limit]
        return GroupPage(listed, total, listed[-1].name if len(found) > limit else None)

    def get(self, actor: Actor, group_id: str) -> Group:
        """A group; NotFoundError when there is none, ForbiddenError when the actor may not see people."""
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.PEOPLE_READ)
            return groups.get_group(connection, known_id(group_id, "group"))

    def find(self, actor: Actor, name: str) -> Group:
        """The group of a name; raises as ``get`` does."""
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.PEOPLE_READ)
            found = groups.find_group(connection, name)
        if found is None:
            raise NotFoundError(f"There is no group '{name}'.", hint="List them with 'headwater group list'.")
        return found

    def members(self, actor: Actor, group_id: str) -> tuple[Member, ...]:
        """The direct members by name; raises as ``get`` does."""
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.PEOPLE_READ)
            return tuple(groups.members(connection, known_id(group_id, "group")))

    def create(self, actor: Actor, name: str) -> Group:
        """Make a group without members.

        Raises:
            ForbiddenError: the actor may not manage people.
            UsageError: the name cannot be one.
            ConflictError: there is a group of this name.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            return groups.create_group(connection, name, by=actor, now=utc_now())

    def delete(self, actor: Actor, group_id: str) -> None:
        """Delete a group; its members lose what it may do.

        Raises:
            NotFoundError: there is no such group.
            ForbiddenError: the actor may not manage people.
            ConflictError: nobody would be Owner of the server any more.
        """
        with self._database.begin() as connection, keeping_an_owner(connection):
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            groups.delete_group(connection, known_id(group_id, "group"), by=actor, now=utc_now())

    def add_member(self, actor: Actor, group_id: str, who: str) -> bool:
        """Put a user or a group (``group:NAME``) into a group; False when it is in there already.

        Raises:
            NotFoundError: there is no such group, user or member group.
            ForbiddenError: the actor may not manage people, or could not give the roles that the group has.
            UsageError: the group itself.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            group = groups.get_group(connection, known_id(group_id, "group"))
            member = find_principal(connection, who)
            require_hand_on(connection, actor, group.id)
            return groups.add_member(connection, group.id, member.id, by=actor, now=utc_now())

    def remove_member(self, actor: Actor, group_id: str, who: str) -> None:
        """Take a user or a group out of a group.

        Raises:
            NotFoundError: there is no such group or member.
            ForbiddenError: the actor may not manage people.
            ConflictError: nobody would be Owner of the server any more.
        """
        with self._database.begin() as connection, keeping_an_owner(connection):
            require_at_server(connection, actor, Action.PEOPLE_MANAGE)
            group = groups.get_group(connection, known_id(group_id, "group"))
            member = find_principal(connection, who)
            groups.remove_member(connection, group.id, member.id, by=actor, now=utc_now())
