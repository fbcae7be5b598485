"""What every part of the administration asks before it acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from headwater.access import OWNER, Action, Actor, allowed_to, forbidden, may, server_scope
from headwater.access.groups import groups_of
from headwater.errors import ConflictError, ForbiddenError
from headwater.store import exclusive, tables

__all__ = ["is_oneself", "keeping_an_owner", "require_at_server", "require_hand_on", "require_oneself_or"]

_assignments = tables.role_assignments


def require_at_server(connection: Connection, actor: Actor, action: Action) -> int:
    """Go on only where whoever asks may do ``action`` at the server; the server scope's id.

    That there is a server is no secret, so the answer to who may not is the same for everybody.

    Raises:
        ForbiddenError: they may not.
    """
    server = server_scope(connection)
    if not may(connection, actor, action, server):
        raise forbidden(action, server)
    return server


def is_oneself(actor: Actor, user_id: str) -> bool:
    """Whether somebody asks about themselves, by a credential that is good for all that they may.

    A token that is good for calling models only must not change its owner's password.

    >>> from headwater.access import Via
    >>> is_oneself(Actor("1", "ann", Via.TOKEN), "1")
    True
    >>> is_oneself(Actor("1", "ann", Via.TOKEN, actions=frozenset({"model.*"})), "1")
    False
    """
    return actor.user_id == user_id and actor.actions is None and actor.scope_id is None


def require_oneself_or(connection: Connection, actor: Actor, user_id: str, action: Action) -> None:
    """Go on only where somebody asks about themselves, or may do ``action`` at the server.

    Raises:
        ForbiddenError: neither.
    """
    if not is_oneself(actor, user_id):
        require_at_server(connection, actor, action)


def require_hand_on(connection: Connection, actor: Actor, principal_id: str) -> None:
    """Go on only where whoever asks could give every role that a user or group has, directly or by its groups.

    Whoever makes a token or a link for somebody, or puts somebody into a group, hands these roles on. Managing people
    alone must not be a way to rights that one could not give.

    Raises:
        ForbiddenError: a role was given where they may not assign roles.
    """
    holders = [principal_id, *(group.id for group in groups_of(connection, principal_id))]
    beyond = (
        select(_assignments.c.scope_id)
        .where(_assignments.c.principal_id.in_(holders))
        .where(_assignments.c.scope_id.not_in(allowed_to(actor, Action.ROLES_ASSIGN)))
        .limit(1)
    )
    scope_id = connection.scalar(beyond)
    if scope_id is not None:
        raise ForbiddenError(
            "This would hand on roles that you may not give.",
            hint="Ask somebody who may assign roles wherever this user or group has one.",
            action=Action.ROLES_ASSIGN.value,
            scope_id=scope_id,
        )


@contextmanager
def keeping_an_owner(connection: Connection) -> Iterator[None]:
    """Refuse what would leave the server without an active Owner, if it has one.

    The built-in administrator does not count: it is there only as long as the environment says so. To be entered
    first thing in a transaction, for of two that each take one of two Owners away, the second has to see the first.

    Raises:
        ConflictError: nobody would be Owner of the server any more (``conflict.last_owner``).
    """
    exclusive(connection, "roles")
    owned = _has_owner(connection)
    yield
    if owned and not _has_owner(connection):
        raise ConflictError(
            "Nobody would be Owner of the server any more.",
            code="conflict.last_owner",
            hint=f"Make somebody else {OWNER} of the server first.",
        )


def _has_owner(connection: Connection) -> bool:
    roles, members, users = tables.role_definitions, tables.group_members, tables.users
    given = (
        select(_assignments.c.principal_id)
        .join(roles, roles.c.id == _assignments.c.role_id)
        .where(roles.c.name == OWNER, _assignments.c.scope_id == server_scope(connection))
    )
    owners = given.cte(recursive=True)
    owners = owners.union(select(members.c.member_id).where(members.c.group_id == owners.c.principal_id))
    active = select(users.c.id).where(users.c.active, users.c.id != tables.BUILT_IN_ADMINISTRATOR)
    return connection.scalar(active.where(users.c.id.in_(select(owners.c.principal_id))).limit(1)) is not None
