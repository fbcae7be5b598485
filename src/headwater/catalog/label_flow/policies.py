"""Policies that say what flows down lineage: of classifications, labels and sensitivity labels, by collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Select, delete, func, insert, select

from headwater.access import Action, Actor, allowed_to, require
from headwater.access.scopes import unknown_scope
from headwater.errors import NotFoundError, UsageError
from headwater.jobs import NewJob, NewSchedule, queue, schedules
from headwater.store import Database, exclusive, tables, utc_now

__all__ = ["ALL", "KIND", "EffectivePolicies", "LabelKind", "LabelPolicy", "LabelPolicyService", "work_out_anew"]

LabelKind: TypeAlias = Literal["classification", "label", "sensitivity"]
#: The name that stands for all.
ALL = "*"
#: The kind of the job that works out what flows where, and what it works on.
KIND = "label_flow"
#: What changes the catalog does not ask for that job: it looks every few minutes whether anything has.
_OFTEN = "*/5 * * * *"
_LONGEST = 255

_policies = tables.label_policies
_policy, _collection = tables.label_policies.c, tables.collections.c


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """What the assets of a collection, and of those below it, inherit from what they are made of.

    Attributes:
        collection: its name; ``root`` is all of the catalog.
        kind: ``classification``, ``label`` or ``sensitivity``.
        name: which; ``*`` is all that no other policy of the collection names.
        flows: whether they inherit it. False takes back, for a collection, what one above it says.
        through_models: whether also by way of a model: by what it was trained on, and what it was given to predict.
    """

    collection: str
    kind: LabelKind
    name: str = ALL
    flows: bool = True
    through_models: bool = False
    changed_at: datetime | None = None
    changed_by: str = ""


class LabelPolicyService:
    """Policies: seen by whoever may read their collection, changed by whoever may edit it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor) -> Sequence[LabelPolicy]:
        """Those of collections that may be read, by collection, kind and name."""
        seen = _policy.scope_id.in_(allowed_to(actor, Action.COLLECTION_READ))
        query = _stored().where(seen).order_by(_collection.name, _policy.kind, _policy.name)
        with self._database.read() as connection:
            return [LabelPolicy(*row) for row in connection.execute(query)]

    def put(self, actor: Actor, policy: LabelPolicy) -> None:
        """Set a policy, in place of the one of the same collection, kind and name.

        Raises:
            UsageError: it has no kind that there is, or no name.
            NotFoundError: there is no such collection to be seen.
            ForbiddenError: the actor may not edit it.
        """
        _check(policy)
        with self._database.begin() as connection:
            scope = _scope(connection, actor, policy.collection)
            connection.execute(delete(_policies).where(*_same(scope, policy.kind, policy.name)))
            values = {"flows": policy.flows, "through_models": policy.through_models}
            key = {"scope_id": scope, "kind": policy.kind, "name": policy.name}
            made = {"changed_at": utc_now(), "changed_by": actor.name}
            connection.execute(insert(_policies).values(**key, **values, **made))
            _arrange(connection, actor)

    def remove(self, actor: Actor, collection: str, kind: str, name: str = ALL) -> None:
        """Remove a policy.

        Raises:
            NotFoundError: there is no such policy, or no such collection to be seen.
            ForbiddenError: the actor may not edit the collection.
        """
        with self._database.begin() as connection:
            scope = _scope(connection, actor, collection)
            if not connection.execute(delete(_policies).where(*_same(scope, kind, name))).rowcount:
                raise NotFoundError(
                    f"The collection '{collection}' has no policy for the {kind} '{name}'.",
                    hint="List those there are.",
                )
            _arrange(connection, actor)


@dataclass(frozen=True, slots=True)
class _Said:
    flows: bool
    through_models: bool


class EffectivePolicies:
    """What holds for each scope: the policy of the nearest collection that has one."""

    def __init__(self, connection: Connection) -> None:
        self._said: dict[int, dict[tuple[str, str], _Said]] = {}
        for row in connection.execute(select(_policies)):
            self._said.setdefault(row.scope_id, {})[row.kind, row.name] = _Said(row.flows, row.through_models)
        self._above = _nearest_first(connection, list(self._said))
        self._known: dict[tuple[int, str, str], _Said | None] = {}

    @property
    def flowing(self) -> frozenset[tuple[str, str]]:
        """What flows anywhere, as kind and name, which may be the one for all."""
        return frozenset(key for each in self._said.values() for key, said in each.items() if said.flows)

    def inherits(self, scope_id: int, kind: str, name: str, *, through_model: bool) -> bool:
        """Whether an asset at a scope inherits this, if it flows there."""
        key = (scope_id, kind, name)
        if key not in self._known:
            self._known[key] = self._find(*key)
        said = self._known[key]
        return said is not None and said.flows and (said.through_models or not through_model)

    def _find(self, scope_id: int, kind: str, name: str) -> _Said | None:
        for above in self._above.get(scope_id, ()):
            said = self._said[above]
            found = said.get((kind, name), said.get((kind, ALL)))
            if found is not None:
                return found
        return None


def work_out_anew(connection: Connection) -> None:
    """Have everything worked out at the next look, though the catalog has not changed."""
    connection.execute(delete(tables.label_flow_state))


def _nearest_first(connection: Connection, scopes: Sequence[int]) -> Mapping[int, list[int]]:
    """For each scope below these, those of them that it lies in, the nearest first."""
    rows = tables.scope_ancestors.c
    depth_of = select(rows.scope_id, func.count()).where(rows.scope_id.in_(scopes)).group_by(rows.scope_id)
    depth = {row[0]: row[1] for row in connection.execute(depth_of)}
    found: dict[int, list[int]] = {}
    for row in connection.execute(select(rows.scope_id, rows.ancestor_id).where(rows.ancestor_id.in_(scopes))):
        found.setdefault(row.scope_id, []).append(row.ancestor_id)
    return {scope: sorted(above, key=lambda each: -depth[each]) for scope, above in found.items()}


def _arrange(connection: Connection, actor: Actor) -> None:
    """Have it worked out now, and again and again for as long as anything flows."""
    work_out_anew(connection)
    queue.add(connection, actor, NewJob(KIND, KIND))
    if connection.scalar(select(_policy.id).where(_policy.flows).limit(1)) is None:
        schedules.remove(connection, KIND, KIND)
    else:
        schedules.put(connection, NewSchedule(KIND, KIND, {}, _OFTEN))


def _scope(connection: Connection, actor: Actor, collection: str) -> int:
    exclusive(connection, "label policies")
    found: int | None = connection.scalar(select(_collection.scope_id).where(_collection.name == collection))
    if found is None:
        raise unknown_scope(f"collection '{collection}'")
    require(connection, actor, Action.COLLECTION_EDIT, found)
    return found


def _stored() -> Select[Any]:
    return select(
        _collection.name, _policy.kind, _policy.name, _policy.flows, _policy.through_models,
        _policy.changed_at, _policy.changed_by,
    ).join(tables.collections, _collection.scope_id == _policy.scope_id)  # fmt: skip


def _same(scope: int, kind: str, name: str) -> tuple[Any, Any, Any]:
    return _policy.scope_id == scope, _policy.kind == kind, _policy.name == name


def _check(policy: LabelPolicy) -> None:
    if policy.kind not in tables.LABEL_KINDS:
        raise UsageError(f"'{policy.kind}' does not flow.", hint=f"Use one of {', '.join(tables.LABEL_KINDS)}.")
    if not policy.name.strip() or len(policy.name) > _LONGEST or "\x00" in policy.name:
        raise UsageError("A policy names what flows, or all of it.", hint=f"Write a name, or {ALL}.")
