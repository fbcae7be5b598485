"""Who has which role where: granting, revoking and listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, insert, select

from headwater.access.actions import Action
from headwater.access.actors import Actor
from headwater.access.adoption import adopt
from headwater.access.builtin_roles import OWNER
from headwater.access.roles import get_role, update_definitions
from headwater.access.scopes import add_server, count_policy_change, get_scope
from headwater.access.trimming import Listing, allowed_to, require
from headwater.errors import ConflictError, NotFoundError
from headwater.store import exclusive, tables

__all__ = [
    "Assignment",
    "AssignmentPage",
    "Granted",
    "count_assignments",
    "grant",
    "install",
    "list_assignments",
    "revoke",
]

_assignments = tables.role_assignments


@dataclass(frozen=True, slots=True)
class Assignment:
    """``granted_by`` is None for what Headwater gave by itself."""

    id: int
    principal_id: str
    role: str
    scope_id: int
    granted_by: str | None
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Granted:
    """``changed``: False where the assignment was there already."""

    assignment: Assignment
    changed: bool


@dataclass(frozen=True, slots=True)
class AssignmentPage:
    """``after`` goes into the call for the next ones; None: there are no more."""

    assignments: list[Assignment]
    after: Sequence[Any] | None


def install(connection: Connection, *, now: datetime) -> int:
    """What must be there before anything else: scopes, the built-in roles, the built-in administrator.

    To be called at every start, for a new version may know more actions. Returns the server scope's id.
    """
    exclusive(connection, "roles")
    update_definitions(connection)
    root = add_server(connection)
    adopt(connection, root)
    administrator = tables.BUILT_IN_ADMINISTRATOR
    if _find(connection, administrator, get_role(connection, OWNER).id, root) is None:
        _insert(connection, administrator, OWNER, root, granted_by=None, now=now)
    return root


def grant(
    connection: Connection, actor: Actor, principal_id: str, role: str, scope_id: int, *, now: datetime
) -> Granted:
    """Give a user or a group a role at a scope and everything below it.

    Raises:
        NotFoundError: there is no such user or group (``access.principal``), role or scope, or the actor may do
            nothing there.
        ForbiddenError: the actor may not assign roles there.
    """
    definition = _changing(connection, actor, role, scope_id)
    if not connection.scalar(select(exists().where(tables.principals.c.id == principal_id))):
        raise NotFoundError(
            f"There is no user or group {principal_id}.", code="access.principal", hint="Check the id, or invite them."
        )
    found = _find(connection, principal_id, definition, scope_id)
    if found is not None:
        return Granted(found, changed=False)
    return Granted(_insert(connection, principal_id, role, scope_id, granted_by=actor.user_id, now=now), changed=True)


def revoke(connection: Connection, actor: Actor, principal_id: str, role: str, scope_id: int) -> Assignment:
    """Take a role away from a user or a group; returns the assignment that was. It holds from the next request.

    Raises:
        NotFoundError: there is no such assignment at this very scope (``access.assignment``), or the actor may do
            nothing there.
        ForbiddenError: the actor may not assign roles there.
        ConflictError: it is what makes the built-in administrator one.
    """
    definition = _changing(connection, actor, role, scope_id)
    found = _find(connection, principal_id, definition, scope_id)
    if found is None:
        raise NotFoundError(
            f"{principal_id} has not been given the role '{role}' at this scope.",
            code="access.assignment",
            hint="A role that is inherited is revoked where it was given.",
        )
    if principal_id == tables.BUILT_IN_ADMINISTRATOR and found.role == OWNER:
        raise ConflictError(
            "The built-in administrator stays Owner.",
            code="access.assignment",
            hint="Start without HEADWATER_ADMIN_TOKEN, and nobody can be it.",
        )
    connection.execute(delete(_assignments).where(_assignments.c.id == found.id))
    count_policy_change(connection, scope_id)
    return found


def list_assignments(
    connection: Connection,
    actor: Actor,
    *,
    scope_id: int | None = None,
    principal_id: str | None = None,
    limit: int = 50,
    after: Sequence[Any] | None = None,
) -> AssignmentPage:
    """The assignments that the actor may see (``roles.read`` where they were given), in the order they were made.

    ``scope_id`` leaves those given at that very scope, ``principal_id`` those given to that user or group itself.
    """
    listing = _listing(actor, scope_id, principal_id)
    page = listing.page(connection, [_assignments.c.id], limit=limit, after=after)
    return AssignmentPage([_assignment(row) for row in page.rows], page.after)


def count_assignments(
    connection: Connection, actor: Actor, *, scope_id: int | None = None, principal_id: str | None = None
) -> int:
    """How many assignments ``list_assignments`` has on all its pages."""
    return _listing(actor, scope_id, principal_id).count(connection)


def _listing(actor: Actor, scope_id: int | None, principal_id: str | None) -> Listing:
    statement = _selected()
    if scope_id is not None:
        statement = statement.where(_assignments.c.scope_id == scope_id)
    if principal_id is not None:
        statement = statement.where(_assignments.c.principal_id == principal_id)
    return Listing(statement, _assignments.c.scope_id, allowed_to(actor, Action.ROLES_READ))


def _changing(connection: Connection, actor: Actor, role: str, scope_id: int) -> int:
    """The id of the role that is to be given or taken at a scope, where the actor may."""
    exclusive(connection, "roles")
    get_scope(connection, scope_id)
    require(connection, actor, Action.ROLES_ASSIGN, scope_id)
    return get_role(connection, role).id


def _find(connection: Connection, principal_id: str, role_id: int, scope_id: int) -> Assignment | None:
    statement = _selected().where(
        _assignments.c.principal_id == principal_id,
        _assignments.c.role_id == role_id,
        _assignments.c.scope_id == scope_id,
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _assignment(row)


def _insert(
    connection: Connection, principal_id: str, role: str, scope_id: int, *, granted_by: str | None, now: datetime
) -> Assignment:
    definition = get_role(connection, role)
    statement = insert(_assignments).values(
        principal_id=principal_id, role_id=definition.id, scope_id=scope_id, granted_by=granted_by, granted_at=now
    )
    made = connection.execute(statement.returning(_assignments.c.id)).scalar_one()
    count_policy_change(connection, scope_id)
    return Assignment(made, principal_id, definition.name, scope_id, granted_by, now)


def _selected() -> Select[Any]:
    roles = tables.role_definitions
    return select(_assignments, roles.c.name).join(roles, roles.c.id == _assignments.c.role_id)


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(row.id, row.principal_id, row.name, row.scope_id, row.granted_by, row.granted_at)
