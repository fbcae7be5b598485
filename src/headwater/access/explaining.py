"""Why somebody may do something somewhere, or why they may not and who could change that.

The answer names only what whoever asks may see: scopes where they may do something themselves, groups they are in, and
other people where they may see who has which role.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from headwater.access.actions import Action
from headwater.access.actors import Actor
from headwater.access.scopes import display_path, server_scope, unknown_scope
from headwater.access.trimming import check, holders, may, may_see, require
from headwater.errors import NotFoundError
from headwater.store import tables

__all__ = ["Explanation", "Grant", "explain"]

_ancestors = tables.scope_ancestors
_assignments = tables.role_assignments
_roles = tables.role_definitions

#: How many roles are named that would help.
_SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class Grant:
    """An assignment that reaches a scope, or would.

    Attributes:
        role: the role's name.
        given_at: the path of the scope where it was given; None where whoever asks may not see that scope.
        groups: how it comes to the person: the groups from theirs to the one it was given to; a group that may not be
            named is None, and nothing is in it where it was given to the person.
        cut_at: the path of the restricted collection that keeps it out, ``""`` where that may not be named; None
            where nothing does.
    """

    role: str
    given_at: str | None
    groups: tuple[str | None, ...]
    cut_at: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``explain`` found.

    Attributes:
        allowed: whether the person may.
        active: whether their account is; who is not active may do nothing.
        token_narrows: they may, but not with the token that asked.
        grants: the assignments that give it.
        cut: the assignments that would, if inheritance were not cut.
        roles_held: roles that reach the scope and do not have the action.
        roles_wanted: roles that have it, the narrowest first; empty where it is allowed.
        givers: names of the users and groups that may assign roles there, where they may be named.
    """

    allowed: bool
    active: bool
    token_narrows: bool
    grants: tuple[Grant, ...]
    cut: tuple[Grant, ...]
    roles_held: tuple[str, ...]
    roles_wanted: tuple[str, ...]
    givers: tuple[str, ...]


def explain(connection: Connection, actor: Actor, person_id: str, action: str, scope_id: int) -> Explanation:
    """Why a person may do ``action`` at a scope, or what is missing.

    Everybody may ask about themselves where they may do anything at all; about others, who may see roles there.

    Raises:
        NotFoundError: there is no such scope, or whoever asks may do nothing there (``access.scope``); there is no
            such user (``access.principal``).
        ForbiddenError: they ask about somebody else, and may not see roles there.
    """
    if not may_see(connection, actor, scope_id):
        raise unknown_scope(scope_id)
    if person_id != actor.user_id:
        require(connection, actor, Action.ROLES_READ, scope_id)
    active = connection.scalar(select(tables.users.c.active).where(tables.users.c.id == person_id))
    if active is None:
        raise NotFoundError(f"There is no user {person_id}.", code="access.principal", hint="Check the id.")
    return _Question(connection, actor, person_id, action, scope_id).answer(active)


