"""Role definitions: the built-in ones, and those that an installation adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from headwater.access.actions import Action, check_patterns, matching
from headwater.access.actors import Actor
from headwater.access.builtin_roles import BUILT_IN_ROLES
from headwater.access.scopes import server_scope
from headwater.access.trimming import require
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import exclusive, tables

__all__ = [
    "RoleDefinition",
    "change_role",
    "create_role",
    "delete_role",
    "get_role",
    "list_roles",
    "update_definitions",
]

_roles = tables.role_definitions


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """``actions`` less ``not_actions``, with wildcards as written.

    What one role leaves out another may give: ``not_actions`` denies nothing.
    """

    id: int
    name: str
    description: str
    built_in: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]

    def allows(self) -> frozenset[Action]:
        """The known actions that the role comes to."""
        return matching(self.actions) - matching(self.not_actions)


def list_roles(connection: Connection) -> list[RoleDefinition]:
    """All role definitions by name, built-in ones first."""
    return [_role(row) for row in connection.execute(select(_roles).order_by(_roles.c.built_in.desc(), _roles.c.name))]


def get_role(connection: Connection, name: str) -> RoleDefinition:
    """The role of this name, in whatever case it is written.

    Raises:
        NotFoundError: there is none (``access.role``).
    """
    found = _find(connection, name)
    if found is None:
        raise NotFoundError(
            f"There is no role '{name}'.", code="access.role", hint="List the roles to see what there is."
        )
    return found


def create_role(
    connection: Connection,
    actor: Actor,
    name: str,
    *,
    actions: Sequence[str],
    not_actions: Sequence[str] = (),
    description: str = "",
) -> RoleDefinition:
    """A new role. Whoever makes one needs ``roles.define`` at the server.

    Raises:
        ForbiddenError, NotFoundError: the actor may not define roles.
        UsageError: the name is blank, or an action is unknown, or nothing is left of them (``access.action``).
        ConflictError: there is a role of this name (``access.role``).
    """
    _require_defining(connection, actor)
    _check_actions(actions, not_actions)
    if not name.strip():
        raise UsageError("A role needs a name.", code="access.role", hint="Give it one that is not blank.")
    if _find(connection, name) is not None:
        raise ConflictError(f"There is a role '{name}' already.", code="access.role", hint="Choose another name.")
    values = {"name": name, "description": description, "built_in": False, "survives_cut": False}
    _insert(connection, values, actions, not_actions)
    return get_role(connection, name)


def change_role(
    connection: Connection,
    actor: Actor,
    name: str,
    *,
    actions: Sequence[str] | None = None,
    not_actions: Sequence[str] | None = None,
    description: str | None = None,
) -> RoleDefinition:
    """Change what is given of a role; it holds at once wherever the role is assigned.

    Raises:
        ForbiddenError, NotFoundError: the actor may not define roles, or there is no such role.
        UsageError: an action is unknown, or nothing is left of them (``access.action``).
        ConflictError: the role is built in (``access.role``).
    """
    role = _own_role(connection, actor, name)
    allowed = role.actions if actions is None else actions
    excepted = role.not_actions if not_actions is None else not_actions
    _check_actions(allowed, excepted)
    values = {
        "actions": list(allowed),
        "not_actions": list(excepted),
        "description": role.description if description is None else description,
    }
    connection.execute(update(_roles).where(_roles.c.id == role.id).values(values))
    changed = get_role(connection, name)
    _expand(connection, changed)
    return changed


def delete_role(connection: Connection, actor: Actor, name: str) -> RoleDefinition:
    """Delete a role that is assigned to nobody; returns what it was.

    Raises:
        ForbiddenError, NotFoundError: the actor may not define roles, or there is no such role.
        ConflictError: the role is built in, or assigned (``access.role``).
    """
    role = _own_role(connection, actor, name)
    if connection.scalar(select(exists().where(tables.role_assignments.c.role_id == role.id))):
        raise ConflictError(
            f"The role '{role.name}' is assigned.", code="access.role", hint="Revoke its assignments first."
        )
    connection.execute(delete(_roles).where(_roles.c.id == role.id))
    return role


def update_definitions(connection: Connection) -> None:
    """Make the built-in roles what this version says, and give wildcards in others the actions it added."""
    known = {role.name: role for role in list_roles(connection)}
    for built_in in BUILT_IN_ROLES:
        values = {
            "name": built_in.name,
            "description": built_in.description,
            "built_in": True,
            "survives_cut": built_in.survives_cut,
        }
        if built_in.name not in known:
            _insert(connection, values, built_in.actions, built_in.not_actions)
            continue
        patterns = {"actions": list(built_in.actions), "not_actions": list(built_in.not_actions)}
        connection.execute(update(_roles).where(_roles.c.name == built_in.name).values(values | patterns))
    for role in list_roles(connection):
        _expand(connection, role)


def _insert(connection: Connection, values: dict[str, Any], actions: Iterable[str], not_actions: Iterable[str]) -> None:
    patterns = {"actions": list(actions), "not_actions": list(not_actions)}
    connection.execute(insert(_roles).values(values | patterns))
    _expand(connection, get_role(connection, values["name"]))


def _expand(connection: Connection, role: RoleDefinition) -> None:
    """Write what a role comes to, where it differs from what is written."""
    table = tables.role_actions
    wanted = {action.value for action in role.allows()}
    written = set(connection.scalars(select(table.c.action).where(table.c.role_id == role.id)))
    if gone := written - wanted:
        connection.execute(delete(table).where(table.c.role_id == role.id, table.c.action.in_(gone)))
    if new := wanted - written:
        connection.execute(insert(table), [{"role_id": role.id, "action": action} for action in sorted(new)])


def _own_role(connection: Connection, actor: Actor, name: str) -> RoleDefinition:
    _require_defining(connection, actor)
    role = get_role(connection, name)
    if role.built_in:
        raise ConflictError(
            f"'{role.name}' is built in and stays as it is.",
            code="access.role",
            hint="Create a role of your own with the actions you want.",
        )
    return role


def _require_defining(connection: Connection, actor: Actor) -> None:
    exclusive(connection, "roles")
    require(connection, actor, Action.ROLES_DEFINE, server_scope(connection))


def _check_actions(actions: Sequence[str], not_actions: Sequence[str]) -> None:
    check_patterns([*actions, *not_actions])
    if not matching(actions) - matching(not_actions):
        raise UsageError(
            "The role would allow nothing.", code="access.action", hint="Name actions that are not taken away again."
        )


def _find(connection: Connection, name: str) -> RoleDefinition | None:
    # Compared here: what a database takes for lower case depends on which one it is.
    return next((role for role in list_roles(connection) if role.name.casefold() == name.casefold()), None)


def _role(row: Row[Any]) -> RoleDefinition:
    return RoleDefinition(row.id, row.name, row.description, row.built_in, tuple(row.actions), tuple(row.not_actions))
