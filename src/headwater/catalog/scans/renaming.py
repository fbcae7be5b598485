"""Moving assets to new names: what people said of them, and the lineage through them, stay with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from headwater.catalog import names
from headwater.catalog.chunks import chunked
from headwater.catalog.records import AssetRef
from headwater.catalog.stored import find_guids, find_ids
from headwater.catalog.writing import Writing, begin_writing
from headwater.errors import ConflictError
from headwater.store import tables, utc_now

__all__ = ["rename_assets"]

_asset, _link = tables.assets.c, tables.asset_columns.c
_RENAMED = (
    update(tables.assets)
    .where(_asset.id == bindparam("of_id"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("qualified_name", "updated_at", "updated_by", "change")}
        | {"version": _asset.version + 1}
    )
)


def rename_assets(connection: Connection, new_names: Mapping[AssetRef, str]) -> int:
    """Give assets other qualified names, and their columns with them; returns how many there were. Guids stay.

    The old name is nobody's afterwards: what is made under it later is another asset.

    Raises:
        ConflictError: a new name is another asset's of the type (``catalog.name_taken``).
    """
    writing = begin_writing(connection, now=utc_now())
    wanted = {AssetRef(ref.type_name, name) for ref, name in new_names.items()}
    taken = find_guids(connection, wanted - set(new_names))
    if taken:
        name = min(ref.qualified_name for ref in taken)
        raise ConflictError(
            f"There is an asset '{name}' already.", code="catalog.name_taken", hint="Choose another name."
        )
    moved = {number: (ref.qualified_name, new_names[ref]) for ref, number in find_ids(connection, new_names).items()}
    _rename(writing, moved | _columns(connection, moved))
    via = tables.column_lineage.c.via
    for before, after in moved.values():
        connection.execute(update(tables.column_lineage).where(via == before).values(via=after))
    return len(moved)


def _columns(connection: Connection, moved: Mapping[int, tuple[str, str]]) -> dict[int, tuple[str, str]]:
    """The columns of assets that move, with the name that each has and is to have."""
    found: dict[int, tuple[str, str]] = {}
    for chunk in chunked(moved):
        query = (
            select(_link.asset_id, _asset.id, _asset.qualified_name)
            .join(tables.assets, _asset.id == _link.column_id)
            .where(_link.asset_id.in_(chunk))
        )
        for row in connection.execute(query):
            label = names.column_of(row.qualified_name)[1] or ""
            found[row.id] = row.qualified_name, names.column(moved[row.asset_id][1], label)
    return found


def _rename(writing: Writing, moved: Mapping[int, tuple[str, str]]) -> None:
    for chunk in chunked(moved.items()):
        writing.connection.execute(_RENAMED, list(_rows(writing, chunk)))
        writing.connection.execute(insert(tables.asset_history), list(_history(writing, chunk)))


def _rows(writing: Writing, moved: Iterable[tuple[int, tuple[str, str]]]) -> Iterable[dict[str, Any]]:
    for number, (_, after) in moved:
        yield {
            "of_id": number,
            "new_qualified_name": after,
            "new_updated_at": writing.now,
            "new_updated_by": writing.by,
            "new_change": writing.change,
        }


def _history(writing: Writing, moved: Iterable[tuple[int, tuple[str, str]]]) -> Iterable[dict[str, Any]]:
    for number, (before, after) in moved:
        yield {
            "asset_id": number,
            "at": writing.now,
            "action": "rename",
            "by_id": writing.by_id,
            "by": writing.by,
            "changes": {"qualified_name": {"before": before, "after": after}},
        }
