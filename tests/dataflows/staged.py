"""An entity that is staged and committed again and again, without a dataflow around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from headwater.dataflows.definitions.settings import EntitySettings
from headwater.dataflows.staging import EntityWork, Previous, StagedRows, stage_entity
from headwater.plan.nodes import ArrowScan, Column, Node, with_fresh_ids
from headwater.plan.types import from_arrow
from headwater.powerquery import PlanTable, Session, Value
from headwater.tables import commit, discard, read, schema

NOON = datetime(2024, 6, 15, 12, tzinfo=ZoneInfo("Europe/Berlin"))


def scan_of(rows: pa.Table) -> ArrowScan:
    """A table in memory as a plan, its columns under fresh ids."""
    columns = with_fresh_ids([Column("", f.name, from_arrow(f.type) or _no_type(f)) for f in rows.schema], ())
    return ArrowScan(rows.rename_columns([column.id for column in columns]), columns)


def _no_type(field: Any) -> Any:
    raise AssertionError(f"{field} has no plan type")


@dataclass
class Entity:
    """A table and what is published of it. ``plan`` makes the plan of a source table."""

    path: Path
    settings: EntitySettings
    plan: Callable[[Node], Node] = lambda node: node
    previous: Previous | None = None
    refreshes: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    def stage(self, evaluate: Callable[[Mapping[str, Value]], PlanTable], **options: Any) -> StagedRows:
        """Stage without committing."""
        given = {
            "name": "entity", "settings": self.settings, "errors": "null", "path": self.path,
            "previous": self.previous, "full": False, "now": NOON, "evaluate": evaluate, "watch": lambda rows: rows,
        }  # fmt: skip
        return stage_entity(EntityWork(**{**given, **self.more, **options}))

    def publish(self, staged: StagedRows) -> StagedRows:
        """Commit what was staged, and remember it as what is published."""
        self.refreshes += 1
        version = commit(self.path, staged.staged, transaction=f"refresh-{self.refreshes}")
        state = json.loads(json.dumps(staged.state))
        self.previous = Previous(version, staged.staged.rows, schema(self.path, version), state)
        return staged

    def refresh(self, rows: pa.Table, **options: Any) -> StagedRows:
        """Stage a source table and commit it."""
        session = Session()
        table = PlanTable(self.plan(scan_of(rows)), session)
        return self.publish(self.stage(lambda _: table, **options))

    def try_out(self, rows: pa.Table, **options: Any) -> None:
        """Stage a source table and let go of it."""
        table = PlanTable(self.plan(scan_of(rows)), Session())
        discard(self.stage(lambda _: table, **options).staged)

    @property
    def version(self) -> int:
        assert self.previous is not None
        return self.previous.delta_version

    def rows(self) -> pa.Table:
        """What is published."""
        return read(self.path, self.version)

    def files(self) -> list[str]:
        """The files in the table's folder, digests included."""
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if _is_data(file))


def _is_data(file: Path) -> bool:
    return file.is_file() and "_delta_log" not in file.parts
