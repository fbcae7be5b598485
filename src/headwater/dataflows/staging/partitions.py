"""The mode "partitioned": a table in calendar periods, of which only the newest are computed anew.

The query reads two parameters, ``RangeStart`` and ``RangeEnd``, and gives the rows of one period: those whose moment is
at or after the one, and before the other. What it gives beyond that is not looked at; a filter with ``<=`` loads rows
at midnight twice. Rows are in the order of the periods, and within each in the query's.

A period's *marker* is the greatest value of the column that tells of changes, among the rows that were loaded. A
period without one, because it has no rows or the column is null in all of them, is computed anew.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from headwater.dataflows.definitions.settings import Partitions
from headwater.dataflows.staging.columns import check_columns, same_columns
from headwater.dataflows.staging.markers import MarkerColumn
from headwater.dataflows.staging.periods import Period, layout_of, missing, pieces
from headwater.dataflows.staging.work import EntityWork, StagedRows, limited
from headwater.errors import RefreshError, TableError
from headwater.plan.cells import error_column
from headwater.powerquery import PlanTable, Value
from headwater.powerquery.values.times import DateTime
from headwater.tables import (
    Conversion,
    PublishedSchema,
    StagedFile,
    StageWriter,
    published_schema,
    table_files,
    unchanged,
)

__all__ = ["RANGE", "stage_partitions"]

#: The parameters that name a period, as Power Query knows them.
RANGE = ("RangeStart", "RangeEnd")


@dataclass(frozen=True, slots=True)
class _Known:
    """A period that is published, with its files. ``was_over``: when it was loaded, or found unchanged."""

    period: Period
    rows: int
    marker: str | None
    was_over: bool
    files: tuple[StagedFile, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A period of the next version: taken over as it is, or to be computed (``known`` None)."""

    period: Period
    known: _Known | None


def stage_partitions(work: EntityWork) -> StagedRows:
    """Compute the periods that are due; raises as :func:`headwater.dataflows.staging.stage_entity`."""
    partitions = work.settings.partitions
    assert partitions is not None, "the settings of a partitioned entity say which"
    _check_parameters(work)
    return _Run(work, partitions).stage()


