"""Which assets somebody may see, as a condition of a statement that knows its assets already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from headwater.access import Action, Actor, Via, allowed_to
from headwater.store import tables

__all__ = ["may_read"]


def may_read(actor: Actor, asset: Any = tables.assets.c) -> ColumnElement[bool]:
    """Whether ``actor`` may see an asset, given by its columns.

    For statements that come to their assets by number, name or edge. The scope is written as a sum, which no index
    serves: a planner would else begin with all assets of the scopes that somebody may see, which may be nearly all.
    """
    scope: ColumnElement[int] = asset.scope_id
    if actor.via is Via.SYSTEM:
        return scope.is_not(None)
    return (scope + 0).in_(allowed_to(actor, Action.ASSET_READ))