class _Question:
    """One question, and what has been looked up for it."""

    def __init__(self, connection: Connection, actor: Actor, person_id: str, action: str, scope_id: int) -> None:
        self.connection, self.actor = connection, actor
        self.person_id, self.action, self.scope_id = person_id, action, scope_id
        self.sees_roles = may(connection, actor, Action.ROLES_READ, scope_id)
        self.sees_people = may(connection, actor, Action.PEOPLE_READ, server_scope(connection))

    def answer(self, active: bool) -> Explanation:
        rows = self.connection.execute(self._reaching()).all()
        giving = [row for row in rows if row.has_action]
        allowed = check(self.connection, self.person_id, self.action, self.scope_id)
        own_token = self.person_id == self.actor.user_id
        return Explanation(
            allowed=allowed,
            active=active,
            token_narrows=allowed and own_token and not may(self.connection, self.actor, self.action, self.scope_id),
            grants=tuple(self._grant(row) for row in giving if row.passes),
            cut=tuple(self._grant(row, self._cut_at(row)) for row in giving if not row.passes),
            roles_held=tuple(sorted({row.name for row in rows if row.passes and not row.has_action})),
            roles_wanted=() if allowed else self._roles_wanted(),
            givers=() if allowed or not self.sees_roles else self._givers(),
        )

    def _reaching(self) -> Select[Any]:
        """The person's assignments at the scope and above, whether or not they have the action or get through."""
        people = holders(self.person_id)
        acts = tables.role_actions
        has_action = select(acts.c.action).where(acts.c.role_id == _roles.c.id, acts.c.action == self.action).exists()
        return (
            select(
                _assignments.c.id,
                _assignments.c.principal_id,
                _assignments.c.scope_id,
                _roles.c.name,
                has_action.label("has_action"),
                (~_ancestors.c.cut | _roles.c.survives_cut).label("passes"),
            )
            .join(people, people.c.id == _assignments.c.principal_id)
            .join(_roles, _roles.c.id == _assignments.c.role_id)
            .join(_ancestors, _ancestors.c.ancestor_id == _assignments.c.scope_id)
            .where(_ancestors.c.scope_id == self.scope_id)
            .order_by(_assignments.c.id)
        )

    def _grant(self, row: Row[Any], cut_at: str | None = None) -> Grant:
        seen = may_see(self.connection, self.actor, row.scope_id)
        given_at = self._path(row.scope_id) if seen else None
        return Grant(row.name, given_at, tuple(self._groups_to(row.principal_id)), cut_at)

    def _path(self, scope_id: int) -> str:
        """A scope's path as whoever asks may read it: what they may not see above it is ``…``."""
        return display_path(self.connection, scope_id, seen=lambda above: may_see(self.connection, self.actor, above))

    def _cut_at(self, row: Row[Any]) -> str:
        """The restricted collection between an assignment and the scope, the uppermost where there are several."""
        above, beneath = _ancestors.alias(), _ancestors.alias()
        found = (
            select(tables.scopes.c.id)
            .join(above, above.c.scope_id == tables.scopes.c.id)
            .join(beneath, beneath.c.ancestor_id == tables.scopes.c.id)
            .where(tables.scopes.c.restricted, beneath.c.scope_id == self.scope_id)
            .where(above.c.ancestor_id == row.scope_id, tables.scopes.c.id != row.scope_id)
            .order_by(select(func.count()).where(_ancestors.c.scope_id == tables.scopes.c.id).scalar_subquery())
            .limit(1)
        )
        collection = self.connection.scalars(found).one()
        return self._path(collection) if may_see(self.connection, self.actor, collection) else ""

    def _groups_to(self, principal_id: str) -> Iterator[str | None]:
        """The shortest chain of groups from the person to the one that an assignment was given to."""
        came_from = self._ways_up()
        chain = []
        while principal_id != self.person_id:
            chain.append(principal_id)
            principal_id = came_from[principal_id]
        own = self.person_id == self.actor.user_id
        nameable = own or self.sees_people
        names = {row.id: row.display_name for row in self.connection.execute(select(tables.groups))}
        return (names[group] if nameable else None for group in reversed(chain))

    def _ways_up(self) -> dict[str, str]:
        """For every group that the person is in, the one before it on the shortest way there."""
        people, members = holders(self.person_id), tables.group_members
        edges: dict[str, list[str]] = {}
        within = select(members).where(members.c.member_id.in_(select(people.c.id))).order_by(members.c.group_id)
        for row in self.connection.execute(within):
            edges.setdefault(row.member_id, []).append(row.group_id)
        came_from: dict[str, str] = {}
        waiting = deque([self.person_id])
        while waiting:
            member = waiting.popleft()
            for group in edges.get(member, ()):
                if group not in came_from:
                    came_from[group] = member
                    waiting.append(group)
        return came_from

    def _roles_wanted(self) -> tuple[str, ...]:
        wanted, all_of_it = tables.role_actions.alias(), tables.role_actions.alias()
        statement = (
            select(_roles.c.name)
            .join(wanted, wanted.c.role_id == _roles.c.id)
            .join(all_of_it, all_of_it.c.role_id == _roles.c.id)
            .where(wanted.c.action == self.action)
            .group_by(_roles.c.name)
            .order_by(func.count(), _roles.c.name)
            .limit(_SUGGESTED)
        )
        return tuple(self.connection.scalars(statement))

    def _givers(self) -> tuple[str, ...]:
        names = select(tables.users.c.id, tables.users.c.name).where(tables.users.c.active)
        named = names.union_all(select(tables.groups.c.id, tables.groups.c.display_name)).subquery()
        acts = tables.role_actions
        statement = (
            select(named.c.name)
            .distinct()
            .join(_assignments, _assignments.c.principal_id == named.c.id)
            .join(_roles, _roles.c.id == _assignments.c.role_id)
            .join(acts, acts.c.role_id == _roles.c.id)
            .join(_ancestors, _ancestors.c.ancestor_id == _assignments.c.scope_id)
            .where(acts.c.action == Action.ROLES_ASSIGN, _ancestors.c.scope_id == self.scope_id)
            .where(~_ancestors.c.cut | _roles.c.survives_cut)
            .order_by(named.c.name)
        )
        return tuple(self.connection.scalars(statement))
