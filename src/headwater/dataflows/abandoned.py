"""Tables of entities that a dataflow no longer loads: kept as long as older versions are, and then removed.

An entity that is taken out of ``load``, or renamed, leaves its table behind. Nothing points to it from the next refresh
on; but whoever reads it goes on, earlier refreshes had it, and who loads it again goes on with its log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, and_, select

from headwater.dataflows.removing import move_aside, sweep
from headwater.dataflows.retention import Retention
from headwater.store import tables, utc_now
from headwater.tables import remove_unused, versions

__all__ = ["remove_abandoned"]


def remove_abandoned(
    folder: Path, dataflow_id: int, retention: Retention, begin: Callable[[], AbstractContextManager[Connection]]
) -> list[str]:
    """Remove the tables that no kept refresh of a dataflow published, and nobody reads; returns their entities.

    Args:
        folder: of the dataflow's tables.
        dataflow_id: the dataflow.
        retention: what is kept.
        begin: opens a transaction in which no refresh of the dataflow can begin to publish.

    Raises:
        TableError: a log cannot be read, or a file cannot be deleted.
    """
    sweep(folder)
    now, gone = utc_now(), []
    for entity in sorted(_stored(folder)):
        path = folder / entity
        with begin() as connection:
            if entity in _wanted(connection, dataflow_id, now):
                continue
            if not (path / "_delta_log").is_dir():
                _remove_leftovers(path, now - retention.leftovers)
            elif _is_over(connection, dataflow_id, path, retention, now):
                # In one step, so that nobody finds half of it.
                move_aside(folder, entity)
                gone.append(entity)
    sweep(folder)
    return gone


def _stored(folder: Path) -> Iterator[str]:
    # No entity's name begins with a dot.
    return (path.name for path in folder.glob("[!.]*") if path.is_dir())


def _wanted(connection: Connection, dataflow_id: int, now: datetime) -> set[str]:
    """The entities that are published, are read just now, or will be published by what was decided already."""
    published, pins = tables.published_tables.c, tables.table_pins.c
    intents, refreshes = tables.publish_intents.c, tables.refreshes.c
    wanted = set(connection.scalars(select(published.entity).where(published.dataflow_id == dataflow_id)))
    pinned = select(pins.entity).where(pins.dataflow_id == dataflow_id, pins.until > now)
    wanted.update(connection.scalars(pinned))
    decided = (
        select(intents.payload)
        .join(tables.refreshes, refreshes.id == intents.refresh_id)
        .where(refreshes.dataflow_id == dataflow_id, intents.state == "pending")
    )
    for payload in connection.scalars(decided):
        wanted.update(entity["summary"]["entity"] for entity in payload["entities"])
    return wanted


def _is_over(connection: Connection, dataflow_id: int, path: Path, retention: Retention, now: datetime) -> bool:
    """Whether no refresh that is kept published it, and it has not been let go of just now."""
    before = now - max(timedelta(days=retention.keep_days), retention.grace)
    refreshes, written = tables.refreshes.c, tables.refresh_entities.c
    of_entity = and_(
        written.refresh_id == refreshes.id, written.entity == path.name, written.delta_version.is_not(None)
    )
    query = (
        select(refreshes.ended_at, written.entity)
        .join_from(tables.refreshes, tables.refresh_entities, of_entity, isouter=True)
        .where(refreshes.dataflow_id == dataflow_id, refreshes.status == "succeeded")
        .order_by(refreshes.started_at.desc())
    )
    let_go: datetime | None = None
    for number, row in enumerate(connection.execute(query)):
        if row.entity is not None:
            return number >= retention.keep_refreshes and let_go is not None and let_go < before
        let_go = row.ended_at
    # The history has forgotten it; its log tells when it was written last.
    return versions(path)[0].committed_at < before.timestamp() * 1000


def _remove_leftovers(path: Path, before: datetime) -> None:
    """What was staged for a table that never came to be."""
    remove_unused(path, (), leftovers_before=before)
    for folder in (path / "_digests", path):
        # Not where something is left in it.
        with suppress(OSError):
            folder.rmdir()
