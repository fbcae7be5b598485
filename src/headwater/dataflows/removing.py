"""Removing a dataflow: its rows within a transaction, its files after it."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, delete, exists, literal, select, union_all, update

from headwater.access import Action, Actor, ScopeKind, allowed_to, remove_scope
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import ConflictError
from headwater.store import tables, utc_now
from headwater.store.changes import next_change

__all__ = ["check_unused", "move_aside", "remove_rows", "sweep"]

_ASIDE = ".removed-"


def check_unused(connection: Connection, actor: Actor, dataflow_id: int, name: str, *, force: bool) -> None:
    """Refuse while the dataflow is being refreshed, or, unless forced, while others link to its entities.

    Raises:
        ConflictError: naming those of them that ``actor`` may see.
    """
    jobs = tables.jobs.c
    running = exists().where(jobs.subject == f"dataflow:{dataflow_id}", jobs.status == "running")
    if connection.scalar(select(running)):
        raise ConflictError(
            f"The dataflow '{name}' is being refreshed.",
            place=name,
            hint="Cancel the refresh, or wait until it has ended.",
            code="dataflow.refreshing",
        )
    linking = [] if force else _linking(connection, name)
    if linking:
        flows = tables.dataflows.c
        seen = flows.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ))
        shown = sorted(connection.scalars(select(flows.name).where(flows.id.in_(linking), seen)))
        hidden = len(linking) - len(shown)
        told = [f"'{other}'" for other in shown] + ([f"{hidden} that you may not see"] if hidden else [])
        raise ConflictError(
            f"Other dataflows link to tables of '{name}': {', '.join(told)}.",
            place=name,
            hint="Change those first, or force it: their refreshes fail from then on.",
            code="dataflow.linked",
        )


def _linking(connection: Connection, name: str) -> list[int]:
    """The ids of the other dataflows whose current version links to this one."""
    flows, versions = tables.dataflows.c, tables.dataflow_versions.c
    current = (versions.dataflow_id == flows.id) & (versions.version == flows.current_version)
    query = select(flows.id, versions.definition).join(tables.dataflow_versions, current).where(flows.name != name)
    return [
        row.id
        for row in connection.execute(query)
        if any(linked["dataflow"] == name for linked in row.definition["settings"].get("linked", {}).values())
    ]


def remove_rows(connection: Connection, actor: Actor, dataflow_id: int, name: str, scope_id: int) -> None:
    """Remove what the database holds of a dataflow, and put on record that it is gone."""
    subject, now = f"dataflow:{dataflow_id}", utc_now()
    # Ids are used again: what was asked of this dataflow is not to be done to another one.
    connection.execute(delete(tables.schedules).where(tables.schedules.c.subject == subject))
    connection.execute(delete(tables.jobs).where(tables.jobs.c.subject == subject))
    _release_assets(connection, scope_id)
    connection.execute(delete(tables.published_tables).where(tables.published_tables.c.dataflow_id == dataflow_id))
    connection.execute(delete(tables.dataflows).where(tables.dataflows.c.id == dataflow_id))
    remove_scope(connection, scope_id)
    record(connection, Event.DATAFLOW_REMOVED, actor, now=now, target=f"dataflow:{name}")


def _release_assets(connection: Connection, scope_id: int) -> None:
    """Its assets are deleted ones from now on, which whoever sees their collection sees."""
    assets, collections, scopes = tables.assets.c, tables.collections.c, tables.scopes.c
    below = select(scopes.id).where(scopes.parent_id == scope_id, scopes.kind == ScopeKind.PUBLISHED_TABLE.value)
    own = union_all(select(literal(scope_id)), below)
    collected = select(collections.scope_id).where(collections.id == assets.collection_id).scalar_subquery()
    gone = {"status": "deleted", "scope_id": collected, "change": next_change(connection)}
    connection.execute(update(tables.assets).where(assets.scope_id.in_(own)).values(gone))


def move_aside(folder: Path, name: str) -> None:
    """Take the tables of a dataflow out of the way, in one step: no half of a table stays under its name."""
    # Where it was never published, there is nothing to move.
    with suppress(FileNotFoundError):
        (folder / name).rename(folder / f"{_ASIDE}{uuid.uuid4()}")


def sweep(folder: Path) -> None:
    """Remove what was moved aside, now or by a process that did not come to it."""
    for left in folder.glob(f"{_ASIDE}*"):
        # Another process may be removing it, too; what stays goes with the next removal.
        shutil.rmtree(left, ignore_errors=True)
