"""What roles are given at: one tree from the server down to a model or a published table.

The functions here change the tree and nothing else: whether somebody may is asked by whoever calls them
(``access.require``), because the action depends on what the scope stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Connection, Row, delete, exists, insert, literal, select, update

from headwater.access import closure
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import exclusive, tables

__all__ = [
    "Removed",
    "Scope",
    "ScopeKind",
    "add_scope",
    "add_scopes",
    "count_policy_change",
    "display_path",
    "find_scope",
    "get_scope",
    "move_scope",
    "remove_scope",
    "rename_scope",
    "server_scope",
    "set_restricted",
    "set_subscription",
]

_scopes = tables.scopes


class ScopeKind(StrEnum):
    SERVER = "server"
    COLLECTION = "collection"
    SUBSCRIPTION = "subscription"
    WORKSPACE = "workspace"
    MODEL = "model"
    SCORING_SERVICE = "scoring_service"
    CONNECTION = "connection"
    DATAFLOW = "dataflow"
    PUBLISHED_TABLE = "published_table"


_COLLECTED = frozenset({ScopeKind.SERVER, ScopeKind.COLLECTION})

#: What a scope of a kind may lie under. A workspace may lie under a subscription as well, as its second parent.
_PARENTS: dict[ScopeKind, frozenset[ScopeKind]] = {
    ScopeKind.SERVER: frozenset(),
    ScopeKind.COLLECTION: _COLLECTED,
    ScopeKind.SUBSCRIPTION: _COLLECTED,
    ScopeKind.WORKSPACE: _COLLECTED,
    ScopeKind.MODEL: frozenset({ScopeKind.WORKSPACE}),
    ScopeKind.SCORING_SERVICE: _COLLECTED | {ScopeKind.WORKSPACE},
    ScopeKind.CONNECTION: _COLLECTED,
    ScopeKind.DATAFLOW: _COLLECTED,
    ScopeKind.PUBLISHED_TABLE: frozenset({ScopeKind.DATAFLOW}),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope. ``restricted``: from above, only collection administrators reach it and what lies below."""

    id: int
    kind: ScopeKind
    name: str
    parent_id: int | None
    subscription_id: int | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """What went with a scope: ids of scopes, itself among them, and how many role assignments."""

    scope_ids: tuple[int, ...]
    assignments: int


def server_scope(connection: Connection) -> int:
    """The id of the root of the tree.

    Raises:
        NotFoundError: ``access.install`` has not run.
    """
    found = _find_server(connection)
    if found is None:
        raise NotFoundError("There is no server scope yet.", code="access.scope", hint="Start the server once.")
    return found


def add_server(connection: Connection) -> int:
    """The id of the root of the tree, which is made where there is none."""
    exclusive(connection, "scopes")
    found = _find_server(connection)
    if found is not None:
        return found
    values = {"kind": ScopeKind.SERVER, "name": "server", "restricted": False}
    made: int = connection.execute(insert(_scopes).values(values).returning(_scopes.c.id)).scalar_one()
    closure.add_root(connection, made)
    return made


def get_scope(connection: Connection, scope_id: int) -> Scope:
    """The scope of this id.

    Raises:
        NotFoundError: there is none (``access.scope``).
    """
    row = connection.execute(select(_scopes).where(_scopes.c.id == scope_id)).one_or_none()
    if row is None:
        raise unknown_scope(scope_id)
    return _scope(row)


def add_scope(
    connection: Connection, kind: ScopeKind, name: str, parent_id: int, *, subscription_id: int | None = None
) -> Scope:
    """A new scope below ``parent_id``; a workspace may name its Azure subscription too.

    Raises:
        UsageError: a scope of this kind cannot lie there (``access.scope``).
        NotFoundError: there is no such parent or subscription.
        ConflictError: there is one of this kind and name already.
    """
    made = add_scopes(connection, kind, [name], parent_id)[name]
    if subscription_id is not None:
        return set_subscription(connection, made, subscription_id)
    return get_scope(connection, made)


def add_scopes(connection: Connection, kind: ScopeKind, names: Iterable[str], parent_id: int) -> dict[str, int]:
    """New scopes of one kind below ``parent_id``, by their names: what a scan finds, in a few statements.

    Raises:
        UsageError: scopes of this kind cannot lie there (``access.scope``).
        NotFoundError: there is no such parent.
        ConflictError: one of the names is taken.
    """
    exclusive(connection, "scopes")
    wanted = list(dict.fromkeys(names))
    _check_parent(kind, get_scope(connection, parent_id))
    for name in wanted:
        _check_name(name)
    siblings = select(_scopes.c.name, _scopes.c.id).where(_scopes.c.parent_id == parent_id, _scopes.c.kind == kind)
    taken = set(connection.scalars(siblings)).intersection(wanted)
    if taken:
        raise _taken(kind, min(taken))
    rows = [{"kind": kind, "name": name, "parent_id": parent_id, "restricted": False} for name in wanted]
    if rows:
        connection.execute(insert(_scopes), rows)
        closure.add_children(connection, parent_id)
    made = {row.name: row.id for row in connection.execute(siblings)}
    return {name: made[name] for name in wanted}


