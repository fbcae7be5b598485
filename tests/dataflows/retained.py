"""A published keyed table with its rows in the metadata database; and, run as a program, somebody who reads it."""

from __future__ import annotations

import os
import sys
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from sqlalchemy import delete, insert, select
from tests.dataflows.staged import Entity

from headwater.dataflows.definitions.settings import EntitySettings
from headwater.dataflows.published import PublishedTable
from headwater.dataflows.retention import pinned
from headwater.dataflows.staging import StagedRows
from headwater.store import Database, open_database, tables, utc_now
from headwater.tables import read

ROWS = 400

#: How long a version that was replaced is kept here, in seconds.
GRACE = 3.0


def generation(number: int, rows: int = ROWS) -> pa.Table:
    """Rows that all say which refresh they are of, in their sum too."""
    return pa.table({"id": range(rows), "generation": pa.array([number] * rows, pa.int64())})


@dataclass
class Shelf:
    """One dataflow with one entity."""

    database: Database
    path: Path
    settings: EntitySettings = field(default_factory=lambda: EntitySettings("keyed", ("id",)))
    refreshes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entity = Entity(self.path, self.settings)
        flow = {"id": 1, "name": "shop", "created_at": utc_now(), "current_version": 1}
        with self.database.begin() as connection:
            connection.execute(insert(tables.dataflows).values(flow))

    def refresh(self, rows: pa.Table, ended: datetime | None = None) -> StagedRows:
        """Refresh the entity and point to its new version."""
        staged = self.entity.refresh(rows)
        self.entity.settings = self.settings
        self.point_to(self.entity.version, staged, ended or utc_now())
        return staged

    def point_to(self, version: int, staged: StagedRows, ended: datetime) -> None:
        identifier = str(uuid.uuid4())
        self.refreshes.append(identifier)
        refresh = {
            "id": identifier, "dataflow_id": 1, "status": "succeeded", "trigger": "manual",
            "started_at": ended, "ended_at": ended,
        }  # fmt: skip
        table = {
            "dataflow_id": 1, "entity": "orders", "path": str(self.path), "delta_version": version,
            "rows": staged.staged.rows, "schema": [], "refresh_id": identifier, "published_at": ended,
            "state": dict(staged.state),
        }  # fmt: skip
        written = {"refresh_id": identifier, "entity": "orders", "delta_version": version}
        with self.database.begin() as connection:
            connection.execute(insert(tables.refreshes).values(refresh))
            connection.execute(insert(tables.refresh_entities).values(written))
            connection.execute(delete(tables.published_tables))
            connection.execute(insert(tables.published_tables).values(table))

    def table(self) -> PublishedTable:
        return published(self.database)

    def take_over(self) -> None:
        """Go on from what the pointer says, after compaction."""
        assert self.entity.previous is not None
        self.entity.previous = replace(self.entity.previous, delta_version=self.table().delta_version)


def published(database: Database) -> PublishedTable:
    table = tables.published_tables.c
    with database.read() as connection:
        row = connection.execute(select(table.path, table.delta_version, table.rows, table.published_at)).one()
    return PublishedTable("shop", "orders", Path(row.path), row.delta_version, row.rows, (), row.published_at, 0)


def check_whole(rows: Any, count: int = ROWS) -> None:
    numbers = set(rows["generation"].to_pylist())
    assert len(numbers) == 1 and len(rows) == count, (len(rows), sorted(numbers))


def read_by_pointer(url: str, until: float) -> int:
    database, reads = open_database(url), 0
    while time.monotonic() < until:
        begun = time.monotonic()
        table = published(database)
        with pinned(database, table, table.delta_version, seconds=60):
            if time.monotonic() - begun > GRACE / 2:
                continue  # on a busy machine the version may be gone before it was pinned
            rows = read(table.path, table.delta_version)
            check_whole(rows)
            assert rows["id"].to_pylist() == list(range(ROWS))
        reads += 1
    database.close()
    return reads


def read_by_path(path: str, until: float) -> int:
    reads = 0
    while time.monotonic() < until:
        begun = time.monotonic()
        try:
            check_whole(DeltaTable(path).to_pyarrow_table())
        except OSError:
            if time.monotonic() - begun < GRACE:
                raise
            continue  # nobody who takes longer is promised anything
        reads += 1
    return reads


def read_slowly(url: str, until: float) -> int:
    """One version from the beginning to the end, long after it was replaced."""
    database = open_database(url)
    table = published(database)
    with pinned(database, table, table.delta_version, seconds=60):
        print("pinned", flush=True)
        while time.monotonic() < until:
            time.sleep(0.1)
        check_whole(read(table.path, table.delta_version))
    database.close()
    return 1


if __name__ == "__main__":
    kind, what, seconds = sys.argv[1:]
    readers = {"pointer": read_by_pointer, "path": read_by_path, "slow": read_slowly}
    print(readers[kind](what, time.monotonic() + timedelta(seconds=float(seconds)).total_seconds()), flush=True)
    # At once: threads of the readers' libraries have been seen to abort a process that ends under load.
    os._exit(0)
