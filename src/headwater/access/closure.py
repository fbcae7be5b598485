"""Keeps ``scope_ancestors`` what ``scopes`` says: every statement here runs in the caller's transaction.

A workspace may have two parents (its collection and its Azure subscription), so what lies above a scope is not one
line, and rows are recomputed for the part of the tree below a change instead of being shifted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    and_,
    delete,
    exists,
    false,
    insert,
    not_,
    select,
    tuple_,
    union_all,
    update,
)

from headwater.store import tables

__all__ = ["add_children", "add_root", "below", "rebuild", "recompute_cuts"]

_scopes = tables.scopes
_ancestors = tables.scope_ancestors


def below(scope_id: int) -> Select[Any]:
    """The scope and everything below it."""
    rows = _ancestors.alias()
    return select(rows.c.scope_id).where(rows.c.ancestor_id == scope_id)


def add_root(connection: Connection, scope_id: int) -> None:
    """A scope with nothing above it."""
    connection.execute(insert(_ancestors).values(ancestor_id=scope_id, scope_id=scope_id, cut=False))


def add_children(connection: Connection, parent_id: int) -> None:
    """Rows for the children of ``parent_id`` that have none yet: new ones, with nothing below them."""
    known, above = _ancestors.alias(), _ancestors.alias()
    new = and_(_scopes.c.parent_id == parent_id, not_(exists().where(known.c.scope_id == _scopes.c.id)))
    own = select(_scopes.c.id, _scopes.c.id, false()).where(new)
    inherited = (
        select(above.c.ancestor_id, _scopes.c.id, above.c.cut)
        .join(above, above.c.scope_id == _scopes.c.parent_id)
        .where(new)
    )
    connection.execute(insert(_ancestors).from_select(["ancestor_id", "scope_id", "cut"], union_all(own, inherited)))


def rebuild(connection: Connection, scope_id: int) -> None:
    """Recompute what lies above ``scope_id`` and all below it, after one of its parents changed."""
    connection.execute(
        delete(_ancestors).where(
            _ancestors.c.scope_id.in_(below(scope_id)), _ancestors.c.ancestor_id.not_in(below(scope_id))
        )
    )
    edges = _edges().subquery()
    above, beneath = _ancestors.alias(), _ancestors.alias()
    # Every way into the part below leads over an edge from outside of it.
    entered = (
        select(above.c.ancestor_id, beneath.c.scope_id, false())
        .distinct()
        .select_from(edges)
        .join(above, above.c.scope_id == edges.c.parent_id)
        .join(beneath, beneath.c.ancestor_id == edges.c.child_id)
        .where(edges.c.child_id.in_(below(scope_id)), edges.c.parent_id.not_in(below(scope_id)))
    )
    connection.execute(insert(_ancestors).from_select(["ancestor_id", "scope_id", "cut"], entered))
    recompute_cuts(connection, scope_id)


def recompute_cuts(connection: Connection, scope_id: int) -> None:
    """Recompute which of the rows of ``scope_id`` and all below it cross a restricted collection.

    A restricted collection stands between a scope and whatever lies above the collection, also where a second parent
    leads around it: putting a workspace under a subscription must not open what was closed.
    """
    restricted, above, beneath = _scopes.alias(), _ancestors.alias(), _ancestors.alias()
    crossing = (
        select(above.c.ancestor_id, beneath.c.scope_id)
        .select_from(restricted)
        .join(above, above.c.scope_id == restricted.c.id)
        .join(beneath, beneath.c.ancestor_id == restricted.c.id)
        .where(restricted.c.restricted, above.c.ancestor_id != restricted.c.id)
        .where(beneath.c.scope_id.in_(below(scope_id)))
    )
    crosses = tuple_(_ancestors.c.ancestor_id, _ancestors.c.scope_id).in_(crossing)
    connection.execute(update(_ancestors).where(_ancestors.c.scope_id.in_(below(scope_id))).values(cut=crosses))


def _edges() -> CompoundSelect[Any]:
    by_parent = select(_scopes.c.id.label("child_id"), _scopes.c.parent_id.label("parent_id"))
    by_subscription = select(_scopes.c.id, _scopes.c.subscription_id)
    return union_all(
        by_parent.where(_scopes.c.parent_id.is_not(None)), by_subscription.where(_scopes.c.subscription_id.is_not(None))
    )