def rename_scope(connection: Connection, scope_id: int, name: str) -> Scope:
    """Give a scope another name; its id and its assignments stay.

    Raises:
        NotFoundError: there is no such scope.
        UsageError: it is the server, or the name is empty.
        ConflictError: its parent has one of this kind and name already.
    """
    exclusive(connection, "scopes")
    scope = get_scope(connection, scope_id)
    _parent_of(scope)
    _check_name(name)
    if name != scope.name:
        _check_free(connection, scope.kind, name, scope.parent_id)
        connection.execute(update(_scopes).where(_scopes.c.id == scope_id).values(name=name))
    return get_scope(connection, scope_id)


def move_scope(connection: Connection, scope_id: int, parent_id: int) -> Scope:
    """Put a scope, with everything below it, under another parent.

    Raises:
        NotFoundError: there is no such scope or parent.
        UsageError: a scope of this kind cannot lie there, or the new parent lies below it (``access.scope``).
        ConflictError: the new parent has one of this kind and name already.
    """
    exclusive(connection, "scopes")
    scope, parent = get_scope(connection, scope_id), get_scope(connection, parent_id)
    _check_parent(scope.kind, parent)
    if connection.scalar(select(literal(parent_id).in_(closure.below(scope_id)))):
        raise UsageError(
            f"'{parent.name}' lies below '{scope.name}', or is the same.",
            code="access.scope",
            hint="Move it to a collection that it does not contain.",
        )
    if parent_id != scope.parent_id:
        _check_free(connection, scope.kind, scope.name, parent_id)
        connection.execute(update(_scopes).where(_scopes.c.id == scope_id).values(parent_id=parent_id))
        closure.rebuild(connection, scope_id)
    return get_scope(connection, scope_id)


def set_subscription(connection: Connection, scope_id: int, subscription_id: int | None) -> Scope:
    """Say which Azure subscription a workspace belongs to beside its collection, or that it belongs to none.

    Roles given at the subscription then reach the workspace as well.

    Raises:
        NotFoundError: there is no such scope or subscription.
        UsageError: they are not a workspace and a subscription (``access.scope``).
    """
    exclusive(connection, "scopes")
    scope = get_scope(connection, scope_id)
    kinds = {get_scope(connection, subscription_id).kind} if subscription_id is not None else set()
    if scope.kind is not ScopeKind.WORKSPACE or kinds - {ScopeKind.SUBSCRIPTION}:
        raise UsageError(
            "Only a workspace has a second parent, and only a subscription is one.",
            code="access.scope",
            hint="Move other scopes to a collection.",
        )
    connection.execute(update(_scopes).where(_scopes.c.id == scope_id).values(subscription_id=subscription_id))
    closure.rebuild(connection, scope_id)
    return get_scope(connection, scope_id)


def set_restricted(connection: Connection, scope_id: int, restricted: bool) -> Scope:
    """Cut inheritance at a collection, or let it pass again: then only collection administrators stay inherited.

    Raises:
        NotFoundError: there is no such scope.
        UsageError: it is no collection (``access.scope``).
    """
    exclusive(connection, "scopes")
    if get_scope(connection, scope_id).kind is not ScopeKind.COLLECTION:
        raise UsageError(
            "Inheritance is cut at collections only.", code="access.scope", hint="Restrict the collection above."
        )
    connection.execute(update(_scopes).where(_scopes.c.id == scope_id).values(restricted=restricted))
    closure.recompute_cuts(connection, scope_id)
    count_policy_change(connection, scope_id)
    return get_scope(connection, scope_id)


def count_policy_change(connection: Connection, scope_id: int) -> None:
    """Note that who may do what at a scope is no longer what it was when somebody read it."""
    counted = {"policy_version": _scopes.c.policy_version + 1}
    connection.execute(update(_scopes).where(_scopes.c.id == scope_id).values(counted))


def remove_scope(connection: Connection, scope_id: int) -> Removed:
    """Remove a scope with the assignments at it. What a workspace or a dataflow consists of goes with it.

    Raises:
        NotFoundError: there is no such scope.
        UsageError: it is the server.
        ConflictError: it is a collection with something in it (``access.scope``).
    """
    exclusive(connection, "scopes")
    scope = get_scope(connection, scope_id)
    _parent_of(scope)
    if scope.kind is ScopeKind.COLLECTION and connection.scalar(
        select(exists().where(_scopes.c.parent_id == scope_id))
    ):
        raise ConflictError(
            f"The collection '{scope.name}' is not empty.",
            code="access.scope",
            hint="Move or remove what lies in it first.",
        )
    if scope.kind is ScopeKind.SUBSCRIPTION:
        _detach_workspaces(connection, scope_id)
    gone = tuple(connection.scalars(closure.below(scope_id).order_by("scope_id")))
    held = tables.role_assignments.c.scope_id.in_(closure.below(scope_id))
    count = connection.execute(delete(tables.role_assignments).where(held)).rowcount
    connection.execute(delete(_scopes).where(_scopes.c.id.in_(closure.below(scope_id))))
    return Removed(gone, count)


