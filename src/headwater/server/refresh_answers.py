"""What the API answers about refreshes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from headwater.app.refreshing import RefreshState
from headwater.dataflows import EntitySummary
from headwater.dataflows import RefreshSummary as DataflowRefresh
from headwater.dataflows.history import CellError as DataflowCellError
from headwater.server.answers import Answer, Problem, RefreshSummary

__all__ = [
    "EntityErrors",
    "EntityForecast",
    "ModelChange",
    "NewRefresh",
    "Refresh",
    "RefreshCellError",
    "RefreshEntity",
    "RefreshErrors",
    "RefreshForecast",
    "RefreshProgress",
    "Refreshes",
]

StateOfRefresh = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class RefreshEntity(Answer):
    """What a refresh did to one entity. ``delta_version`` is null where it was not published by it.

    ``rows_read`` is null where nobody knows.
    """

    entity: str
    rows_read: int | None
    rows_written: int
    rows_scored: int
    rows_reused: int
    rows_skipped: int
    rows_inserted: int | None
    rows_updated: int | None
    rows_deleted: int | None
    errors: int
    bytes: int
    seconds: float
    delta_version: int | None
    model_versions: dict[str, str]
    reuse: dict[str, str]
    mode: str
    engine: str
    schema_changes: list[dict[str, Any]]
    error: Problem | None

    @classmethod
    def of(cls, entity: EntitySummary) -> RefreshEntity:
        """The answer for an entity of a refresh."""
        return cls.model_validate(entity)


class Refresh(RefreshSummary):
    """A refresh in a list: of those that have begun."""

    trigger: str
    requested_by: str
    full: bool
    error: Problem | None
    entities: list[RefreshEntity]

    @classmethod
    def with_entities(cls, refresh: DataflowRefresh, entities: Sequence[EntitySummary]) -> Refresh:
        """The answer for a refresh and what it did."""
        return cls(
            **RefreshSummary.of(refresh).model_dump(),
            trigger=refresh.trigger,
            requested_by=refresh.requested_by,
            full=refresh.full,
            error=None if refresh.error is None else Problem.model_validate(dict(refresh.error)),
            entities=[RefreshEntity.of(entity) for entity in entities],
        )


class Refreshes(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    value: list[Refresh]
    after: str | None


class RefreshProgress(Answer):
    """How a refresh stands; ``progress`` says what each entity is at, and how far scoring is, while it runs."""

    id: str
    dataflow: str
    status: StateOfRefresh
    trigger: str
    requested_by: str
    full: bool
    requested_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    error: Problem | None
    progress: dict[str, Any] | None
    entities: list[RefreshEntity]

    @classmethod
    def of(cls, state: RefreshState) -> RefreshProgress:
        """The answer for a refresh."""
        return cls.model_validate(state)


class ModelChange(Answer):
    """A function, and the version that it stood for and will stand for."""

    function: str
    before: str
    after: str


class EntityForecast(Answer):
    """``seconds`` is about how long scoring takes; null: there is nothing to go by."""

    entity: str
    mode: str
    rows_before: int | None
    rows: int
    rows_to_score: int
    models: list[ModelChange]
    seconds: float | None
    schema_changes: list[dict[str, Any]]


class RefreshForecast(Answer):
    """What a refresh would do."""

    dataflow: str
    rescore: str
    entities: list[EntityForecast]


class NewRefresh(Answer):
    """What is asked for: ``full`` computes all of it anew, ``rescore`` lets the newest model versions score."""

    full: bool = False
    rescore: bool = False


class RefreshCellError(Answer):
    """An error cell. ``message`` and ``key`` hold values of rows: null for who may not read the table."""

    column: str
    row: int = Field(description="its number in what the query gave, from 1")
    reason: str
    message: str | None
    key: dict[str, Any] | None


class EntityErrors(Answer):
    entity: str
    errors: list[RefreshCellError]


class RefreshErrors(Answer):
    """The first error cells of each entity."""

    value: list[EntityErrors]

    @classmethod
    def of(cls, found: Mapping[str, Sequence[DataflowCellError]]) -> RefreshErrors:
        """The answer for the error cells of a refresh."""
        return cls(
            value=[
                EntityErrors(entity=entity, errors=[RefreshCellError.model_validate(error) for error in errors])
                for entity, errors in found.items()
            ]
        )
