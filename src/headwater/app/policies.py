"""Access policies, as people name what they are about and for whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from headwater.access import Action, Actor, ScopeKind, allowed_to, policies
from headwater.access.policies import NewPolicy, PolicyChanges, Subject
from headwater.app.administration.principals import Principal, find_principal, principals
from headwater.app.administration.scopes import Paths, ShownScope, resolve
from headwater.catalog import names
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["Policies", "ShownPolicy"]

_TABLE: Final = "table:"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RESTRICTED_TYPES: Final = ("dataflow_table", "column")


@dataclass(frozen=True, slots=True)
class ShownPolicy:
    """A policy with the names of its readers. ``people``: how many active people they come to."""

    name: str
    description: str
    collection: ShownScope
    subject: Subject
    value: str
    enabled: bool
    readers: tuple[Principal, ...]
    people: int
    updated_at: datetime
    updated_by: str


class Policies:
    """Makes and changes policies: who may give roles at a collection may say who reads what in it.

    Seeing them needs ``roles.read`` at the collection. Users and groups are named by a user's name, ``group:NAME`` or
    an id.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        actor: Actor,
        name: str,
        *,
        collection: str,
        subject: Subject,
        value: str,
        readers: Sequence[str],
        description: str = "",
        lock_out: bool = False,
    ) -> ShownPolicy:
        """Make a policy; it holds from the next request.

        Args:
            actor: who asks.
            name: what it is called.
            collection: in which collection, and below, it holds.
            subject: what it goes by.
            value: which classification, label or sensitivity; of an asset: ``table:DATAFLOW/ENTITY``, a column as
                ``table:DATAFLOW/ENTITY#COLUMN``, the qualified name, or the guid of one that may be seen.
            readers: the only users and groups who read it.
            description: why, in a sentence.
            lock_out: it is meant that nobody reads it.

        Raises:
            NotFoundError: there is no such collection, asset, user or group.
            ForbiddenError: the actor may not give roles at the collection.
            UsageError: a text is empty or too long, or the asset has no rows that Headwater gives out.
            ConflictError: there is a policy of this name, or nobody could read any more (``policy.nobody``).
        """
        with self._database.begin() as connection:
            scope = resolve(connection, actor, f"{ScopeKind.COLLECTION.value}:{collection}")
            # Before names are looked up: who may not give roles here is not told who exists.
            policies.require_author(connection, actor, scope.id)
            about = _asset_named(connection, actor, value) if subject == "asset" else value
            ids = [find_principal(connection, who).id for who in readers]
            wanted = NewPolicy(name, scope.id, subject, about, ids, description, lock_out)
            made = policies.create_policy(connection, actor, wanted, now=utc_now())
            return _shown(connection, actor, [made])[0]

    def change(
        self,
        actor: Actor,
        name: str,
        *,
        readers: Sequence[str] | None = None,
        enabled: bool | None = None,
        description: str | None = None,
        lock_out: bool = False,
    ) -> ShownPolicy:
        """Change who reads, whether it holds, or its description; None leaves it. Raises as ``create`` does."""
        with self._database.begin() as connection:
            policies.require_author(connection, actor, policies.get_policy(connection, actor, name).scope_id)
            ids = None if readers is None else [find_principal(connection, who).id for who in readers]
            changes = PolicyChanges(ids, enabled, description, lock_out)
            changed = policies.change_policy(connection, actor, name, changes, now=utc_now())
            return _shown(connection, actor, [changed])[0]

    def delete(self, actor: Actor, name: str) -> None:
        """Delete a policy.

        Raises:
            NotFoundError: there is none of this name to be seen.
            ForbiddenError: the actor may not give roles at its collection.
        """
        with self._database.begin() as connection:
            policies.delete_policy(connection, actor, name, now=utc_now())

    def get(self, actor: Actor, name: str) -> ShownPolicy:
        """A policy; NotFoundError where there is none of this name to be seen."""
        with self._database.read() as connection:
            return _shown(connection, actor, [policies.get_policy(connection, actor, name)])[0]

    def list(self, actor: Actor) -> Sequence[ShownPolicy]:
        """The policies at collections whose roles may be seen, by name."""
        with self._database.read() as connection:
            return _shown(connection, actor, policies.list_policies(connection, actor))


def _asset_named(connection: Connection, actor: Actor, text: str) -> str:
    """The qualified name of a published table or of a column, which need not be there yet."""
    text = text.strip()
    if _GUID.fullmatch(text):
        return _by_guid(connection, actor, text)
    if text.startswith(_TABLE):
        table, mark, column = text.removeprefix(_TABLE).partition("#")
        dataflow, slash, entity = table.partition("/")
        if not (dataflow and slash and entity) or (mark and not column):
            raise _no_table()
        installation: str = connection.execute(select(tables.installation.c.id)).scalar_one()
        named = names.table(installation, dataflow, entity)
        return names.column(named, column) if mark else named
    if text.startswith("headwater://") and "/tables/" in text:
        return text
    raise _no_table()


def _by_guid(connection: Connection, actor: Actor, guid: str) -> str:
    asset = tables.assets.c
    seen = asset.scope_id.in_(allowed_to(actor, Action.ASSET_READ))
    row = connection.execute(
        select(asset.type_name, asset.qualified_name).where(asset.guid == guid, seen)
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no asset of this guid.", hint="Search for it in the catalog.")
    if row.type_name not in _RESTRICTED_TYPES:
        raise _no_table()
    return str(row.qualified_name)


def _no_table() -> UsageError:
    return UsageError(
        "A policy over an asset is about a published table or one of its columns.",
        code="policy.asset",
        hint="Write table:DATAFLOW/ENTITY or table:DATAFLOW/ENTITY#COLUMN, or give its guid.",
    )


def _shown(connection: Connection, actor: Actor, found: Sequence[policies.Policy]) -> list[ShownPolicy]:
    named = principals(connection, (reader for policy in found for reader in policy.readers))
    paths = Paths(connection, actor)
    return [_one(policy, named, paths) for policy in found]


def _one(policy: policies.Policy, named: Mapping[str, Principal], paths: Paths) -> ShownPolicy:
    where = paths.shown(policy.scope_id)
    assert where is not None, "whoever sees the roles of a scope sees the scope"
    return ShownPolicy(
        policy.name,
        policy.description,
        where,
        policy.subject,
        policy.value,
        policy.enabled,
        tuple(named[reader] for reader in policy.readers),
        policy.people,
        policy.updated_at,
        policy.updated_by,
    )
