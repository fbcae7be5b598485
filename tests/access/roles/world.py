"""Who may do what where, written out in plain Python: what the SQL is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random

from sqlalchemy import Connection, select
from tests.access.roles.support import group, join, person

from headwater.store import tables


@dataclass
class World:
    """What was put into the database, and the rules."""

    parents: dict[int, set[int]] = field(default_factory=dict)
    restricted: set[int] = field(default_factory=set)
    members: set[tuple[str, str]] = field(default_factory=set)
    inactive: set[str] = field(default_factory=set)
    #: Of each role: its actions, its exceptions, and whether it passes a restricted collection.
    roles: dict[str, tuple[list[str], list[str], bool]] = field(default_factory=dict)
    assignments: set[tuple[str, str, int]] = field(default_factory=set)

    def above(self, scope: int) -> set[int]:
        """The scope and everything that it lies under."""
        return {scope}.union(*(self.above(parent) for parent in self.parents[scope]))

    def principals(self, who: str) -> set[str]:
        found = {who}
        while more := {group for group, member in self.members if member in found} - found:
            found |= more
        return found

    def reaches(self, given_at: int, scope: int, passes: bool) -> bool:
        """A restricted collection keeps out what was given above it, whichever way leads there."""
        above = self.above(scope)
        walls = {at for at in above & self.restricted if at != given_at and given_at in self.above(at)}
        return given_at in above and (passes or not walls)

    def acts(self, role: str, action: str) -> bool:
        actions, exceptions, _ = self.roles[role]
        return any(fnmatchcase(action, each) for each in actions) and not any(
            fnmatchcase(action, each) for each in exceptions
        )

    def scopes_of(self, who: str, action: str | None, within: int | None = None) -> set[int]:
        """Where somebody may do an action, or anything."""
        if who in self.inactive:
            return set()
        mine = [(role, at) for principal, role, at in self.assignments if principal in self.principals(who)]
        mine = [(role, at) for role, at in mine if action is None or self.acts(role, action)]
        return {
            scope
            for scope in self.parents
            if within is None or within in self.above(scope)
            if any(self.reaches(at, scope, self.roles[role][2]) for role, at in mine)
        }


def read_scopes(connection: Connection, world: World) -> None:
    """The tree as it stands in the database."""
    world.parents = {
        row.id: {parent for parent in (row.parent_id, row.subscription_id) if parent is not None}
        for row in connection.execute(select(tables.scopes))
    }
    world.restricted = set(connection.scalars(select(tables.scopes.c.id).where(tables.scopes.c.restricted)))


def make_people(draw: Random, connection: Connection, world: World) -> list[str]:
    """Three users and four groups, in one another in whatever way."""
    users = [person(connection, f"u{at}", active=draw.random() < 0.9).user_id or "" for at in range(3)]
    world.inactive = set(connection.scalars(select(tables.users.c.id).where(~tables.users.c.active)))
    groups = [group(connection, f"g{at}") for at in range(4)]
    world.members = {(draw.choice(groups), draw.choice([*users, *groups])) for _ in range(draw.randint(0, 9))}
    for into, member in world.members:
        join(connection, member, into)
    return [*users, *groups]
