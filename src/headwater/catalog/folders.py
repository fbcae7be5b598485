"""Which datasets are parts of which: a file belongs to the nearest folder that is a dataset too.

A job names the folder it read, a query the files: without this the two would never meet in the lineage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection, and_, delete, insert, select

from headwater.catalog.chunks import chunked
from headwater.store import tables

__all__ = ["place_in_folders"]


def place_in_folders(connection: Connection, datasets: Mapping[str, str]) -> None:
    """Link new datasets (guid to qualified name) to the folder each is in, and to what each holds as a folder.

    The datasets are in the database already.
    """
    for chunk in chunked(datasets.items()):
        concerned = dict(chunk) | _below(connection, [guid for guid, _ in chunk])
        folders = _existing(connection, {folder for name in concerned.values() for folder in _folders_of(name)})
        nearest = {
            guid: next((folders[folder] for folder in _folders_of(name) if folder in folders), None)
            for guid, name in concerned.items()
        }
        _link(connection, nearest)


def _below(connection: Connection, guids: Iterable[str]) -> dict[str, str]:
    """Every dataset whose name begins with that of one of ``guids`` and a slash: guid to qualified name."""
    folder, part = tables.assets.alias("folder"), tables.assets.alias("part")
    # A range, which an index serves where a pattern would not: "0" is what follows "/". Names compare by code point.
    inside = and_(
        part.c.qualified_name >= folder.c.qualified_name + "/", part.c.qualified_name < folder.c.qualified_name + "0"
    )
    query = (
        select(part.c.guid, part.c.qualified_name)
        .join_from(folder, part, inside)
        .where(folder.c.guid.in_(guids), part.c.type_name == "dataset")
    )
    return {row.guid: row.qualified_name for row in connection.execute(query)}


def _existing(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Those of ``names`` that are datasets: qualified name to guid."""
    asset = tables.assets.c
    found: dict[str, str] = {}
    for chunk in chunked(names):
        query = select(asset.qualified_name, asset.guid).where(
            asset.type_name == "dataset", asset.qualified_name.in_(chunk)
        )
        found |= {row.qualified_name: row.guid for row in connection.execute(query)}
    return found


def _link(connection: Connection, folders: Mapping[str, str | None]) -> None:
    """Make the folder of each dataset the given one, by guid; None: it is in none."""
    link = tables.containment.c
    for chunk in chunked(folders):
        present = select(link.child_guid, link.parent_guid).where(link.child_guid.in_(chunk))
        before = {row.child_guid: row.parent_guid for row in connection.execute(present)}
        moved = [guid for guid in chunk if before.get(guid) != folders[guid]]
        connection.execute(delete(tables.containment).where(link.child_guid.in_(moved)))
        rows = [{"parent_guid": folders[guid], "child_guid": guid} for guid in moved if folders[guid] is not None]
        if rows:
            connection.execute(insert(tables.containment), rows)


def _folders_of(name: str) -> Iterator[str]:
    """Every folder above ``name``, the nearest first, below its scheme and host: a whole host is no folder.

    >>> list(_folders_of("file:///data/flights/01.csv")), list(_folders_of("postgres://db:5432/shop"))
    (['file:///data/flights', 'file:///data'], [])
    """
    start = name.find("://")
    if start < 0:
        return
    first = name.find("/", start + 3)
    end = name.rfind("/")
    while end > first:
        yield name[:end]
        end = name.rfind("/", 0, end)
