"""Rows of a query against those of the version before, where all of them are at hand.

Most often rows come where they were. So as many are waited for as the file has that begins there, and are compared
column by column: the file's fingerprints say which columns have other values, and only those are read and looked at,
value by value. Where rows do not come where they were, or much of them has changed, each is looked for by its digest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from headwater.dataflows.staging.before import Before
from headwater.dataflows.staging.digests import Digests
from headwater.dataflows.staging.hashing import Words, row_hashes
from headwater.dataflows.staging.matching import Mask, Matcher, Places
from headwater.dataflows.staging.runs import same_bits
from headwater.tables import StoredRows, fingerprint

__all__ = ["Compared", "compared_rows"]

_compute: Any = pyarrow.compute

#: So many bytes are waited for at most.
_WAITING_BYTES = 128 << 20

#: Rows by which it shows whether they come where they were.
_PROBED_ROWS = 64


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows that were compared together.

    Attributes:
        batches: the rows.
        places: of each in the version before, -1 for one that is not there as it is now.
        digests: of each.
        file: the number of the file of the version before that they are, in its order; None where they are not.
        changed: the columns of that file that have other values now.
    """

    batches: list[pa.RecordBatch]
    places: Places
    digests: Words
    file: int | None = None
    changed: frozenset[str] = frozenset()


def compared_rows(
    batches: Iterable[pa.RecordBatch], before: Before | None, keys_of: Callable[[pa.RecordBatch], Words]
) -> Iterator[Compared]:
    """All rows, some at a time, each with its place in the version before; ``keys_of`` gives digests of keys.

    Raises (while being read):
        TableError: the version before cannot be read.
    """
    if before is None or before.digests is None:
        matcher = Matcher(None)
        return (_by_digest([batch], matcher) for batch in batches)
    return _compared(_Rows(batches), before.rows, before.digests, keys_of)


def _compared(
    rows: _Rows, before: StoredRows, digests: Digests, keys_of: Callable[[pa.RecordBatch], Words]
) -> Iterator[Compared]:
    matcher = Matcher(digests)
    by_column = _ByColumn(before, digests, keys_of, matcher)
    files = {before.starts[number]: number for number, file in enumerate(before.files) if file.rows}
    starts = [*sorted(files), len(before)]
    while True:
        place = matcher.expected
        left = starts[min(bisect_right(starts, place), len(starts) - 1)] - place
        taken = rows.take(left) if left > 0 else rows.take_any()
        if not taken:
            return
        number = files.get(place)
        is_file = number is not None and sum(batch.num_rows for batch in taken) == left
        found = by_column.compared(taken, number) if is_file and number is not None else None
        yield found or _by_digest(taken, matcher)


def _by_digest(batches: list[pa.RecordBatch], matcher: Matcher) -> Compared:
    digests = np.concatenate([row_hashes(batch) for batch in batches])
    return Compared(batches, matcher.places(digests), digests)


@dataclass(frozen=True, slots=True)
class _ByColumn:
    """Compares rows with the files of the version before, column by column."""

    before: StoredRows
    known: Digests
    keys_of: Callable[[pa.RecordBatch], Words]
    matcher: Matcher

    def compared(self, batches: list[pa.RecordBatch], number: int) -> Compared | None:
        """Rows against a file that has as many; None where they have to be compared otherwise."""
        start = self.before.starts[number]
        probe = row_hashes(batches[0].slice(0, _PROBED_ROWS))
        if 2 * int(np.count_nonzero(probe == self.known.rows[start : start + len(probe)])) <= len(probe):
            return None
        rows = pa.Table.from_batches(batches)
        changed = _changed_columns(rows, self.before.fingerprints(number))
        if changed is None:
            return None
        other = np.zeros(len(rows), bool)
        for name, old in self.before.columns(number, sorted(changed)):
            other |= _differs(old, rows.column(name))
        places, digests = self._found(batches, start, other)
        return Compared(batches, places, digests, number, changed)

    def _found(self, batches: list[pa.RecordBatch], start: int, other: Mask) -> tuple[Places, Words]:
        """The places and digests of rows that are those from a place on, except some other ones."""
        digests = self.known.rows[start : start + len(other)].copy()
        moved = np.zeros(len(other), bool)
        at = 0
        for batch in batches:
            chosen = np.flatnonzero(other[at : at + batch.num_rows])
            if len(chosen):
                new = batch.take(chosen)
                digests[at + chosen] = row_hashes(new)
                # A row with the key that was there has changed; one with another key may have been elsewhere.
                moved[at + chosen] = self.keys_of(new) != self.known.keys[start + at + chosen]
            at += batch.num_rows
        return self.matcher.places_in(start, other, moved, digests), digests


def _changed_columns(rows: pa.Table, known: dict[str, str]) -> frozenset[str] | None:
    """The columns with other values than a file has, by its fingerprints; None where that is most of them."""
    changed: set[str] = set()
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if name not in known or 2 * len(changed) > rows.num_columns:
            return None
        if fingerprint(column.chunks) != known[name]:
            changed.add(name)
    return frozenset(changed)


def _differs(old: Any, new: Any) -> Mask:
    """Where two columns differ, to the bit; neither is nested."""
    same = _compute.fill_null(_compute.equal(same_bits(old), same_bits(new)), False)
    differs = ~same.combine_chunks().to_numpy(zero_copy_only=False)
    if old.null_count and new.null_count:
        differs &= ~_compute.and_(old.is_null(), new.is_null()).to_numpy()
    found: Mask = differs
    return found


class _Rows:
    """Rows that are taken in other batches than they came in, without being copied."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = iter(batches)
        self._rest: pa.RecordBatch | None = None

    def take_any(self) -> list[pa.RecordBatch]:
        """The next rows, as they came; none at the end."""
        batch, self._rest = self._rest or next(self._batches, None), None
        return [] if batch is None else [batch]

    def take(self, count: int) -> list[pa.RecordBatch]:
        """The next so many rows, or fewer: at the end, and where so many would be too much to wait for."""
        taken: list[pa.RecordBatch] = []
        size = 0
        while count and size <= _WAITING_BYTES and (batches := self.take_any()):
            batch = batches[0].slice(0, count)
            if batch.num_rows < batches[0].num_rows:
                self._rest = batches[0].slice(batch.num_rows)
            if batch.num_rows:
                taken.append(batch)
            count -= batch.num_rows
            size += batch.nbytes
        return taken
