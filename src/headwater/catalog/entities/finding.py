"""Assets as requests name them, by guid or by type and name; and whether whoever asks may do something with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select

from headwater.access import Action, Actor, Via, allowed_to
from headwater.access.trimming import forbidden
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.references import Resolver
from headwater.catalog.records import AssetRef
from headwater.catalog.seeing import may_read
from headwater.catalog.types import Types
from headwater.errors import NotFoundError
from headwater.store import tables

__all__ = [
    "Target",
    "check_collection",
    "check_rights",
    "find_all",
    "find_by_guid",
    "find_named",
    "scopes_with",
    "unknown_guid",
]

#: What a request names: a guid, or a type and qualified name.
Target: TypeAlias = str | AssetRef

_asset = tables.assets.c


def find_all(connection: Connection, actor: Actor, types: Types, targets: Sequence[Target]) -> list[Row[Any]]:
    """The rows of what a request names, in its order, each once; deleted assets are not there.

    Raises:
        NotFoundError: one of them is not there, or may not be seen (``catalog.asset_unknown``,
            ``catalog.name_unknown``).
    """
    named = find_named(connection, actor, types, (each for each in targets if isinstance(each, AssetRef)))
    missing = next((each for each in targets if isinstance(each, AssetRef) and each not in named), None)
    if missing is not None:
        raise _unknown_name(missing)
    rows = {row.id: row for row in _rows_of(connection, actor, named.values())}
    by_guid = find_by_guid(connection, actor, [each for each in targets if isinstance(each, str)])
    found: dict[int, Row[Any]] = {}
    for each in targets:
        row = rows[named[each]] if isinstance(each, AssetRef) else by_guid[each]
        if row.status == "deleted":
            raise unknown_guid(row.guid)
        found.setdefault(row.id, row)
    return list(found.values())


def find_named(connection: Connection, actor: Actor, types: Types, refs: Iterable[AssetRef]) -> dict[AssetRef, int]:
    """The numbers of those of ``refs`` that there are to be seen, by a type above their own too; no deleted ones."""
    return Resolver(connection, actor, types).named(set(refs))


def find_by_guid(connection: Connection, actor: Actor, guids: Sequence[str]) -> dict[str, Row[Any]]:
    """The rows of assets by guid, deleted ones too.

    Raises:
        NotFoundError: one of them is not there, or may not be seen (``catalog.asset_unknown``).
    """
    found: dict[str, Row[Any]] = {}
    for chunk in chunked(dict.fromkeys(guids)):
        query = select(tables.assets).where(_asset.guid.in_(chunk), may_read(actor))
        found |= {row.guid: row for row in connection.execute(query)}
    missing = next((guid for guid in guids if guid not in found), None)
    if missing is not None:
        raise unknown_guid(missing)
    return found


def check_rights(connection: Connection, actor: Actor, action: Action, rows: Iterable[Any]) -> None:
    """Go on only where whoever asks may do ``action`` with all of these assets, which they see.

    Raises:
        ForbiddenError: they may not do it with one of them.
    """
    scopes = {row.scope_id for row in rows}
    missing = scopes - scopes_with(connection, actor, action, scopes)
    if missing:
        raise forbidden(action, min(missing))


def check_collection(connection: Connection, actor: Actor, name: str) -> None:
    """Go on only where whoever asks may create assets in a collection.

    Raises:
        NotFoundError: there is no such collection to be seen.
        ForbiddenError: they may not create assets in it.
    """
    place = tables.collections.c
    scope = connection.scalar(select(place.scope_id).where(place.name == name))
    if scope is None or not scopes_with(connection, actor, Action.COLLECTION_READ, {scope}):
        raise NotFoundError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
    if not scopes_with(connection, actor, Action.ASSET_CREATE, {scope}):
        raise forbidden(Action.ASSET_CREATE, scope)


def scopes_with(connection: Connection, actor: Actor, action: Action, scopes: Iterable[int]) -> set[int]:
    """Those of ``scopes`` where whoever asks may do ``action``."""
    if actor.via is Via.SYSTEM:
        return set(scopes)
    found: set[int] = set()
    scope = tables.scopes.c.id
    for chunk in chunked(scopes):
        query = select(scope).where(scope.in_(chunk), scope.in_(allowed_to(actor, action)))
        found |= set(connection.scalars(query))
    return found


def unknown_guid(guid: str) -> NotFoundError:
    """The answer to who names an asset that is not there."""
    return NotFoundError(
        f"There is no asset '{guid}'.", code="catalog.asset_unknown", hint="List the assets and take one of theirs."
    )


def _unknown_name(ref: AssetRef) -> NotFoundError:
    return NotFoundError(
        f"There is no asset '{ref.qualified_name}' of type '{ref.type_name}'.",
        code="catalog.name_unknown",
        hint="List the assets and take one of theirs.",
    )


def _rows_of(connection: Connection, actor: Actor, numbers: Iterable[int]) -> Iterable[Row[Any]]:
    for chunk in chunked(numbers):
        yield from connection.execute(select(tables.assets).where(_asset.id.in_(chunk), may_read(actor)))
