"""The mode "keyed": only what changed is written, and only rows that changed go through models.

The query is evaluated as a whole, because only it knows which rows it gives. Its rows are compared by their digests
with those of the version before; see :mod:`headwater.dataflows.staging.digests`. Files whose rows all stay are linked.
The table's rows are the query's, in the query's order; with ``gone = "keep"`` those that the query no longer gives
follow them, in the order that they had.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headwater.dataflows.staging.before import Before
from headwater.dataflows.staging.columns import check_columns
from headwater.dataflows.staging.comparing import compared_rows
from headwater.dataflows.staging.digests import Digests, write_digests
from headwater.dataflows.staging.hashing import HASHING, Words, row_hashes
from headwater.dataflows.staging.keys import KeyColumns
from headwater.dataflows.staging.matching import Comparison, Matcher, Tally
from headwater.dataflows.staging.merging import KEYED_FILE_ROWS, Merger
from headwater.dataflows.staging.splitting import Split, split_below_models
from headwater.dataflows.staging.work import EntityWork, StagedRows, check_rows, limited
from headwater.errors import RefreshError
from headwater.plan.cells import ERROR_SUFFIX
from headwater.powerquery import PlanTable
from headwater.tables import Conversion, PublishedSchema, StageWriter, published_schema, unchanged

__all__ = ["stage_keyed"]

#: Rows, all of them or only the new ones, and the places of all of them in the version before.
_Rows: TypeAlias = tuple[pa.RecordBatch | None, npt.NDArray[np.int64]]

#: Rows that changed go through the models so many at a time, at least, where there are as many.
_TOGETHER_ROWS = 16_384

#: Rows of the version before that are carried over together.
_CARRIED_ROWS = 65_536


def stage_keyed(work: EntityWork) -> StagedRows:
    """Compute what has changed of an entity; raises as :func:`headwater.dataflows.staging.stage_entity`."""
    table = work.evaluate({})
    schema = published_schema(table.plan.columns)
    changes = check_columns(work, schema)
    keys = KeyColumns(work.name, work.settings.key, schema)
    split = split_below_models(table)
    recipe = _recipe(schema, keys, split)
    before = None if work.full else Before.open(work, schema=schema, recipe=recipe, keys=keys)
    staged_rows = _Run(work, schema, keys, before).stage(table, split, recipe)
    return StagedRows(**{**staged_rows, "plans": (table.plan,), "schema_changes": changes})


def _recipe(schema: PublishedSchema, keys: KeyColumns, split: Split | None) -> str:
    """What digests are made of: those that were made of something else say nothing."""
    columns = [(one["name"], one["type"]) for one in schema.to_json()]
    of = [HASHING, columns, list(keys.names), None if split is None else split.recipe]
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()


class _Run:
    """One staging of a keyed entity."""

    def __init__(self, work: EntityWork, schema: PublishedSchema, keys: KeyColumns, before: Before | None) -> None:
        self._work = work
        self._schema = schema
        self._keys = keys
        self._before = before
        self._tally = Tally()
        self._conversion = Conversion(schema, work.errors, work.settings.key)

    def stage(self, table: PlanTable, split: Split | None, recipe: str) -> dict[str, Any]:
        """Write the new version; what :class:`StagedRows` says of it."""
        # Where all rows are at hand, fingerprints spare reading those of the version before.
        with StageWriter(self._work.path, self._schema, KEYED_FILE_ROWS, fingerprints=split is None) as writer:
            comparable = None if self._before is None else self._before.comparable
            merger = Merger(writer, comparable, is_complete=split is None)
            for batch, places in self._changed(table, split) if split else self._all(table, merger):
                merger.add(places, batch)
            compared = self._tally.compared(self._before.keys if self._before else np.empty(0, np.uint64))
            self._check_keys(compared, writer, merger)
            kept = compared.gone if self._work.settings.gone == "keep" else compared.gone[:0]
            check_rows(self._work, len(compared.keys) + len(kept))
            if self._is_unchanged(compared, kept):
                writer.take_back()
                return self._unchanged(compared, len(kept))
            self._carry(kept, writer, merger)
            digests = self._digests(compared, kept)
            writer.belongs(name := write_digests(self._work.path, digests))
        state = {"mode": "keyed", "recipe": recipe, "digests": name}
        counts = _counts(compared, len(kept))
        return {"staged": self._conversion.noted(writer.staged()), "state": state, **counts}

    # -- rows in ---------------------------------------------------------------------------------------------------

    def _all(self, table: PlanTable, merger: Merger) -> Iterator[_Rows]:
        """All rows of the query, each with its place before."""
        stored = map(self._conversion.stored, limited(self._work, table.reader()))
        for compared in compared_rows(stored, self._before, self._keys.digests_of):
            self._tally.places.append(compared.places)
            self._tally.digests.append(compared.digests)
            merger.knows(compared.file, compared.changed)
            start = 0
            for rows in compared.batches:
                places = compared.places[start : start + rows.num_rows]
                start += rows.num_rows
                new = np.flatnonzero(places < 0)
                self._note_keys(rows if len(new) == len(places) else self._keys.of(rows).take(new))
                yield rows, places

    def _changed(self, table: PlanTable, split: Split) -> Iterator[_Rows]:
        """The rows that changed, computed, with the places of these and of the rows between them."""
        matcher = Matcher(None if self._before is None else self._before.digests, together=True)
        chosen = _Chosen(self._work, matcher, self._tally)
        for batch in self._computed(table, split, chosen):
            places = chosen.next_places(batch.num_rows)
            _check_count(self._work, places, batch.num_rows)
            at = chosen.given - len(places) + np.flatnonzero(places < 0)
            rows = self._conversion.stored(batch, at)
            chosen.forget(at[_failed(batch)])
            self._note_keys(rows)
            yield rows, places
        rest = chosen.next_places(None)
        _check_count(self._work, rest, 0)
        yield None, rest

    def _computed(self, table: PlanTable, split: Split, chosen: _Chosen) -> pa.RecordBatchReader:
        """The rows that changed, through the models; where nothing is known that is all of them, as they stream."""
        if self._before is None or self._before.digests is None:
            return PlanTable(split.over_all(chosen.look), table.session).reader()
        below = PlanTable(split.below, table.session)
        changed = split.over(lambda: chosen.those_of(below.reader()))
        return PlanTable(changed, table.session).reader()

    def _note_keys(self, rows: pa.RecordBatch) -> None:
        self._tally.new_keys.append(self._keys.digests(rows))

    # -- what becomes of it ----------------------------------------------------------------------------------------

    def _check_keys(self, compared: Comparison, writer: StageWriter, merger: Merger) -> None:
        self._keys.check_present()
        if compared.repeated:
            merger.finish()
            writer.end_file()
            self._keys.check_apart(self._work.path, writer.files)

    def _is_unchanged(self, compared: Comparison, kept: npt.NDArray[np.int64]) -> bool:
        if self._before is None or compared.inserted or compared.updated or len(compared.gone) > len(kept):
            return False
        places = np.concatenate([*self._tally.places, kept])
        return len(places) == len(self._before.keys) and bool((places == np.arange(len(places))).all())

    def _unchanged(self, compared: Comparison, kept: int) -> dict[str, Any]:
        previous = self._work.previous
        assert previous is not None, "it is what nothing has changed of"
        staged = unchanged(self._work.path, previous.delta_version, self._schema)
        return {"staged": self._conversion.noted(staged), "state": previous.state, **_counts(compared, kept)}

    def _carry(self, kept: npt.NDArray[np.int64], writer: StageWriter, merger: Merger) -> None:
        """Rows that the query no longer gives follow those that it gives."""
        for start in range(0, len(kept), _CARRIED_ROWS):
            places = kept[start : start + _CARRIED_ROWS]
            assert self._before is not None, "there are such rows"
            if self._before.comparable is not None:
                merger.add(places, None)
                continue
            for batch in self._before.carried(places, self._schema).to_batches():
                writer.add(batch)
        merger.finish()

    def _digests(self, compared: Comparison, kept: npt.NDArray[np.int64]) -> Digests:
        """Of the new version's rows; rows that were not compared by their digest are looked at the next time."""
        own = Digests(self._tally.row_digests(), compared.keys)
        if not len(kept) or self._before is None:
            return own
        known = self._before.digests
        rows: Words = np.zeros(len(kept), np.uint64) if known is None else known.rows[kept]
        return Digests(np.concatenate([own.rows, rows]), np.concatenate([own.keys, self._before.keys[kept]]))


