"""Which assets somebody may see: as a condition of a statement that knows its assets already, or scope by scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection

from headwater.access import Action, Actor, Via, allowed_to
from headwater.catalog.numbers import one_of
from headwater.store import tables

__all__ = ["Sight", "may_read"]


def may_read(actor: Actor, asset: Any = tables.assets.c) -> ColumnElement[bool]:
    """Whether ``actor`` may see an asset, given by its columns.

    For statements that come to their assets by number, name or edge. The scope is written as a sum, which no index
    serves: a planner would else begin with all assets of the scopes that somebody may see, which may be nearly all.
    """
    scope: ColumnElement[int] = asset.scope_id
    if actor.via is Via.SYSTEM:
        return scope.is_not(None)
    return (scope + 0).in_(allowed_to(actor, Action.ASSET_READ))


@dataclass(slots=True)
class Sight:
    """What somebody may see, for a walk of many statements: each scope that it meets is asked about once.

    A walk meets assets of few scopes, while the scopes that somebody may see can be all there are; as a part of each
    statement of the walk, they would be found anew each time.

    Attributes:
        connection: the transaction of the walk, whose state of the rights counts.
        actor: who asks.
    """

    connection: Connection
    actor: Actor
    _seen: set[int] = field(default_factory=set)
    _asked: set[int] = field(default_factory=set)

    def of(self, scopes: Iterable[int | None]) -> set[int]:
        """The scopes known to be seen, those of ``scopes`` among them that are. Nobody sees an asset without one."""
        new = {scope for scope in scopes if scope is not None} - self._asked
        if new:
            self._asked |= new
            self._seen |= new if self.actor.via is Via.SYSTEM else self._allowed(new)
        return self._seen

    def _allowed(self, scopes: set[int]) -> set[int]:
        rights = allowed_to(self.actor, Action.ASSET_READ)
        (scope,) = rights.selected_columns
        return set(self.connection.scalars(rights.where(one_of(self.connection, scope, scopes))))