class _Run:
    """One staging of a partitioned entity."""

    def __init__(self, work: EntityWork, partitions: Partitions) -> None:
        self._work = work
        self._layout = layout_of(partitions, work.now)
        # The plan of the newest period tells what columns there are.
        self._newest = self._layout.window[-1] if self._layout.window else self._layout.kept
        self._table = work.evaluate(_range(self._newest))
        self._plan = self._table.plan
        self._schema = published_schema(self._plan.columns)
        self._changes = check_columns(work, self._schema)
        self._marker = MarkerColumn(work.name, partitions.detect_changes, self._schema)
        self._conversion = Conversion(self._schema, work.errors, work.settings.key)
        self._recipe = _recipe(work, partitions, self._schema)

    def stage(self) -> StagedRows:
        known = self._published()
        wanted = list(self._wanted(known))
        if known and [one.known for one in wanted] == known:
            return self._unchanged(known)
        entries = []
        with StageWriter(self._work.path, self._schema) as writer:
            for one in wanted:
                entries.append(self._linked(writer, one.known) if one.known else self._computed(writer, one.period))
        state = {"mode": "partitioned", "recipe": self._recipe, "periods": entries}
        skipped = sum(one.known.rows for one in wanted if one.known)
        staged = self._conversion.noted(writer.staged())
        return StagedRows(staged, (self._plan,), state, skipped, schema_changes=self._changes)

    def _unchanged(self, known: Sequence[_Known]) -> StagedRows:
        previous = self._work.previous
        assert previous is not None, "its periods are known"
        staged = unchanged(self._work.path, previous.delta_version, self._schema)
        skipped = sum(one.rows for one in known)
        return StagedRows(staged, (self._plan,), previous.state, skipped, schema_changes=self._changes)

    # -- which periods ---------------------------------------------------------------------------------------------

    def _published(self) -> list[_Known]:
        """The periods that are published, in order; none where they say nothing about the next version."""
        previous = self._work.previous
        if previous is None or self._work.full or not same_columns(previous.columns, self._schema.columns):
            return []
        if previous.state.get("mode") != "partitioned" or previous.state.get("recipe") != self._recipe:
            return []
        try:
            files = table_files(self._work.path, previous.delta_version)
        except TableError:
            return []
        return _with_files(previous.state["periods"], files) or []

    def _wanted(self, known: Sequence[_Known]) -> Iterator[_Wanted]:
        """The periods of the next version, in order."""
        layout = self._layout
        old = Period(layout.kept.start, layout.refreshed)
        # One that was still running has rows to come, and nobody refreshes it any more.
        stay = [o for o in known if o.was_over and old.start <= o.period.start and o.period.end <= old.end]
        gaps = [piece for gap in missing(old, [o.period for o in stay]) for piece in pieces(gap, layout.stored_unit)]
        yield from sorted(
            [*(_Wanted(one.period, one) for one in stay), *(_Wanted(gap, None) for gap in gaps)],
            key=lambda wanted: wanted.period,
        )
        by_period = {one.period: one for one in known}
        for period in layout.window:
            found = by_period.get(period)
            yield _Wanted(period, found if found is not None and self._is_same(found) else None)

    def _is_same(self, known: _Known) -> bool:
        """Whether a period's marker is what it was."""
        if known.marker is None:
            return False
        return self._marker.of_plan(self._evaluated(known.period)) == known.marker

    # -- their rows ------------------------------------------------------------------------------------------------

    def _linked(self, writer: StageWriter, known: _Known) -> dict[str, Any]:
        for file in known.files:
            writer.link(file)
        return self._entry(known.period, known.rows, known.marker)

    def _computed(self, writer: StageWriter, period: Period) -> dict[str, Any]:
        before = writer.rows
        table = self._evaluated(period)
        if published_schema(table.plan.columns).columns != self._schema.columns:
            raise RefreshError(
                f"The query gives other columns for the period {period} than for the newest one.",
                place=self._work.name,
                hint="State the columns and their types in the query.",
                code="refresh.columns_vary",
            )
        # Columns go by their ids, and these are the plan's own.
        ids = {theirs.id: mine.id for mine, theirs in zip(self._plan.columns, table.plan.columns, strict=True)}
        marker = None
        writer.end_file()
        for batch in limited(self._work, table.reader(), before):
            rows = _renamed(batch, ids)
            marker = self._marker.greater(marker, rows)
            writer.add(self._conversion.stored(rows))
        writer.end_file()
        return self._entry(period, writer.rows - before, self._marker.text(marker))

    def _entry(self, period: Period, rows: int, marker: str | None) -> dict[str, Any]:
        """A period as the next refresh is told of it."""
        return {
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
            "rows": rows,
            "marker": marker,
            "over": period.end <= self._work.now.replace(tzinfo=None),
        }

    def _evaluated(self, period: Period) -> PlanTable:
        return self._table if period == self._newest else self._work.evaluate(_range(period))


def _check_parameters(work: EntityWork) -> None:
    """The query has to read both parameters: without them every period would have all rows."""
    absent = [name for name in RANGE if work.reads is not None and name not in work.reads]
    if absent:
        raise RefreshError(
            f"The query does not read the parameter {absent[0]}, which says what period to load.",
            place=work.name,
            hint="Add queries RangeStart and RangeEnd that are datetimes, and choose rows by them: each [Date] >="
            " RangeStart and [Date] < RangeEnd.",
            code="refresh.range_missing",
        )


def _recipe(work: EntityWork, partitions: Partitions, schema: PublishedSchema) -> str:
    """What periods are made by: those that something else made are computed anew."""
    of = [work.made_by, partitions.detect_changes, [[c["name"], c["type"]] for c in schema.to_json()]]
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()


def _range(period: Period) -> dict[str, Value]:
    """The parameters of a period."""
    return {
        name: DateTime.of(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        for name, moment in zip(RANGE, (period.start, period.end), strict=True)
    }


def _with_files(entries: Sequence[Mapping[str, Any]], files: Sequence[StagedFile]) -> list[_Known] | None:
    """Periods with their files, which are told by their rows: compaction gives them others. None where none fit."""
    waiting = deque(file for file in files if file.rows)
    found = []
    for entry in entries:
        period = Period(datetime.fromisoformat(entry["start"]), datetime.fromisoformat(entry["end"]))
        own: list[StagedFile] = []
        while waiting and sum(file.rows for file in own) < entry["rows"]:
            own.append(waiting.popleft())
        if sum(file.rows for file in own) != entry["rows"]:
            return None
        found.append(_Known(period, entry["rows"], entry["marker"], entry["over"], tuple(own)))
    return None if waiting else found


def _renamed(batch: pa.RecordBatch, ids: Mapping[str, str]) -> pa.RecordBatch:
    names = {**ids, **{error_column(old): error_column(new) for old, new in ids.items()}}
    return batch.rename_columns([names.get(name, name) for name in batch.schema.names])
