"""Saving a definition, within a transaction that keeps other savers out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from headwater.access import SYSTEM, Action, Actor, ScopeKind, add_scope, allowed_to, grant, may_see, require
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.dataflows import removing
from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.settings import Settings
from headwater.dataflows.refresh_jobs import KIND, subject_of
from headwater.errors import ConflictError, NotFoundError, StaleError
from headwater.jobs import schedules
from headwater.store import exclusive, tables, utc_now

__all__ = ["Save", "check_circle", "save"]


@dataclass(frozen=True, slots=True)
class Save:
    """What is to be saved, by whom; see ``DataflowService.apply``. ``folder`` is that of published tables."""

    actor: Actor
    definition: DataflowDefinition
    collection: str
    comment: str
    take_over: bool
    expected: int | None
    folder: Path | None


@dataclass(frozen=True, slots=True)
class _Saved:
    """The dataflow as it is saved now, whoever may see it."""

    id: int
    scope_id: int
    version: int
    definition: Mapping[str, Any]
    saved_by_id: str | None
    saved_by: str
    saved_at: datetime


def save(connection: Connection, wanted: Save) -> None:
    """Save a definition; see ``DataflowService.apply`` for what may stand against it."""
    found = _find(connection, wanted.definition.name)
    if found is None:
        _create(connection, wanted)
    else:
        _change(connection, wanted, found)


def _find(connection: Connection, name: str) -> _Saved | None:
    flows, versions = tables.dataflows.c, tables.dataflow_versions.c
    current = (versions.dataflow_id == flows.id) & (versions.version == flows.current_version)
    saved = (versions.definition, versions.saved_by_id, versions.saved_by, versions.saved_at)
    query = select(flows.id, flows.scope_id, versions.version, *saved).join(tables.dataflow_versions, current)
    row = connection.execute(query.where(flows.name == name)).one_or_none()
    return None if row is None else _Saved(**row._mapping)


# -- a new one ---------------------------------------------------------------------------------------------------------


def _create(connection: Connection, wanted: Save) -> None:
    actor, definition, now = wanted.actor, wanted.definition, utc_now()
    # Before the scopes, which everybody locks after the roles.
    exclusive(connection, "roles")
    collection, place = _collection(connection, actor, wanted.collection)
    if wanted.expected:
        raise NotFoundError(f"There is no dataflow '{definition.name}'.", hint="Somebody removed it; save it anew.")
    require(connection, actor, Action.DATAFLOW_CREATE, place)
    check_circle(connection, actor, definition)
    if wanted.folder is not None:
        # A removal that was cut short left its files: nobody is to find old rows under a new dataflow's name.
        removing.move_aside(wanted.folder, definition.name)
    scope = add_scope(connection, ScopeKind.DATAFLOW, definition.name, place)
    if actor.user_id is not None:
        grant(connection, SYSTEM, actor.user_id, "Dataflow owner", scope.id, now=now)
    values = {"name": definition.name, "created_at": now, "current_version": 1}
    new = insert(tables.dataflows).values(values | {"collection_id": collection, "scope_id": scope.id})
    made: int = connection.execute(new.returning(tables.dataflows.c.id)).scalar_one()
    _add_version(connection, wanted, (made, scope.id), 1)


def _collection(connection: Connection, actor: Actor, name: str) -> tuple[int, int]:
    """The ids of a collection: its own, and its scope's."""
    place = tables.collections.c
    found = connection.execute(select(place.id, place.scope_id).where(place.name == name)).one_or_none()
    if found is None or not may_see(connection, actor, found.scope_id):
        raise NotFoundError(
            f"There is no collection '{name}', or none that you may see.", hint="List the collections, or add it."
        )
    return found.id, found.scope_id


# -- the next version --------------------------------------------------------------------------------------------------


def _change(connection: Connection, wanted: Save, found: _Saved) -> None:
    actor, definition = wanted.actor, wanted.definition
    if not may_see(connection, actor, found.scope_id):
        raise ConflictError(f"The name '{definition.name}' cannot be used.", hint="Choose another one.")
    require(connection, actor, Action.DATAFLOW_EDIT, found.scope_id)
    _check_expected(wanted, found)
    another = actor.user_id != found.saved_by_id
    unchanged = DataflowDefinition.from_json(found.definition) == definition
    if unchanged and not (another and wanted.take_over):
        return
    if another and not wanted.take_over:
        raise ConflictError(
            f"The dataflow '{definition.name}' runs with the rights of {found.saved_by}; saved by {actor.name}, it"
            " would run with theirs.",
            place=definition.name,
            hint="Say that you take it over (--take-over, or take_over in the API), if that is what you want.",
            code="dataflow.take_over_needed",
        )
    check_circle(connection, actor, definition)
    _add_version(connection, wanted, (found.id, found.scope_id), found.version + 1)
    if found.definition["settings"].get("schedule") is not None and definition.settings.schedule is None:
        schedules.remove(connection, KIND, subject_of(found.id))
    if another:
        _record_take_over(connection, wanted, found)


