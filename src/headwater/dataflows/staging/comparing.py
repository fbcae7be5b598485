"""Rows of a query against those of the version before, where all of them are at hand.

Most often rows come where they were. So as many are waited for as the file has that begins there, and are compared
column by column: the file's fingerprints say which columns have other values, and only those are read and looked at,
value by value. Where rows do not come where they were, or much of them has changed, each is looked for by its digest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from headwater.dataflows.staging.before import Before
from headwater.dataflows.staging.digests import Digests
from headwater.dataflows.staging.hashing import Words, row_hashes
from headwater.dataflows.staging.matching import Matcher, Places
from headwater.dataflows.staging.runs import Mask, same_bits
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


def compared_rows(batches: Iterable[pa.RecordBatch], before: Before | None) -> Iterator[Compared]:
    """All rows, some at a time, each with its place in the version before.

    Raises (while being read):
        TableError: the version before cannot be read.
    """
    if before is None or before.digests is None:
        matcher = Matcher(None)
        return (_by_digest([batch], matcher) for batch in batches)
    return _compared(_Rows(batches), before.rows, before.digests)


def _compared(rows: _Rows, before: StoredRows, digests: Digests) -> Iterator[Compared]:
    matcher = Matcher(digests)
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
        found = _by_column(taken, number, before, digests, matcher) if is_file and number is not None else None
        yield found or _by_digest(taken, matcher)


def _by_digest(batches: list[pa.RecordBatch], matcher: Matcher) -> Compared:
    digests = np.concatenate([row_hashes(batch) for batch in batches])
    return Compared(batches, matcher.places(digests), digests)


def _by_column(
    batches: list[pa.RecordBatch], number: int, before: StoredRows, known: Digests, matcher: Matcher
) -> Compared | None:
    """Rows against a file that has as many; None where they have to be compared otherwise."""
    start, count = before.starts[number], before.files[number].rows
    probe = row_hashes(batches[0].slice(0, _PROBED_ROWS))
    if 2 * int(np.count_nonzero(probe == known.rows[start : start + len(probe)])) <= len(probe):
        return None
    rows = pa.Table.from_batches(batches)
    changed = _changed_columns(rows, before.fingerprints(number))
    if changed is None:
        return None
    other = np.zeros(count, bool)
    for name, old in before.columns(number, sorted(changed)):
        other |= _differs(old, rows.column(name))
    digests = known.rows[start : start + count].copy()
    digests[other] = np.concatenate(list(_hashes_of(batches, other)))
    return Compared(batches, matcher.places_in(start, other, digests), digests, number, changed)


def _hashes_of(batches: list[pa.RecordBatch], chosen: Mask) -> Iterator[Words]:
    """The digests of some rows; taking them from a table would copy all of it."""
    start = 0
    for batch in batches:
        at = np.flatnonzero(chosen[start : start + batch.num_rows])
        start += batch.num_rows
        yield row_hashes(batch.take(at))


def _changed_columns(rows: pa.Table, known: dict[str, str]) -> frozenset[str] | None:
    """The columns with other values than a file has, by its fingerprints; None where that is most of them."""
    changed = set()
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if name not in known:
            return None
        if fingerprint(column.chunks) != known[name]:
            changed.add(name)
    return frozenset(changed) if 2 * len(changed) <= rows.num_columns else None


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
