"""Policies as rows: making, changing, deleting and listing them, each on record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from headwater.access.actions import Action
from headwater.access.actors import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.trimming import allowed_to, require
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import tables

__all__ = [
    "NewPolicy",
    "Policy",
    "PolicyChanges",
    "Subject",
    "change_policy",
    "count_readers",
    "create_policy",
    "delete_policy",
    "get_policy",
    "list_policies",
    "require_author",
]

Subject = Literal["asset", "classification", "label", "sensitivity"]

_policies, _readers = tables.access_policies, tables.access_policy_readers


@dataclass(frozen=True, slots=True)
class Policy:
    """Of data in a collection that bears ``value`` as its ``subject``, only ``readers`` read.

    ``readers`` are ids of users and groups; ``people`` is how many active people that comes to.
    """

    id: int
    name: str
    description: str
    scope_id: int
    subject: Subject
    value: str
    enabled: bool
    readers: tuple[str, ...]
    people: int
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """What a policy is to be. ``lock_out``: it is meant that nobody reads what it is about."""

    name: str
    scope_id: int
    subject: Subject
    value: str
    readers: Collection[str] = ()
    description: str = ""
    lock_out: bool = False


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """What is to be another; None: as it was."""

    readers: Collection[str] | None = None
    enabled: bool | None = None
    description: str | None = None
    lock_out: bool = False


def create_policy(connection: Connection, actor: Actor, wanted: NewPolicy, *, now: datetime) -> Policy:
    """Make a policy; it holds from the next request.

    Raises:
        NotFoundError, ForbiddenError: the actor may not give roles at the collection, or not know of it.
        UsageError: the name or the value is empty or too long.
        ConflictError: there is a policy of this name, or nobody would read what it is about (``policy.nobody``).
    """
    require_author(connection, actor, wanted.scope_id)
    name, value = _text(wanted.name, "name", 255), _text(wanted.value, "value", 4_000)
    _check_somebody(connection, wanted.readers, wanted.lock_out)
    values = {
        "name": name,
        "description": wanted.description.strip(),
        "scope_id": wanted.scope_id,
        "subject": wanted.subject,
        "value": value,
        "created_at": now,
        "created_by": actor.name,
        "updated_at": now,
        "updated_by": actor.name,
    }
    try:
        with connection.begin_nested():
            made = connection.execute(insert(_policies).values(values).returning(_policies.c.id)).scalar_one()
    except IntegrityError as error:
        raise ConflictError(f"There is a policy '{name}' already.", hint="Choose another name.") from error
    _set_readers(connection, made, wanted.readers)
    policy = _read(connection, made)
    _record(connection, Event.POLICY_CREATED, actor, policy, now)
    return policy


def change_policy(connection: Connection, actor: Actor, name: str, changes: PolicyChanges, *, now: datetime) -> Policy:
    """Change who reads, whether it holds, or its description; it holds from the next request.

    Raises:
        NotFoundError: there is no such policy to be seen.
        ForbiddenError: the actor may not give roles at its collection.
        ConflictError: nobody would read what it is about (``policy.nobody``).
    """
    policy = get_policy(connection, actor, name)
    require_author(connection, actor, policy.scope_id)
    readers = policy.readers if changes.readers is None else changes.readers
    enabled = policy.enabled if changes.enabled is None else changes.enabled
    if enabled and (changes.readers is not None or not policy.enabled):
        _check_somebody(connection, readers, changes.lock_out)
    if changes.readers is not None:
        _set_readers(connection, policy.id, readers)
    description = policy.description if changes.description is None else changes.description.strip()
    values = {"enabled": enabled, "description": description, "updated_at": now, "updated_by": actor.name}
    connection.execute(update(_policies).where(_policies.c.id == policy.id).values(values))
    changed = _read(connection, policy.id)
    _record(connection, Event.POLICY_CHANGED, actor, changed, now)
    return changed


def delete_policy(connection: Connection, actor: Actor, name: str, *, now: datetime) -> Policy:
    """Delete a policy; raises as :func:`change_policy` does. What it was."""
    policy = get_policy(connection, actor, name)
    require_author(connection, actor, policy.scope_id)
    connection.execute(delete(_policies).where(_policies.c.id == policy.id))
    _record(connection, Event.POLICY_DELETED, actor, policy, now)
    return policy


def get_policy(connection: Connection, actor: Actor, name: str) -> Policy:
    """A policy by its name; NotFoundError where there is none at a collection whose roles the actor may see."""
    found = _listed(connection, actor, name=name)
    if not found:
        raise NotFoundError(f"There is no policy '{name}'.", hint="List them with 'headwater policy list'.")
    return found[0]


def list_policies(connection: Connection, actor: Actor) -> Sequence[Policy]:
    """The policies at collections whose roles the actor may see, by name."""
    return _listed(connection, actor)


def require_author(connection: Connection, actor: Actor, scope_id: int) -> None:
    """Go on only where the actor may say who reads what at a collection: who may give roles there may.

    Raises:
        NotFoundError, ForbiddenError: they may not know of it, or not give roles there.
    """
    require(connection, actor, Action.ROLES_ASSIGN, scope_id)


def count_readers(connection: Connection, principals: Collection[str]) -> int:
    """How many active people these users and groups come to, however deep the groups."""
    users, members = tables.users, tables.group_members
    start = select(tables.principals.c.id).where(tables.principals.c.id.in_(set(principals)))
    found = start.cte(recursive=True)
    found = found.union(select(members.c.member_id).where(members.c.group_id == found.c.id))
    query = select(func.count()).select_from(users).where(users.c.active, users.c.id.in_(select(found.c.id)))
    return connection.execute(query).scalar_one()


def _listed(connection: Connection, actor: Actor, **wanted: str) -> list[Policy]:
    seen = allowed_to(actor, Action.ROLES_READ)
    query = select(_policies).where(_policies.c.scope_id.in_(seen)).order_by(_policies.c.name)
    return [_policy(connection, row) for row in connection.execute(query.filter_by(**wanted)).all()]


def _read(connection: Connection, policy_id: int) -> Policy:
    return _policy(connection, connection.execute(select(_policies).where(_policies.c.id == policy_id)).one())


def _policy(connection: Connection, row: Row[Any]) -> Policy:
    own = select(_readers.c.principal_id).where(_readers.c.policy_id == row.id).order_by(_readers.c.principal_id)
    readers = tuple(connection.scalars(own))
    values: Mapping[str, Any] = {name: row._mapping[name] for name in _STORED}
    return Policy(**values, readers=readers, people=count_readers(connection, readers))


_STORED = tuple(name for name in Policy.__dataclass_fields__ if name not in {"readers", "people"})


def _set_readers(connection: Connection, policy_id: int, readers: Collection[str]) -> None:
    connection.execute(delete(_readers).where(_readers.c.policy_id == policy_id))
    rows = [{"policy_id": policy_id, "principal_id": reader} for reader in sorted(set(readers))]
    if rows:
        connection.execute(insert(_readers), rows)


def _check_somebody(connection: Connection, readers: Collection[str], lock_out: bool) -> None:
    if not lock_out and not count_readers(connection, readers):
        raise ConflictError(
            "Nobody would be able to read what this policy is about.",
            code="policy.nobody",
            hint="Name somebody who is active, or say that everybody is to be locked out.",
        )


def _text(text: str, what: str, most: int) -> str:
    text = text.strip()
    if not 1 <= len(text) <= most or not text.isprintable():
        raise UsageError(f"A policy's {what} has 1 to {most:,} characters in one line.", hint="Give one.")
    return text


def _record(connection: Connection, event: Event, actor: Actor, policy: Policy, now: datetime) -> None:
    record(
        connection,
        event,
        actor,
        now=now,
        target=f"policy:{policy.id}",
        scope_id=policy.scope_id,
        name=policy.name,
        subject=policy.subject,
        value=policy.value,
        enabled=policy.enabled,
        readers=", ".join(policy.readers),
        people=policy.people,
    )
