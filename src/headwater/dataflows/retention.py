"""Which versions of published tables are kept, and what becomes of the others.

Kept are the published version, those that came after it, those of the newest refreshes, those that somebody is reading
(a *pin*), and those that were replaced a moment ago: whoever found one by the pointer or by the Delta log has the time
to read it. The files of all others are deleted.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.dataflows.published import PublishedTable
from headwater.errors import NotFoundError
from headwater.store import Database, tables, utc_now
from headwater.tables import Cleaned, remove_unused, sum_up_log, versions

__all__ = ["Retention", "clean", "kept_versions", "pinned"]

#: How long a pin holds by itself, in seconds: what a reader that died leaves is kept no longer.
PIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept.

    Attributes:
        keep_days: versions of refreshes that ended within so many days.
        keep_refreshes: versions of so many refreshes, the newest, however old they are.
        grace: versions that were replaced no longer ago.
        leftovers: how old files are that were staged and never published, before they are deleted.
    """

    keep_days: float = 7
    keep_refreshes: int = 10
    grace: timedelta = timedelta(hours=1)
    leftovers: timedelta = timedelta(days=1)


@contextmanager
def pinned(database: Database, table: PublishedTable, version: int, *, seconds: float = PIN_SECONDS) -> Iterator[None]:
    """Keep a version's files for as long as the block runs: the pin is renewed all the while.

    Args:
        database: the metadata database.
        table: the table that is read.
        version: the version that is read.
        seconds: how long the pin outlives a process that died.

    Raises:
        NotFoundError: the dataflow is gone.
    """
    identifier = str(uuid.uuid4())
    with database.begin() as connection:
        _pin(connection, identifier, table, version, utc_now() + timedelta(seconds=seconds))
    done = threading.Event()
    renewing = threading.Thread(target=_renew, args=(database, identifier, seconds, done), daemon=True, name="pin")
    renewing.start()
    try:
        yield
    finally:
        done.set()
        renewing.join()
        with database.begin() as connection:
            connection.execute(delete(tables.table_pins).where(tables.table_pins.c.id == identifier))


def _pin(connection: Connection, identifier: str, table: PublishedTable, version: int, until: datetime) -> None:
    flow = select(tables.dataflows.c.id).where(tables.dataflows.c.name == table.dataflow)
    dataflow = connection.execute(flow).scalar_one_or_none()
    if dataflow is None:
        raise NotFoundError(f"There is no dataflow '{table.dataflow}'.", hint="List the tables.")
    row = {"id": identifier, "dataflow_id": dataflow, "entity": table.entity, "delta_version": version, "until": until}
    connection.execute(insert(tables.table_pins).values(row))


def _renew(database: Database, identifier: str, seconds: float, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        with database.begin() as connection:
            connection.execute(
                update(tables.table_pins)
                .where(tables.table_pins.c.id == identifier)
                .values(until=utc_now() + timedelta(seconds=seconds))
            )


def kept_versions(database: Database, dataflow_id: int, entity: str, retention: Retention, now: datetime) -> set[int]:
    """The versions of a published table that are kept.

    Raises:
        NotFoundError: the entity is not published.
        TableError: its log cannot be read.
    """
    with database.read() as connection:
        table = _published(connection, dataflow_id, entity)
        kept = {table["delta_version"], *_of_refreshes(connection, dataflow_id, entity, retention, now)}
        pins = tables.table_pins.c
        of_entity = (pins.dataflow_id == dataflow_id) & (pins.entity == entity) & (pins.until > now)
        kept.update(connection.scalars(select(pins.delta_version).where(of_entity)))
    log = versions(Path(table["path"]))
    kept.update(one.version for one in log if one.version > table["delta_version"])
    # Newest first: the one that follows in time stands before.
    recently = (now - retention.grace).timestamp() * 1000
    kept.update(older.version for newer, older in pairwise(log) if newer.committed_at > recently)
    return kept & {one.version for one in log}


def _published(connection: Connection, dataflow_id: int, entity: str) -> Mapping[str, Any]:
    table = tables.published_tables.c
    query = select(table.path, table.delta_version, table.state)
    row = connection.execute(query.where(table.dataflow_id == dataflow_id, table.entity == entity)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no published table '{entity}'.", hint="Refresh the dataflow.")
    return dict(row._mapping)


def _of_refreshes(
    connection: Connection, dataflow_id: int, entity: str, retention: Retention, now: datetime
) -> Iterator[int]:
    """The versions that the newest refreshes published."""
    refreshes, written = tables.refreshes.c, tables.refresh_entities.c
    query = (
        select(written.delta_version, refreshes.ended_at)
        .join(tables.refreshes, refreshes.id == written.refresh_id)
        .where(refreshes.dataflow_id == dataflow_id, refreshes.status == "succeeded", written.entity == entity)
        .where(written.delta_version.is_not(None))
        .order_by(refreshes.started_at.desc())
    )
    since = now - timedelta(days=retention.keep_days)
    for number, row in enumerate(connection.execute(query)):
        if number < retention.keep_refreshes or row.ended_at is None or row.ended_at >= since:
            yield row.delta_version


def clean(database: Database, dataflow_id: int, retention: Retention | None = None) -> Mapping[str, Cleaned]:
    """Delete what is not kept of a dataflow's tables, and sum up logs that have grown long; by entity.

    No refresh of the dataflow may run meanwhile.

    Raises:
        TableError: a table cannot be read or cleaned.
    """
    policy, now = retention or Retention(), utc_now()
    with database.begin() as connection:
        connection.execute(delete(tables.table_pins).where(tables.table_pins.c.until <= now))
    return {
        entity: _clean_table(database, dataflow_id, entity, policy, now) for entity in _entities(database, dataflow_id)
    }


def _entities(database: Database, dataflow_id: int) -> Sequence[str]:
    table = tables.published_tables.c
    with database.read() as connection:
        return list(connection.scalars(select(table.entity).where(table.dataflow_id == dataflow_id)))


def _clean_table(database: Database, dataflow_id: int, entity: str, retention: Retention, now: datetime) -> Cleaned:
    kept = kept_versions(database, dataflow_id, entity, retention, now)
    with database.read() as connection:
        table = _published(connection, dataflow_id, entity)
        refreshes = tables.refreshes.c
        running = (refreshes.dataflow_id == dataflow_id) & (refreshes.status == "running")
        begun = connection.scalar(select(refreshes.started_at).where(running).order_by(refreshes.started_at).limit(1))
    leftovers = now - retention.leftovers
    before = leftovers if begun is None else min(leftovers, begun)
    path = Path(table["path"])
    sum_up_log(path, max(kept))
    return remove_unused(path, kept, beside=str(table["state"].get("digests", "")), leftovers_before=before)
