"""Who has which role where, as it is shown, and giving and taking roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from headwater.access import (
    Action,
    Actor,
    Assignment,
    count_assignments,
    grant,
    list_assignments,
    may,
    require,
    revoke,
    server_scope,
)
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.administration.authority import keeping_an_owner
from headwater.app.administration.principals import Principal, find_principal, principals
from headwater.app.administration.scopes import Paths, ShownScope, resolve
from headwater.errors import NotFoundError
from headwater.store import exclusive, utc_now

__all__ = ["Given", "GivenPage", "give", "list_given", "take"]


@dataclass(frozen=True, slots=True)
class Given:
    """A role that somebody was given. ``granted_by``: a user's id; None for what Headwater or its machine gave."""

    id: int
    principal: Principal
    role: str
    scope: ShownScope
    granted_by: str | None
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class GivenPage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    given: list[Given]
    total: int
    after: int | None


def give(connection: Connection, actor: Actor, who: str, role: str, scope: str) -> tuple[Given, bool]:
    """Give a role, and record it; whether that changed anything. Raises as ``Access.grant`` says."""
    # Before anything is read: who may, and what there is, must not change meanwhile.
    exclusive(connection, "roles")
    where = resolve(connection, actor, scope)
    # Before the name is looked up: who may not give roles here is not told who exists.
    require(connection, actor, Action.ROLES_ASSIGN, where.id)
    principal = find_principal(connection, who)
    granted = grant(connection, actor, principal.id, role, where.id, now=utc_now())
    if granted.changed:
        _record(connection, Event.ROLE_GRANTED, actor, granted.assignment)
    return _shown(connection, Paths(connection, actor), [granted.assignment])[0], granted.changed


def take(connection: Connection, actor: Actor, who: str, role: str, scope: str) -> Given:
    """Take a role away, and record it; what it was. Raises as ``Access.revoke`` says."""
    with keeping_an_owner(connection):
        where = resolve(connection, actor, scope)
        require(connection, actor, Action.ROLES_ASSIGN, where.id)
        principal = find_principal(connection, who)
        paths = Paths(connection, actor)
        # Looked up while they may: it can be their own role, and with it goes the sight of the scope.
        paths.shown(where.id)
        taken = revoke(connection, actor, principal.id, role, where.id)
        _record(connection, Event.ROLE_REVOKED, actor, taken)
        return _shown(connection, paths, [taken])[0]


def list_given(
    connection: Connection, actor: Actor, *, scope: str | None, who: str | None, after: int | None, limit: int
) -> GivenPage:
    """Assignments, in the order they were made. Raises as ``Access.assignments`` says."""
    scope_id = None if scope is None else resolve(connection, actor, scope).id
    try:
        principal_id = None if who is None else find_principal(connection, who).id
    except NotFoundError:
        # Who may not see people is not told who exists.
        if may(connection, actor, Action.PEOPLE_READ, server_scope(connection)):
            raise
        return GivenPage([], 0, None)
    page = list_assignments(
        connection,
        actor,
        scope_id=scope_id,
        principal_id=principal_id,
        limit=limit,
        after=None if after is None else [after],
    )
    total = count_assignments(connection, actor, scope_id=scope_id, principal_id=principal_id)
    given = _shown(connection, Paths(connection, actor), page.assignments)
    return GivenPage(given, total, None if page.after is None else int(page.after[0]))


def _shown(connection: Connection, paths: Paths, assignments: Sequence[Assignment]) -> list[Given]:
    named = principals(connection, (each.principal_id for each in assignments))
    return [
        Given(each.id, named[each.principal_id], each.role, scope, each.granted_by, each.granted_at)
        for each in assignments
        if (scope := paths.shown(each.scope_id)) is not None
    ]


def _record(connection: Connection, event: Event, actor: Actor, assignment: Assignment) -> None:
    record(
        connection,
        event,
        actor,
        now=utc_now(),
        target=f"scope:{assignment.scope_id}",
        scope_id=assignment.scope_id,
        principal_id=assignment.principal_id,
        role=assignment.role,
    )
