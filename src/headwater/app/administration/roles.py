"""Role definitions: the built-in ones, and an installation's own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from headwater.access import (
    Action,
    Actor,
    RoleDefinition,
    change_role,
    create_role,
    delete_role,
    get_role,
    list_roles,
    server_scope,
)
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.administration.authority import require_at_server
from headwater.errors import UsageError
from headwater.store import Database, utc_now

__all__ = ["Roles"]


class Roles:
    """Everybody who is signed in may see which roles there are; defining one needs ``roles.define`` at the server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> tuple[RoleDefinition, ...]:
        """All roles by name, the built-in ones first."""
        with self._database.read() as connection:
            return tuple(list_roles(connection))

    def get(self, name: str) -> RoleDefinition:
        """The role of this name, in any case; NotFoundError when there is none."""
        with self._database.read() as connection:
            return get_role(connection, name)

    def create(
        self,
        actor: Actor,
        name: str,
        *,
        actions: Sequence[str],
        not_actions: Sequence[str] = (),
        description: str = "",
    ) -> RoleDefinition:
        """Make a role.

        Raises:
            ForbiddenError: the actor may not define roles.
            UsageError: the name cannot be one, an action is unknown, or nothing is left of them.
            ConflictError: there is a role of this name.
        """
        name, description = _checked(name), _checked(description, longest=2_000)
        if "/" in name:
            raise UsageError("A role's name has no slash.", hint="Leave it out.", code="access.role")
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.ROLES_DEFINE)
            made = create_role(
                connection, actor, name, actions=actions, not_actions=not_actions, description=description
            )
            _record(connection, Event.ROLE_CREATED, actor, made)
            return made

    def change(
        self,
        actor: Actor,
        name: str,
        *,
        actions: Sequence[str] | None = None,
        not_actions: Sequence[str] | None = None,
        description: str | None = None,
    ) -> RoleDefinition:
        """Change what is given of a role; it holds at once wherever the role is assigned.

        Raises:
            ForbiddenError: the actor may not define roles.
            NotFoundError: there is no such role.
            UsageError: an action is unknown, or nothing is left of them.
            ConflictError: the role is built in.
        """
        if description is not None:
            description = _checked(description, longest=2_000)
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.ROLES_DEFINE)
            changed = change_role(
                connection, actor, name, actions=actions, not_actions=not_actions, description=description
            )
            _record(connection, Event.ROLE_CHANGED, actor, changed)
            return changed

    def delete(self, actor: Actor, name: str) -> None:
        """Delete a role that nobody has.

        Raises:
            ForbiddenError: the actor may not define roles.
            NotFoundError: there is no such role.
            ConflictError: the role is built in, or assigned.
        """
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.ROLES_DEFINE)
            _record(connection, Event.ROLE_DELETED, actor, delete_role(connection, actor, name))


def _checked(text: str, longest: int = 255) -> str:
    """A text in one line.

    Raises:
        UsageError: it is longer, or has characters that no database takes.
    """
    text = text.strip()
    if len(text) > longest or not text.isprintable():
        raise UsageError(f"This is one line of at most {longest} characters.", hint="Shorten it.", code="access.role")
    return text


def _record(connection: Connection, event: Event, actor: Actor, role: RoleDefinition) -> None:
    server = server_scope(connection)
    record(connection, event, actor, now=utc_now(), target=f"role:{role.id}", scope_id=server, role=role.name)
