"""Moving assets to new names: what people said of them, and the lineage through them, stay with them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, update

from headwater.catalog.records import AssetRef
from headwater.catalog.writing import find_guids
from headwater.errors import ConflictError
from headwater.store import exclusive, tables

__all__ = ["rename_assets"]


def rename_assets(connection: Connection, new_names: Mapping[AssetRef, str]) -> int:
    """Give assets other qualified names; returns how many there were. Their guids stay.

    Raises:
        ConflictError: a new name is another asset's of the type (``catalog.name_taken``).
    """
    exclusive(connection, "catalog")
    wanted = {AssetRef(ref.type_name, name) for ref, name in new_names.items()}
    taken = find_guids(connection, wanted - set(new_names))
    if taken:
        name = min(ref.qualified_name for ref in taken)
        raise ConflictError(
            f"There is an asset '{name}' already.", code="catalog.name_taken", hint="Choose another name."
        )
    guids = find_guids(connection, new_names)
    for ref, guid in guids.items():
        name = new_names[ref]
        connection.execute(update(tables.assets).where(tables.assets.c.guid == guid).values(qualified_name=name))
        via = tables.column_lineage.c.via == ref.qualified_name
        connection.execute(update(tables.column_lineage).where(via).values(via=name))
    return len(guids)