def display_path(connection: Connection, scope_id: int, *, seen: Callable[[int], bool] = lambda _: True) -> str:
    """Where a scope lies, as people read it: ``/collection/Finance/workspace/risk/model/churn``; the server is ``/``.

    Kinds are in it, so that it means one scope only. A workspace's path goes through its collection. Scopes above that
    are not ``seen`` (by their ids) show as ``…``.

    Raises:
        NotFoundError: there is no such scope.
    """
    steps = [
        f"{scope.kind}/{quote(scope.name, safe=' ')}" if scope.id == scope_id or seen(scope.id) else "…"
        for scope in line_to(connection, scope_id)[1:]
    ]
    return "/" + "/".join(steps)


def find_scope(connection: Connection, path: str) -> Scope:
    """The scope at a display path.

    Raises:
        NotFoundError: there is none.
        UsageError: it is no path.
    """
    scope = get_scope(connection, server_scope(connection))
    steps = path.split("/")[1:] if path != "/" else []
    if not path.startswith("/") or len(steps) % 2:
        raise UsageError(
            f"'{path}' is not the path of a scope.",
            code="access.scope",
            hint="Write it as /collection/NAME/model/NAME.",
        )
    for kind, name in zip(steps[::2], steps[1::2], strict=True):
        step = (_scopes.c.parent_id == scope.id, _scopes.c.kind == kind, _scopes.c.name == unquote(name))
        row = connection.execute(select(_scopes).where(*step)).one_or_none()
        if row is None:
            raise unknown_scope(path)
        scope = _scope(row)
    return scope


def line_to(connection: Connection, scope_id: int) -> list[Scope]:
    """The scopes from the server down to this one, by way of each one's first parent."""
    steps = select(_scopes.c.id, _scopes.c.parent_id, literal(0).label("distance")).where(_scopes.c.id == scope_id)
    line = steps.cte(recursive=True)
    line = line.union_all(
        select(_scopes.c.id, _scopes.c.parent_id, line.c.distance + 1).where(_scopes.c.id == line.c.parent_id)
    )
    rows = select(_scopes).join(line, line.c.id == _scopes.c.id).order_by(line.c.distance.desc())
    found = [_scope(row) for row in connection.execute(rows)]
    if not found:
        raise unknown_scope(scope_id)
    return found


def unknown_scope(scope: int | str) -> NotFoundError:
    """The one answer for what is not there and for what may not be seen."""
    return NotFoundError(f"There is no scope {scope}, or none that you may see.", code="access.scope")


def _find_server(connection: Connection) -> int | None:
    found: int | None = connection.scalar(select(_scopes.c.id).where(_scopes.c.kind == ScopeKind.SERVER))
    return found


def _scope(row: Row[Any]) -> Scope:
    return Scope(row.id, ScopeKind(row.kind), row.name, row.parent_id, row.subscription_id, row.restricted)


def _parent_of(scope: Scope) -> int:
    if scope.parent_id is None:
        raise UsageError("The server itself stays as it is.", code="access.scope", hint="Name a scope below it.")
    return scope.parent_id


def _check_parent(kind: ScopeKind, parent: Scope) -> None:
    if parent.kind not in _PARENTS[kind]:
        allowed = ", ".join(sorted(_PARENTS[kind])) or "nothing"
        raise UsageError(
            f"A {kind} cannot lie under a {parent.kind}.", code="access.scope", hint=f"It lies under: {allowed}."
        )


def _check_name(name: str) -> None:
    if not name.strip():
        raise UsageError("A scope needs a name.", code="access.scope", hint="Give it one that is not blank.")


def _check_free(connection: Connection, kind: ScopeKind, name: str, parent_id: int | None) -> None:
    same = exists().where(_scopes.c.parent_id == parent_id, _scopes.c.kind == kind, _scopes.c.name == name)
    if connection.scalar(select(same)):
        raise _taken(kind, name)


def _taken(kind: ScopeKind, name: str) -> ConflictError:
    return ConflictError(
        f"There is a {kind} '{name}' there already.", code="access.scope", hint="Choose another name or another place."
    )


def _detach_workspaces(connection: Connection, subscription_id: int) -> None:
    workspaces = connection.scalars(select(_scopes.c.id).where(_scopes.c.subscription_id == subscription_id)).all()
    for workspace in workspaces:
        set_subscription(connection, workspace, None)