class _Chosen:
    """Says which rows go through the models, and keeps the places of all for whoever writes them."""

    def __init__(self, work: EntityWork, matcher: Matcher, tally: Tally) -> None:
        #: How many places have been given out.
        self.given = 0
        self._work = work
        self._matcher = matcher
        self._tally = tally
        self._rows = 0
        self._part = 0
        self._offset = 0

    def those_of(self, batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """The rows that go through the models, many at a time: the engine begins anew with each batch."""
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            places = self._noted(batch)
            changed = np.flatnonzero(places < 0)
            if len(changed):
                waiting.append(batch if len(changed) == len(places) else batch.take(changed))
            if sum(one.num_rows for one in waiting) >= _TOGETHER_ROWS:
                yield from _together(waiting)
                waiting = []
        if waiting:
            yield from _together(waiting)

    def look(self, batch: pa.RecordBatch) -> pa.Array[Any]:
        """Note rows that all go through the models."""
        self._noted(batch)
        return pa.array(np.zeros(batch.num_rows, np.int64))

    def _noted(self, batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
        self._watch(batch.num_rows)
        digests = row_hashes(batch)
        places = self._matcher.places(digests)
        # In this order: whoever sees the places finds the digests.
        self._tally.digests.append(digests)
        self._tally.places.append(places)
        return places

    def next_places(self, new: int | None) -> npt.NDArray[np.int64]:
        """The places up to that of the ``new``-th new row from here on; all that are left without it."""
        found: list[npt.NDArray[np.int64]] = []
        while new != 0 and self._part < len(self._tally.places):
            places = self._tally.places[self._part][self._offset :]
            ends = np.flatnonzero(places < 0)
            if new is not None and len(ends) >= new:
                found.append(places[: ends[new - 1] + 1])
                self._offset += int(ends[new - 1]) + 1
                break
            found.append(places)
            new = None if new is None else new - len(ends)
            self._part, self._offset = self._part + 1, 0
        together = np.concatenate([np.empty(0, np.int64), *found])
        self.given += len(together)
        return together

    def forget(self, rows: npt.NDArray[np.int64]) -> None:
        """Let rows be taken for changed the next time: a prediction of theirs failed, and is tried again."""
        if not len(rows):
            return
        starts = np.cumsum([0, *(len(part) for part in self._tally.digests)])
        parts = np.searchsorted(starts, rows, side="right") - 1
        for part in np.unique(parts).tolist():
            self._tally.digests[part][rows[parts == part] - starts[part]] = 0

    def _watch(self, rows: int) -> None:
        """Progress is told of the rows that are read, of which these are so many."""
        self._rows += rows
        check_rows(self._work, self._rows)
        seen = pa.record_batch({"": pa.nulls(rows)})
        for _ in self._work.watch(pa.RecordBatchReader.from_batches(seen.schema, [seen])):
            pass


def _together(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    return pa.Table.from_batches(batches).combine_chunks().to_batches()


def _check_count(work: EntityWork, places: npt.NDArray[np.int64], new: int) -> None:
    """Rows that went into the models have to come out: else they would get each other's predictions."""
    if int((places < 0).sum()) != new:
        raise RefreshError("Other rows came out of the models than went in.", place=work.name, hint="Report this.")


def _failed(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    """Rows with a cell that is an error."""
    failed = np.zeros(batch.num_rows, bool)
    for name in batch.schema.names:
        if name.endswith(ERROR_SUFFIX):
            failed |= batch.column(name).is_valid().to_numpy(zero_copy_only=False)
    return failed


def _counts(compared: Comparison, kept: int) -> dict[str, int]:
    return {
        "skipped": compared.skipped + kept,
        "inserted": compared.inserted,
        "updated": compared.updated,
        "deleted": len(compared.gone) - kept,
    }
