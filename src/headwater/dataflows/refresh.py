"""Asking for refreshes, and what came of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from headwater.access import Action, Actor, require
from headwater.dataflows.history import EntitySummary
from headwater.dataflows.refresh_jobs import KIND, subject_of
from headwater.dataflows.refreshing.context import RefreshRequest
from headwater.dataflows.service import Dataflow
from headwater.errors import ConflictError
from headwater.jobs import Job, NewJob, queue
from headwater.store import Database, exclusive

__all__ = ["EntityResult", "RefreshResult", "active_refresh", "request_refresh"]


@dataclass(frozen=True, slots=True)
class EntityResult:
    """An entity after a refresh; ``summary`` has its Delta version."""

    summary: EntitySummary
    path: Path


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """A refresh that succeeded. ``scoring`` sums up the statistics of all models that it called in this process."""

    id: str
    entities: Sequence[EntityResult]
    scoring: Mapping[str, float]
    seconds: float


def request_refresh(database: Database, actor: Actor, dataflow: Dataflow, request: RefreshRequest) -> str:
    """Ask for a refresh of a dataflow: a worker does it. Returns its id.

    Raises:
        ForbiddenError: ``actor`` may not refresh it.
        ConflictError: it is being refreshed, or is about to be (``refresh.active``).
    """
    with database.begin() as connection:
        # Two who ask at once: the second sees what the first asked for.
        exclusive(connection, f"refresh {dataflow.id}")
        require(connection, actor, Action.DATAFLOW_REFRESH, dataflow.scope_id)
        active = active_refresh(connection, dataflow.id)
        if active is not None:
            raise ConflictError(
                f"The dataflow '{dataflow.name}' is being refreshed already.",
                place=active.id,
                hint="Wait until it has ended, or cancel it. If its process died, try again in half a minute.",
                code="refresh.active",
            )
        tries = dataflow.definition.settings.retries + 1
        new = NewJob(KIND, subject_of(dataflow.id), request.to_json(), max_attempts=tries)
        return queue.add(connection, actor, new)


def active_refresh(connection: Connection, dataflow_id: int) -> Job | None:
    """The refresh of a dataflow that is under way, or the one that is waiting."""
    active = queue.of_subject(connection, subject_of(dataflow_id), active_only=True)
    refreshes = [job for job in active if job.kind == KIND]
    return next((job for job in refreshes if job.status == "running"), refreshes[0] if refreshes else None)
