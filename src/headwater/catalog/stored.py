"""What the database has of assets that are about to be written or referred to: found by identity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from headwater.catalog.chunks import chunked
from headwater.catalog.numbers import one_of
from headwater.catalog.records import AssetRef
from headwater.store import tables

__all__ = ["StoredAsset", "find_guids", "find_ids", "find_stored", "stored_by_guid"]

_asset, _name = tables.assets.c, tables.asset_names.c


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """An asset as it is stored, with what a sighting may change."""

    id: int
    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    attributes: dict[str, Any]
    status: str
    collection_id: int
    source_id: int | None
    scope_id: int | None
    version: int


def find_stored(connection: Connection, refs: Iterable[AssetRef]) -> dict[AssetRef, StoredAsset]:
    """Those of ``refs`` that there are, whatever their status; by a further name (``asset_names``) too."""
    columns = [_asset[name] for name in StoredAsset.__dataclass_fields__]
    return {ref: StoredAsset(*row) for ref, row in _find(connection, refs, columns)}


def find_ids(connection: Connection, refs: Iterable[AssetRef]) -> dict[AssetRef, int]:
    """The numbers of those of ``refs`` that there are, whatever their status."""
    return {ref: row[0] for ref, row in _find(connection, refs, [_asset.id])}


def find_guids(connection: Connection, refs: Iterable[AssetRef]) -> dict[AssetRef, str]:
    """The guids of those of ``refs`` that there are, whatever their status."""
    return {ref: row[0] for ref, row in _find(connection, refs, [_asset.guid])}


def _find(connection: Connection, refs: Iterable[AssetRef], columns: list[Any]) -> Iterable[tuple[AssetRef, Any]]:
    wanted = set(refs)
    named = select(_asset.type_name, _asset.qualified_name, *columns)
    found = _rows(connection, wanted, named, _asset)
    yield from found.items()
    other = (
        select(_name.type_name, _name.qualified_name, *columns)
        .select_from(tables.asset_names)
        .join(tables.assets, _asset.id == _name.asset_id)
    )
    yield from _rows(connection, wanted - found.keys(), other, _name).items()


def _rows(connection: Connection, refs: set[AssetRef], query: Select[Any], names: Any) -> dict[AssetRef, Any]:
    found: dict[AssetRef, Any] = {}
    for type_name, wanted in _by_type(refs).items():
        for chunk in chunked(wanted):
            named = one_of(connection, names.qualified_name, chunk)
            rows = connection.execute(query.where(names.type_name == type_name, named))
            found |= {AssetRef(row[0], row[1]): row[2:] for row in rows}
    return found


def _by_type(refs: Iterable[AssetRef]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for ref in refs:
        names.setdefault(ref.type_name, []).append(ref.qualified_name)
    return names


def stored_by_guid(connection: Connection, guids: Iterable[str]) -> dict[str, StoredAsset]:
    """Those assets that there are of these guids, whatever their status."""
    columns = [_asset[name] for name in StoredAsset.__dataclass_fields__]
    found: dict[str, StoredAsset] = {}
    for chunk in chunked(guids):
        for row in connection.execute(select(*columns).where(_asset.guid.in_(chunk))):
            found[row.guid] = StoredAsset(*row)
    return found
