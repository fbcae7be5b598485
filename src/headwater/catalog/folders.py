"""Which datasets are parts of which: a file belongs to the nearest folder that is a dataset too.

A job names the folder it read, a query the files: without this the two would never meet in the lineage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, select

from headwater.catalog.chunks import chunked
from headwater.catalog.flow.writing import add_edges, end_edges
from headwater.store import tables

__all__ = ["place_in_folders"]


def place_in_folders(connection: Connection, datasets: Mapping[int, str], now: datetime) -> None:
    """Link new datasets (number to qualified name) to the folder each is in, and to what each holds as a folder.

    The datasets are in the database already.
    """
    for chunk in chunked(datasets.items()):
        concerned = dict(chunk) | _below(connection, [number for number, _ in chunk])
        folders = _existing(connection, {folder for name in concerned.values() for folder in _folders_of(name)})
        nearest = {
            number: next((folders[folder] for folder in _folders_of(name) if folder in folders), None)
            for number, name in concerned.items()
        }
        _link(connection, nearest, now)


def _below(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Every dataset whose name begins with that of one of these and a slash: number to qualified name."""
    folder, part = tables.assets.alias("folder"), tables.assets.alias("part")
    # A range, which an index serves where a pattern would not: "0" is what follows "/". Names compare by code point.
    inside = and_(
        part.c.qualified_name >= folder.c.qualified_name + "/", part.c.qualified_name < folder.c.qualified_name + "0"
    )
    query = (
        select(part.c.id, part.c.qualified_name)
        .join_from(folder, part, inside)
        .where(folder.c.id.in_(numbers), part.c.type_name == "dataset")
    )
    return {row.id: row.qualified_name for row in connection.execute(query)}


def _existing(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Those of ``names`` that are datasets: qualified name to number."""
    asset = tables.assets.c
    found: dict[str, int] = {}
    for chunk in chunked(names):
        query = select(asset.qualified_name, asset.id).where(
            asset.type_name == "dataset", asset.qualified_name.in_(chunk)
        )
        found |= {row.qualified_name: row.id for row in connection.execute(query)}
    return found


def _link(connection: Connection, folders: Mapping[int, int | None], now: datetime) -> None:
    """Make the folder of each dataset the given one; None: it is in none."""
    edge, part = tables.flow_edges.c, tables.FLOW_KINDS["part"]
    for chunk in chunked(folders):
        of_these = (edge.source_id.in_(chunk), edge.kind == part)
        present = connection.execute(select(edge.source_id, edge.target_id).where(*of_these))
        before = {row.source_id: row.target_id for row in present}
        moved = [number for number in chunk if before.get(number) != folders[number]]
        end_edges(connection, and_(edge.source_id.in_(moved), edge.kind == part), now)
        rows = [
            {"target_id": folders[number], "source_id": number, "kind": part}
            for number in moved
            if folders[number] is not None
        ]
        add_edges(connection, rows, now)


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
