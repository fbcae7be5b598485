"""New qualified names of assets that there are; by their old ones they are found still."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, update

from headwater.catalog.history import record_changes
from headwater.catalog.records import AssetRef
from headwater.catalog.stored import StoredAsset, find_stored
from headwater.catalog.writing import Writing
from headwater.errors import ConflictError
from headwater.store import tables

__all__ = ["rename_entities"]

_asset, _name = tables.assets.c, tables.asset_names.c


def rename_entities(writing: Writing, names: Mapping[str, tuple[StoredAsset, str]]) -> None:
    """Give assets new qualified names; ``names`` holds both by the asset's guid.

    Raises:
        ConflictError: the name is another asset's of that type (``catalog.name_taken``).
    """
    wanted = {guid: AssetRef(asset.type_name, name) for guid, (asset, name) in names.items()}
    taken = find_stored(writing.connection, wanted.values())
    for guid, (asset, name) in names.items():
        other = taken.get(wanted[guid])
        if other is not None and other.id != asset.id:
            raise ConflictError(
                f"The name '{name}' cannot be given to a {asset.type_name}.",
                code="catalog.name_taken",
                hint="Choose another one.",
            )
        _rename(writing, asset, name)


def _rename(writing: Writing, asset: StoredAsset, name: str) -> None:
    connection = writing.connection
    own = (_name.asset_id == asset.id, _name.type_name == asset.type_name, _name.qualified_name == name)
    connection.execute(delete(tables.asset_names).where(*own))
    connection.execute(update(tables.assets).where(_asset.id == asset.id).values(qualified_name=name))
    former = {
        "type_name": asset.type_name,
        "qualified_name": asset.qualified_name,
        "asset_id": asset.id,
        "reason": "renamed",
        "created_at": writing.now,
        "created_by": writing.by,
    }
    connection.execute(insert(tables.asset_names).values(former))
    changes = {"qualifiedName": {"before": asset.qualified_name, "after": name}}
    record_changes(writing, "rename", {asset.id: changes})
