"""Staging one entity: from its query and what was published before to files that wait to be published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.dataflows.settings import EntitySettings, ErrorPolicy
from headwater.plan.nodes import Node
from headwater.powerquery import PlanTable, Value
from headwater.tables import PublishedColumn, Staged, published_schema, stage


@dataclass(frozen=True, slots=True)
class Previous:
    """What of an entity is published now: the version of its table, and what was kept to go on from it.

    ``state`` is what :class:`StagedRows` said then; ``definition_version`` the version of the dataflow it ran.
    """

    delta_version: int
    rows: int
    columns: Sequence[PublishedColumn]
    state: Mapping[str, Any]
    definition_version: int | None


@dataclass(frozen=True)
class EntityWork:
    """What staging an entity needs.

    Attributes:
        name: the entity.
        settings: how it is refreshed.
        errors: what becomes of error cells.
        path: the folder of its table.
        previous: what is published now; None: nothing.
        full: compute all of it anew, whatever the settings say.
        now: when the refresh began, in the dataflow's time zone.
        evaluate: the query's plan, with these values in place of the queries (parameters) of these names.
        watch: the same rows, with progress told and a cancelled refresh ended.
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


@dataclass(frozen=True)
class StagedRows:
    """What staging an entity made.

    Attributes:
        staged: its files.
        plans: the plans that were run, for lineage; at least one.
        state: what the next refresh needs to go on from here; JSON values.
        skipped: rows that were left as they were.
        inserted: rows of new keys; None where the mode does not compare.
        updated: rows whose key was there with other values.
        deleted: rows whose key was there and is not any more.
    """

    staged: Staged
    plans: tuple[Node, ...]
    state: Mapping[str, Any] = field(default_factory=dict)
    skipped: int = 0
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None


def stage_entity(work: EntityWork) -> StagedRows:
    """Compute an entity and write its files.

    Raises:
        TableError: it cannot be published, or written.
        HeadwaterError: its query failed.
    """
    table = work.evaluate({})
    schema = published_schema(table.plan.columns)
    staged = stage(work.path, schema, work.watch(table.reader()), errors=work.errors)
    return StagedRows(staged, (table.plan,))
