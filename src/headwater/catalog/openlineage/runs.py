"""Runs of jobs: what each came to, what it read and wrote, whatever the order in which its events come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from headwater.access import Actor
from headwater.catalog.entities.finding import find_by_guid
from headwater.catalog.openlineage.events import TERMINAL, Event
from headwater.store import Database, tables

__all__ = ["DESIGNED", "Ends", "JobRun", "last_state", "lineage_of", "put_run", "runs_of"]

#: The state of what a job reads and writes by its definition, and of no run.
DESIGNED = "DESIGN"
#: As many runs of a job are kept; the oldest go first.
MOST_RUNS = 200
_run = tables.lineage_runs.c
#: (source, its column, target, its column), assets by number.
Column = tuple[int, str, int, str]


@dataclass(frozen=True, slots=True)
class Ends:
    """What is read and written, assets by number."""

    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()
    columns: frozenset[Column] = frozenset()

    def __or__(self, other: Ends) -> Ends:
        return Ends(self.inputs | other.inputs, self.outputs | other.outputs, self.columns | other.columns)

    def __bool__(self) -> bool:
        return bool(self.inputs or self.outputs)

    @classmethod
    def read(cls, stated: Mapping[str, Any]) -> Ends:
        """As :meth:`stored` wrote it."""
        columns = ((each[0], each[1], each[2], each[3]) for each in stated["columns"])
        return cls(frozenset(stated["inputs"]), frozenset(stated["outputs"]), frozenset(columns))

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "inputs": sorted(self.inputs),
            "outputs": sorted(self.outputs),
            "columns": [list(each) for each in sorted(self.columns)],
        }


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a job. ``state``: START, RUNNING, OTHER, COMPLETE, FAIL, ABORT."""

    run_id: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    details: Mapping[str, Any]


def runs_of(database: Database, actor: Actor, guid: str, limit: int = 50) -> list[JobRun]:
    """The runs of a job, those with the newest events first.

    Raises:
        NotFoundError: there is no such asset to be seen.
    """
    with database.read() as connection:
        number = find_by_guid(connection, actor, [guid])[guid].id
        query = select(tables.lineage_runs).where(_run.process_id == number, _run.run_id != "")
        rows = connection.execute(query.order_by(_run.event_at.desc(), _run.run_id).limit(limit))
        return [JobRun(row.run_id, row.state, row.started_at, row.ended_at, row.details) for row in rows]


def put_run(connection: Connection, process: int, event: Event, ends: Ends, details: Mapping[str, Any]) -> None:
    """Add what an event says of a run; the same event again, or another order of them, comes to the same."""
    same = (_run.process_id == process, _run.run_id == event.run_id)
    before = connection.execute(select(tables.lineage_runs).where(*same)).one_or_none()
    if before is None:
        values = _first(event, ends, details)
        connection.execute(insert(tables.lineage_runs).values(process_id=process, run_id=event.run_id, **values))
        _forget(connection, process)
        return
    values = _defined(before, event, ends) if event.kind == "job" else _further(before, event, ends, details)
    connection.execute(update(tables.lineage_runs).where(*same).values(values))


def _first(event: Event, ends: Ends, details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": event.type or DESIGNED,
        "state_stamp": _state_stamp(event),
        "started_at": event.at,
        "ended_at": event.at if event.type in TERMINAL else None,
        "event_at": event.at,
        "ends": ends.stored(),
        "details": dict(details),
    }


def _further(before: Row[Any], event: Event, ends: Ends, details: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "started_at": min(before.started_at, event.at),
        "event_at": max(before.event_at, event.at),
        "ends": (Ends.read(before.ends) | ends).stored(),
        "details": {**details, **before.details} if event.at < before.event_at else {**before.details, **details},
    }
    if _state_stamp(event) > before.state_stamp:
        values |= {"state": event.type, "state_stamp": _state_stamp(event)}
        values["ended_at"] = event.at if event.type in TERMINAL else None
    return values


def _defined(before: Row[Any], event: Event, ends: Ends) -> dict[str, Any]:
    """What a job is defined by now, which replaces what it was defined by before."""
    if event.at < before.event_at:
        return {"event_at": before.event_at}
    return {"event_at": event.at, "started_at": event.at, "ends": ends.stored(), "state_stamp": _state_stamp(event)}


def _state_stamp(event: Event) -> str:
    """An end is for good: a run that goes on after it told of that late."""
    return f"{1 if event.type in TERMINAL else 0}/{event.stamp}"


def _forget(connection: Connection, process: int) -> None:
    kept = select(_run.event_at).where(_run.process_id == process).order_by(_run.event_at.desc())
    oldest = connection.scalar(kept.offset(MOST_RUNS).limit(1))
    if oldest is not None:
        gone = (_run.process_id == process, _run.event_at <= oldest, _run.run_id != "")
        connection.execute(delete(tables.lineage_runs).where(*gone))


def lineage_of(connection: Connection, process: int) -> Ends:
    """What a job reads and writes: as its last complete run or its definition says, and whatever came after that."""
    query = select(_run.run_id, _run.state, _run.event_at, _run.ends).where(_run.process_id == process)
    told = [(row, Ends.read(row.ends)) for row in connection.execute(query)]
    telling = [(row, ends) for row, ends in told if ends or row.state == DESIGNED]
    settled = [row.event_at for row, _ in telling if row.state in {"COMPLETE", DESIGNED}]
    since = max(settled, default=None)
    return _union(ends for row, ends in telling if since is None or row.event_at >= since)


def last_state(connection: Connection, process: int) -> str:
    """The state of the job's newest run that has ended; "" where none has."""
    query = select(_run.state).where(_run.process_id == process, _run.state.in_(sorted(TERMINAL)))
    return str(connection.scalar(query.order_by(_run.event_at.desc(), _run.run_id).limit(1)) or "")


def _union(all_ends: Iterable[Ends]) -> Ends:
    found = Ends()
    for ends in all_ends:
        found |= ends
    return found