def _check_expected(wanted: Save, found: _Saved) -> None:
    name = wanted.definition.name
    if wanted.expected == 0:
        raise ConflictError(
            f"There is a dataflow '{name}' already.", hint="Choose another name, or change it.", code="dataflow.exists"
        )
    if wanted.expected is not None and wanted.expected != found.version:
        raise StaleError(
            f"{found.saved_by} saved version {found.version} of the dataflow '{name}' at"
            f" {found.saved_at:%Y-%m-%d %H:%M:%S} UTC; the change was made to version {wanted.expected}.",
            place=name,
            hint="Look at what they changed, and make your change to their version.",
            code="dataflow.changed",
        )


def _record_take_over(connection: Connection, wanted: Save, found: _Saved) -> None:
    record(
        connection,
        Event.DATAFLOW_TAKEN_OVER,
        wanted.actor,
        now=utc_now(),
        target=f"dataflow:{wanted.definition.name}",
        scope_id=found.scope_id,
        version=str(found.version + 1),
        previous_id=found.saved_by_id or "the machine",
    )


def _add_version(connection: Connection, wanted: Save, dataflow: tuple[int, int], version: int) -> None:
    """Save a version of the dataflow of these ids: its own, and its scope's."""
    dataflow_id, scope_id = dataflow
    actor, definition, now = wanted.actor, wanted.definition, utc_now()
    target = f"dataflow:{definition.name}"
    record(connection, Event.DATAFLOW_SAVED, actor, now=now, target=target, scope_id=scope_id, version=str(version))
    connection.execute(
        insert(tables.dataflow_versions).values(
            dataflow_id=dataflow_id,
            version=version,
            definition=definition.to_json(),
            saved_by_id=actor.user_id,
            saved_by=actor.name,
            saved_at=now,
            comment=wanted.comment,
        )
    )
    connection.execute(
        update(tables.dataflows).where(tables.dataflows.c.id == dataflow_id).values(current_version=version)
    )
    _schedule(connection, dataflow_id, definition.settings)


def _schedule(connection: Connection, dataflow_id: int, settings: Settings) -> None:
    """Its refreshes come as the settings say from now on; those of a paused schedule when it is resumed."""
    wanted = settings.schedule
    if wanted is not None:
        zone, payload = wanted.time_zone or settings.time_zone, {"trigger": "schedule"}
        subject, when = subject_of(dataflow_id), (wanted.cron, zone, wanted.missed)
        new = schedules.NewSchedule(KIND, subject, payload, *when, max_attempts=settings.retries + 1)
        schedules.put(connection, new)


# -- linked entities ---------------------------------------------------------------------------------------------------


def check_circle(connection: Connection, actor: Actor, definition: DataflowDefinition) -> None:
    """A dataflow does not read its own tables by way of others: no order of refreshing them would be right.

    Raises:
        ConflictError: it would (``dataflow.circle``); dataflows that ``actor`` may not see are not named.
    """
    for path in _paths(connection, definition):
        if path[-1] != definition.name:
            continue
        shown = " → ".join(_shown(connection, actor, [definition.name, *path], definition.name))
        raise ConflictError(
            f"The linked entities of the dataflow '{definition.name}' lead back to it: {shown}.",
            place=definition.name,
            hint="Have one of them read the source itself, or move the query to the other dataflow.",
            code="dataflow.circle",
        )


def _paths(connection: Connection, definition: DataflowDefinition) -> Iterator[list[str]]:
    """The ways along linked entities to each dataflow that they lead to; one to each."""
    waiting = [[name] for name in _linked_names(definition.settings.to_json())]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path[-1] in seen:
            continue
        seen.add(path[-1])
        yield path
        found = _find(connection, path[-1])
        if found is not None:
            waiting += [[*path, name] for name in _linked_names(found.definition["settings"])]


def _linked_names(settings: Mapping[str, Any]) -> list[str]:
    return sorted({linked["dataflow"] for linked in settings.get("linked", {}).values()})


def _shown(connection: Connection, actor: Actor, names: list[str], own: str) -> Iterator[str]:
    """The names, those of dataflows that may not be seen left out."""
    flows = tables.dataflows.c
    seen = select(flows.name).where(flows.name.in_(names), flows.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
    known = {own, *connection.scalars(seen)}
    return (name if name in known else "…" for name in names)
