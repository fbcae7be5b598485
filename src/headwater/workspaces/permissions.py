"""What every method asks first: whether the one who asks may, and whether they may know of it at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Select, exists, select, union

from headwater.access import Action, Actor, allowed_to, may, require, server_scope
from headwater.access.closure import below
from headwater.errors import ForbiddenError, NotFoundError
from headwater.store import tables

__all__ = ["Place", "permit", "permit_below", "require_administrator", "writable_collection"]

_scopes = tables.scopes


@dataclass(frozen=True, slots=True)
class Place:
    """A collection that something is put into: its own id, and its scope's."""

    id: int
    scope_id: int


def permit(
    connection: Connection, actor: Actor, action: Action, scope_id: int, *, seen_by: Action, unknown: NotFoundError
) -> None:
    """Go on only where the actor may do ``action``.

    Raises:
        NotFoundError: they may not, nor may they do ``seen_by``; it is ``unknown``, as if there were no such thing.
        ForbiddenError: they may do ``seen_by`` and not ``action``.
    """
    if not any(may(connection, actor, each, scope_id) for each in (action, seen_by)):
        raise unknown
    require(connection, actor, action, scope_id)


def permit_below(
    connection: Connection, actor: Actor, actions: Iterable[Action], scope_id: int, *, unknown: NotFoundError
) -> None:
    """Go on only where the actor may do one of ``actions`` at the scope or anywhere below it: at one model, say.

    Raises:
        NotFoundError: they may not; it is ``unknown``.
    """
    rights: Select[tuple[int]] = select(union(*(allowed_to(actor, each) for each in actions)).subquery().c[0])
    here = select(_scopes.c.id).where(_scopes.c.id.in_(below(scope_id)), _scopes.c.id.in_(rights))
    if not connection.scalar(select(exists(here))):
        raise unknown


def writable_collection(connection: Connection, actor: Actor, action: Action, name: str) -> Place:
    """The collection of a name, where the actor may do ``action``.

    Raises:
        NotFoundError: there is none, or none that the actor may see.
        ForbiddenError: they may not do ``action`` there.
    """
    unknown = NotFoundError(
        f"There is no collection '{name}', or none that you may see.", hint="List the collections, or add it."
    )
    columns = tables.collections.c
    row = connection.execute(
        select(columns.id, columns.scope_id).where(columns.name == name, columns.scope_id.is_not(None))
    ).one_or_none()
    if row is None:
        raise unknown
    permit(connection, actor, action, row.scope_id, seen_by=Action.COLLECTION_READ, unknown=unknown)
    return Place(row.id, row.scope_id)


def require_administrator(connection: Connection, actor: Actor, what: str) -> None:
    """Go on only where the actor may manage the server.

    Raises:
        ForbiddenError: they may not; ``what`` says what is left to those who may.
    """
    if may(connection, actor, Action.SERVER_MANAGE, server_scope(connection)):
        return
    raise ForbiddenError(
        f"Only an administrator may register {what}.",
        hint=f"Ask somebody who has {Action.SERVER_MANAGE} at the server.",
    )
