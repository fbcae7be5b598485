"""What staging an entity is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.dataflows.definitions.settings import EntitySettings, ErrorPolicy, SchemaPolicy
from headwater.errors import RefreshError
from headwater.plan.nodes import Node
from headwater.powerquery import PlanTable, Value
from headwater.tables import ErrorCell, PublishedColumn, Staged

__all__ = ["EntityWork", "Previous", "StagedRows", "limited"]


@dataclass(frozen=True, slots=True)
class Previous:
    """What of an entity is published now: the version of its table, and what was kept to go on from it.

    ``state`` is what :class:`StagedRows` said then.
    """

    delta_version: int
    rows: int
    columns: Sequence[PublishedColumn]
    state: Mapping[str, Any]


@dataclass(frozen=True)
class EntityWork:
    """What staging an entity needs.

    Attributes:
        name: the entity.
        settings: how it is refreshed.
        errors: what becomes of error cells.
        path: the folder of its table.
        previous: what is published now; None: nothing.
        full: compute all of it anew, as though nothing were published, whatever the settings say.
        now: when the refresh began, in the dataflow's time zone.
        evaluate: the query's plan, with these values in place of the queries (parameters) of these names.
        watch: the same rows, with progress told and a cancelled refresh ended.
        schema_changes: what becomes of other columns than those that are published now.
        max_rows: how many rows it may have; None: any number.
        made_by: stands for all in the dataflow's definition that its rows are computed by.
        reads: the queries that its query reads, directly or through others, parameters among them; None: unknown.
    """

    name: str
    settings: EntitySettings
    errors: ErrorPolicy
    path: Path
    previous: Previous | None
    full: bool
    now: datetime
    evaluate: Callable[[Mapping[str, Value]], PlanTable]
    watch: Callable[[pa.RecordBatchReader], pa.RecordBatchReader]
    schema_changes: SchemaPolicy = "follow"
    max_rows: int | None = None
    made_by: str = ""
    reads: frozenset[str] | None = None


@dataclass(frozen=True)
class StagedRows:
    """What staging an entity made.

    Attributes:
        staged: its files; ``staged.unchanged_of`` says that the published version stays.
        plans: the plans that were run, for lineage; at least one.
        state: what the next refresh needs to go on from here; JSON values.
        skipped: rows that were left as they were.
        inserted: rows of new keys; None where the mode does not compare.
        updated: rows whose key was there with other values.
        deleted: rows whose key was there and is not any more.
        schema_changes: [{change: added | removed | retyped, column, before, after}], against what is published.
    """

    staged: Staged
    plans: tuple[Node, ...]
    state: Mapping[str, Any] = field(default_factory=dict)
    skipped: int = 0
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None
    schema_changes: tuple[Mapping[str, Any], ...] = ()

    @property
    def error_cells(self) -> tuple[ErrorCell, ...]:
        """The first error cells among the rows that were computed."""
        return self.staged.error_cells


def limited(work: EntityWork, reader: pa.RecordBatchReader, before: int = 0) -> pa.RecordBatchReader:
    """The rows, watched, and no more of them than the entity may have; ``before`` are those that it has already.

    Raises (while being read):
        RefreshError: there are more (``refresh.limit_rows``).
    """

    def batches() -> Iterator[pa.RecordBatch]:
        rows = before
        for batch in work.watch(reader):
            rows += batch.num_rows
            check_rows(work, rows)
            yield batch

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def check_rows(work: EntityWork, rows: int) -> None:
    """RefreshError where an entity has more rows than it may."""
    if work.max_rows is not None and rows > work.max_rows:
        raise RefreshError(
            f"The entity has more than {work.max_rows:,} rows.",
            place=work.name,
            hint="Let the query give fewer, or raise 'rows' under [limits].",
            code="refresh.limit_rows",
        )
