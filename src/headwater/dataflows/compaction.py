"""Many small files into few: a new version of a table with the same rows in the same order."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from headwater.dataflows.staging.merging import KEYED_FILE_ROWS
from headwater.store import Database, tables
from headwater.tables import (
    PublishedSchema,
    Staged,
    StagedFile,
    StageWriter,
    StoredRows,
    commit,
    discard,
    schema,
    table_files,
)
from headwater.tables.staging import FILE_ROWS

__all__ = ["compact", "compact_all"]

#: So many files fewer there have to be, for all to be worth another version.
_WORTHWHILE = 4


def compact(
    database: Database,
    dataflow_id: int,
    entity: str,
    *,
    begin: Callable[[], AbstractContextManager[Connection]] | None = None,
) -> int | None:
    """Put a table's small files together, and let its readers change over in one transaction.

    No refresh of the dataflow may run meanwhile; if one has published in between, this changes nothing. Partitions stay
    apart, so that they can be replaced one by one.

    Args:
        database: the metadata database.
        dataflow_id: the dataflow.
        entity: whose table it is.
        begin: opens the transaction that moves the pointer; the database's own, by default.

    Returns:
        the new version; None where there was nothing to do.

    Raises:
        TableError: the table cannot be read or written. Nothing has changed then.
    """
    with database.read() as connection:
        table = _published(connection, dataflow_id, entity)
    if table is None:
        return None
    path = Path(table.path)
    files = [file for file in table_files(path, table.delta_version) if file.rows]
    largest = KEYED_FILE_ROWS if table.state.get("mode") == "keyed" else FILE_ROWS
    groups = list(_groups(files, largest, _ends(table.state.get("periods", ()))))
    if len(files) - len(groups) < _WORTHWHILE:
        return None
    staged = _staged(path, table.delta_version, groups, largest)
    try:
        version = commit(path, staged, transaction=f"compact-{uuid.uuid4()}")
    except BaseException:
        discard(staged)
        raise
    moved = tables.published_tables.c
    same = (moved.dataflow_id == dataflow_id) & (moved.entity == entity) & (moved.delta_version == table.delta_version)
    with (begin or database.begin)() as connection:
        changed = connection.execute(update(tables.published_tables).where(same).values(delta_version=version))
    return version if changed.rowcount else None


def compact_all(
    database: Database, dataflow_id: int, *, begin: Callable[[], AbstractContextManager[Connection]] | None = None
) -> Mapping[str, int]:
    """Put the small files of each of a dataflow's tables together; the new versions of those where it was worth it.

    See :func:`compact`.
    """
    table = tables.published_tables.c
    with database.read() as connection:
        entities = connection.scalars(select(table.entity).where(table.dataflow_id == dataflow_id)).all()
    made = {entity: compact(database, dataflow_id, entity, begin=begin) for entity in entities}
    return {entity: version for entity, version in made.items() if version is not None}


def _published(connection: Connection, dataflow_id: int, entity: str) -> Any:
    table = tables.published_tables.c
    query = select(table.path, table.delta_version, table.state)
    return connection.execute(query.where(table.dataflow_id == dataflow_id, table.entity == entity)).one_or_none()


def _ends(periods: Sequence[dict[str, int]]) -> set[int]:
    """The places before which a file has to end."""
    ends, rows = set(), 0
    for period in periods:
        rows += period["rows"]
        ends.add(rows)
    return ends


def _groups(files: Sequence[StagedFile], largest: int, ends: set[int]) -> Iterator[list[StagedFile]]:
    """Neighbours that make a file together."""
    group: list[StagedFile] = []
    rows = place = 0
    for file in files:
        if group and (rows + file.rows > largest or place in ends):
            yield group
            group, rows = [], 0
        group.append(file)
        rows += file.rows
        place += file.rows
    if group:
        yield group


def _staged(path: Path, version: int, groups: Sequence[Sequence[StagedFile]], largest: int) -> Staged:
    columns = PublishedSchema(schema(path, version))
    rows = StoredRows(path, version, columns.stored)
    place = 0
    with StageWriter(path, columns, largest) as writer:
        for group in groups:
            count = sum(file.rows for file in group)
            if len(group) == 1:
                writer.link(group[0])
            else:
                for part in rows.slices(place, count):
                    for batch in part.to_batches():
                        writer.add(batch)
                writer.end_file()
            place += count
    return writer.staged()
