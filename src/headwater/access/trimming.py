"""Who may do what where, as SQL: every listing, count and check takes its rights from ``allowed``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Row,
    Select,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
)

from headwater.access.actors import Actor, Via
from headwater.access.among import among
from headwater.access.closure import below
from headwater.access.scopes import unknown_scope
from headwater.errors import ForbiddenError
from headwater.store import tables

__all__ = [
    "Listing",
    "Page",
    "allowed",
    "allowed_to",
    "check",
    "forbidden",
    "holders",
    "may",
    "may_see",
    "require",
    "seen_by",
]

_ancestors = tables.scope_ancestors
_assignments = tables.role_assignments
_roles = tables.role_definitions


def allowed(person_id: str, action: str, *, within: int | None = None) -> Select[Any]:
    """The ids of the scopes where a person may do ``action``, for use in another statement; may repeat an id.

    A role reaches down from where it was given, to the person and to every group that they are in, directly or
    through other groups. Who is not active may do nothing. ``within`` narrows it to a scope and what lies below.

    >>> from headwater.store import tables
    >>> models = select(tables.scopes).where(tables.scopes.c.id.in_(allowed("ann's id", "model.read")))
    """
    acts = exists().where(tables.role_actions.c.role_id == _roles.c.id, tables.role_actions.c.action == action)
    return _reached(person_id, acts, within)


def allowed_to(actor: Actor, action: str) -> Select[Any]:
    """``allowed`` for whoever asks: a token narrows its owner's rights, and the machine itself may do anything."""
    if actor.via is Via.SYSTEM:
        return select(tables.scopes.c.id)
    if actor.user_id is None or not actor.permits(action):
        return select(tables.scopes.c.id).where(false())
    return allowed(actor.user_id, action, within=actor.scope_id)


def seen_by(actor: Actor) -> Select[Any]:
    """The ids of the scopes that whoever asks may know of: where they may do anything at all."""
    if actor.via is Via.SYSTEM:
        return select(tables.scopes.c.id)
    if actor.user_id is None:
        return select(tables.scopes.c.id).where(false())
    return _reached(actor.user_id, exists().where(tables.role_actions.c.role_id == _roles.c.id), actor.scope_id)


def holders(person_id: str) -> CTE:
    """The person, if active, and the groups they are in, however deep; groups within one another do no harm."""
    person = select(tables.users.c.id).where(tables.users.c.id == person_id, tables.users.c.active)
    found = person.cte(recursive=True)
    members = tables.group_members
    return found.union(select(members.c.group_id).where(members.c.member_id == found.c.id))


def check(connection: Connection, person_id: str, action: str, scope_id: int, *, within: int | None = None) -> bool:
    """Whether a person may do ``action`` at a scope."""
    return _holds(connection, allowed(person_id, action, within=within), scope_id)


def may(connection: Connection, actor: Actor, action: str, scope_id: int) -> bool:
    """Whether whoever asks may do ``action`` at a scope."""
    if actor.via is Via.SYSTEM:
        return True
    if actor.user_id is None or not actor.permits(action):
        return False
    return check(connection, actor.user_id, action, scope_id, within=actor.scope_id)


def may_see(connection: Connection, actor: Actor, scope_id: int) -> bool:
    """Whether whoever asks may know that there is this scope: they may do something there, whatever it is."""
    if actor.via is Via.SYSTEM:
        return bool(connection.scalar(select(exists().where(tables.scopes.c.id == scope_id))))
    return actor.user_id is not None and _holds(connection, seen_by(actor), scope_id)


def require(connection: Connection, actor: Actor, action: str, scope_id: int) -> None:
    """Go on only where whoever asks may do ``action`` at a scope.

    Raises:
        NotFoundError: they may do nothing there, so they are not told that there is such a scope (``access.scope``).
        ForbiddenError: they may do other things there, but not this (``forbidden``).
    """
    if may(connection, actor, action, scope_id):
        return
    if not may_see(connection, actor, scope_id):
        raise unknown_scope(scope_id)
    raise forbidden(action, scope_id)


def forbidden(action: str, scope_id: int) -> ForbiddenError:
    """The answer to who may know of a scope, and may not do what they asked for there."""
    return ForbiddenError(
        f"You may not do {action} here.",
        hint=f"Ask somebody who may assign roles here for one that has {action}.",
        action=str(action),
        scope_id=scope_id,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a listing. ``after`` goes into the call for the next ones; None: there are no more."""

    rows: list[Row[Any]]
    after: tuple[Any, ...] | None


class Listing:
    """A table, or a query, that carries scope ids, as somebody may see it: its pages, count and facets agree.

    Args:
        statement: what is listed, filters and all, without an order.
        scope: the column of it that holds the scope's id.
        rights: where rows may be seen: ``allowed(…)`` or ``allowed_to(…)``.
    """

    def __init__(self, statement: Select[Any], scope: ColumnElement[int], rights: Select[Any]) -> None:
        self.statement = statement.where(scope.in_(rights))

    def page(
        self,
        connection: Connection,
        keys: Sequence[ColumnElement[Any]],
        *,
        limit: int = 50,
        after: Sequence[Any] | None = None,
    ) -> Page:
        """The next ``limit`` rows in the order of ``keys``, beyond the row that ``after`` names.

        ``keys`` are selected columns without nulls whose values together are unique. Rows that are added or removed
        meanwhile neither shift a page nor repeat a row.
        """
        statement = self.statement.order_by(*keys).limit(limit + 1)
        if after is not None:
            bounds = [literal(value, key.type) for value, key in zip(after, keys, strict=True)]
            statement = statement.where(tuple_(*keys) > tuple_(*bounds))
        found = list(connection.execute(statement))
        rows = found[:limit]
        more = len(found) > limit
        return Page(rows, tuple(rows[-1]._mapping[key] for key in keys) if more else None)

    def count(self, connection: Connection) -> int:
        """How many rows there are."""
        return connection.execute(select(func.count()).select_from(self.statement.subquery())).scalar_one()

    def facets(self, connection: Connection, column: ColumnElement[Any]) -> dict[Any, int]:
        """How many rows have each value of ``column``."""
        grouped = self.statement.with_only_columns(column, func.count(), maintain_column_froms=True).group_by(column)
        return {row[0]: row[1] for row in connection.execute(grouped)}


def _reached(person_id: str, acts: ColumnElement[bool], within: int | None) -> Select[Any]:
    """Where the person's assignments of roles that satisfy ``acts`` reach."""
    people = holders(person_id)
    granted = (
        select(_assignments.c.scope_id, _roles.c.survives_cut)
        .distinct()
        .join(_roles, _roles.c.id == _assignments.c.role_id)
        .where(among(_assignments.c.principal_id, select(people.c.id)), acts)
        .cte()
    )
    surviving = select(granted.c.scope_id).where(granted.c.survives_cut)
    reached = select(_ancestors.c.scope_id).where(
        among(_ancestors.c.ancestor_id, select(granted.c.scope_id)),
        or_(not_(_ancestors.c.cut), among(_ancestors.c.ancestor_id, surviving)),
    )
    return reached if within is None else reached.where(_ancestors.c.scope_id.in_(below(within)))


def _holds(connection: Connection, scopes: Select[Any], scope_id: int) -> bool:
    return bool(connection.scalar(select(scopes.where(_ancestors.c.scope_id == scope_id).exists())))
