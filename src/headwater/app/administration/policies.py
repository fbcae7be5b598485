"""Who may do what at a collection, read and written as one document: the roles that Purview has, and inheritance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, select

from headwater.access import Action, Actor, get_scope, may, require, set_restricted
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.administration.assignments import give, take
from headwater.app.administration.principals import find_principal
from headwater.catalog.collections import Collection, CollectionService
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, exclusive, tables, utc_now

__all__ = ["ROLES", "CollectionPolicy", "Holder", "change_policy", "list_policies", "read_policy"]

#: The roles that a policy tells of, the one that gives roles first. Others stay as they are.
ROLES: Final = (
    "Collection administrator",
    "Data reader",
    "Data curator",
    "Data source administrator",
    "Data share contributor",
)

_assignments, _roles, _scopes = tables.role_assignments, tables.role_definitions, tables.scopes


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """Who has a role, by kind and id."""

    kind: Literal["user", "group"]
    id: str


@dataclass(frozen=True, slots=True)
class CollectionPolicy:
    """Who has which role at a collection itself.

    ``version`` grows with every change, whoever makes it by whatever way. ``restricted``: of what is given above, only
    collection administrators hold here. ``holders`` are in the order in which they were given each role of ``ROLES``.
    """

    collection: Collection
    version: int
    restricted: bool
    holders: Mapping[str, tuple[Holder, ...]]


def list_policies(database: Database, actor: Actor) -> list[CollectionPolicy]:
    """The policies of all collections where the actor may see roles, by the collections' names."""
    collections = CollectionService(database).list(actor)
    with database.read() as connection:
        readable = [each for each in collections if may(connection, actor, Action.ROLES_READ, each.scope_id)]
        return [_policy(connection, each) for each in readable]


def read_policy(database: Database, actor: Actor, name: str) -> CollectionPolicy:
    """The policy of a collection.

    Raises:
        NotFoundError: there is no such collection to be seen.
        ForbiddenError: the actor may not see roles there.
    """
    collection = CollectionService(database).get(actor, name)
    with database.read() as connection:
        require(connection, actor, Action.ROLES_READ, collection.scope_id)
        return _policy(connection, collection)


def change_policy(database: Database, actor: Actor, wanted: CollectionPolicy) -> CollectionPolicy:
    """Give and take the roles in which ``wanted`` differs from what there is, and cut or restore inheritance.

    All or nothing of it happens, and each part is checked and recorded as if it were asked for by itself.

    Raises:
        NotFoundError: there is no such collection to be seen, or no such user or group.
        ForbiddenError: the actor may not assign roles there, or not cut what the collection inherits.
        ConflictError: somebody changed the policy since ``wanted.version`` (``policy.stale``).
        UsageError: a user is named as a group, or a group as a user.
    """
    with database.begin() as connection:
        exclusive(connection, "roles")
        scope_id = wanted.collection.scope_id
        require(connection, actor, Action.ROLES_ASSIGN, scope_id)
        before = _policy(connection, wanted.collection)
        if before.version != wanted.version:
            raise ConflictError(
                f"The policy has been changed since version {wanted.version} was read.",
                code="policy.stale",
                place=wanted.collection.name,
                hint="Read it again and change that.",
            )
        for role, holder in _missing(wanted, before):
            _check_kind(connection, holder)
            give(connection, actor, holder.id, role, f"scope:{scope_id}")
        _cut(connection, actor, before, wanted)
        for role, holder in _own_last(actor, _missing(before, wanted)):
            take(connection, actor, holder.id, role, f"scope:{scope_id}")
        return _policy(connection, wanted.collection)


def _policy(connection: Connection, collection: Collection) -> CollectionPolicy:
    scope = get_scope(connection, collection.scope_id)
    version: int = connection.execute(select(_scopes.c.policy_version).where(_scopes.c.id == scope.id)).scalar_one()
    query = (
        select(_roles.c.name, tables.principals.c.kind, tables.principals.c.id)
        .select_from(_assignments)
        .join(_roles, _roles.c.id == _assignments.c.role_id)
        .join(tables.principals, tables.principals.c.id == _assignments.c.principal_id)
        .where(_assignments.c.scope_id == scope.id, _roles.c.name.in_(ROLES))
        .order_by(_assignments.c.id)
    )
    holders: dict[str, list[Holder]] = {role: [] for role in ROLES}
    for row in connection.execute(query):
        holders[row.name].append(Holder(row.kind, row.id))
    given = {role: tuple(found) for role, found in holders.items()}
    return CollectionPolicy(collection, version, scope.restricted, given)


def _missing(wanted: CollectionPolicy, found: CollectionPolicy) -> Iterator[tuple[str, Holder]]:
    """What ``wanted`` has and ``found`` has not."""
    for role in ROLES:
        there = set(found.holders.get(role, ()))
        for holder in dict.fromkeys(wanted.holders.get(role, ())):
            if holder not in there:
                yield role, holder


def _own_last(actor: Actor, taken: Iterable[tuple[str, Holder]]) -> list[tuple[str, Holder]]:
    """In an order in which whoever gives up their own right to assign roles has done everything else by then."""
    return sorted(taken, key=lambda each: (each[0] == ROLES[0], each[1].kind == "group", each[1].id == actor.user_id))


def _check_kind(connection: Connection, holder: Holder) -> None:
    found = find_principal(connection, holder.id)
    if found.id != holder.id:
        raise NotFoundError(f"There is no user or group {holder.id}.", code="access.principal", hint="Give their id.")
    if found.kind != holder.kind:
        raise UsageError(
            f"{holder.id} is a {found.kind}, and named as a {holder.kind}.",
            hint="Name users by principal.microsoft.id and groups by principal.microsoft.groups.",
        )


def _cut(connection: Connection, actor: Actor, before: CollectionPolicy, wanted: CollectionPolicy) -> None:
    if before.restricted == wanted.restricted:
        return
    scope_id = wanted.collection.scope_id
    require(connection, actor, Action.COLLECTION_EDIT, scope_id)
    set_restricted(connection, scope_id, wanted.restricted)
    target = f"scope:{scope_id}"
    record(
        connection, Event.INHERITANCE_CHANGED, actor,
        now=utc_now(), target=target, scope_id=scope_id, cut=wanted.restricted,
    )  # fmt: skip
