"""Delta tables that somebody else wrote, read as a plan: partitioned ones, and those with another tool's types."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from headwater.errors import TableError
from headwater.plan.expressions import Literal
from headwater.plan.nodes import Column, Node, ParquetScan, Project, Source, Union, with_fresh_ids
from headwater.tables.delta import open_table, published_columns

_READ = frozenset({"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"})
"""Features of a table that do not change what its Parquet files mean."""


def foreign_scan(path: Path, version: int | None, source: Source) -> Node:
    """The plan of a version's rows, in the order of the files' names.

    Args:
        path: the table's folder.
        version: its version in the log; None for the latest.
        source: the table's identity for lineage.

    Raises:
        TableError: there is no such table or version, or it uses a feature that is not read here.
    """
    table = open_table(path, version)
    check_features(table, path)
    named = published_columns(table)
    columns = with_fresh_ids([Column("", column.name, column.type) for column in named], ())
    partitioned = list(table.metadata().partition_columns)
    members = list(_members(table, path, columns, partitioned, source))
    if not members:
        return ParquetScan((), columns, tuple(c.name for c in columns), source)
    return members[0] if len(members) == 1 else Union(tuple(members), columns)


def _members(
    table: DeltaTable, path: Path, columns: tuple[Column, ...], partitioned: list[str], source: Source
) -> Iterator[Node]:
    """A scan of the files of each partition, with the partition's values, which the files themselves lack."""
    actions: list[dict[str, Any]] = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    actions.sort(key=lambda action: str(action["path"]))
    stored = tuple(c for c in columns if c.name not in partitioned)
    for values, members in groupby(actions, lambda action: [action.get(f"partition.{name}") for name in partitioned]):
        files = tuple(str(_file(path, str(action["path"]))) for action in members)
        scan = ParquetScan(files, stored, tuple(c.name for c in stored), source)
        of = dict(zip(partitioned, values, strict=True))
        items = tuple((c, Literal(of[c.name], c.type) if c.name in of else c.ref) for c in columns)
        yield Project(scan, items) if partitioned else scan


def _file(folder: Path, name: str) -> Path:
    """A file of the log, whose names are those of addresses."""
    plain = folder / name
    return plain if plain.exists() else folder / unquote(name)


def check_features(table: DeltaTable, path: Path) -> None:
    """Refuse a table whose Parquet files do not mean what they say (TableError)."""
    protocol = table.protocol()
    used = set(protocol.reader_features or ()) - _READ
    if table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        used.add("columnMapping")
    if used:
        listed = ", ".join(f"'{name}'" for name in sorted(used))
        raise TableError(
            f"The Delta table uses {listed}, which is not read here.",
            hint="Rewrite the table without it, with the tool that wrote it.",
            place=str(path),
        )
