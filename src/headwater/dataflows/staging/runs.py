"""Rows of a file of the version before that come again in its order, some of them with other values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from headwater.dataflows.staging.matching import Mask, Places
from headwater.tables import StoredRows

__all__ = ["Chunk", "FileRun", "same_bits", "with_replaced"]

#: Rows of a run are kept until its end, so that they need not be read again, up to so much memory.
_HELD_BYTES = 128 << 20


class Chunk:
    """Some rows that came together.

    Attributes:
        places: of each row in the version before; -1 for a new one.
        rows: all of them, or only the new ones; None: none is new.
        is_complete: whether ``rows`` are all of them.
    """

    def __init__(self, places: Places, rows: pa.RecordBatch | None, is_complete: bool) -> None:
        self.places = places
        self.rows = rows
        self.is_complete = is_complete
        self._new = np.flatnonzero(places < 0)

    def new_rows(self, begin: int, end: int) -> pa.RecordBatch | None:
        """The new ones among these rows; None where there is none."""
        first, last = np.searchsorted(self._new, [begin, end]).tolist()
        if self.rows is None or first == last:
            return None
        return self.rows.take(self._new[first:last]) if self.is_complete else self.rows.slice(first, last - first)


class FileRun:
    """The rows that have come so far of one file of the version before.

    Args:
        before: the version before.
        number: of the file in it.
    """

    def __init__(self, before: StoredRows, number: int) -> None:
        self.number = number
        self.file = before.files[number]
        self.start = before.starts[number]
        self._before = before
        self._count = 0
        self._changed: list[Places] = []
        self._new: list[pa.RecordBatch] = []
        #: All rows that have come; None where they are not at hand.
        self._held: list[pa.RecordBatch] | None = []
        self._held_bytes = 0

    @property
    def end(self) -> int:
        """The place after the file's last row."""
        return self.start + self.file.rows

    @property
    def is_whole(self) -> bool:
        """Whether all rows of the file have come."""
        return self._count == self.file.rows

    def take(self, chunk: Chunk, at: int) -> int:
        """Takes the rows of a chunk from one on, as far as they are the file's or stand in their place; how many."""
        following = self.start + self._count
        places = chunk.places[at : at + self.end - following]
        fits = (places < 0) | (places == np.arange(following, following + len(places)))
        count = len(places) if fits.all() else int(np.argmin(fits))
        new = chunk.new_rows(at, at + count)
        if new is not None:
            self._new.append(new)
            self._changed.append(self._count + np.flatnonzero(places[:count] < 0))
        self._hold(chunk, at, count)
        self._count += count
        return count

    def _hold(self, chunk: Chunk, at: int, count: int) -> None:
        if self._held is None or not count:
            return
        if not chunk.is_complete or chunk.rows is None or self._held_bytes > _HELD_BYTES:
            self._held = None
            return
        self._held.append(chunk.rows.slice(at, count))
        self._held_bytes += self._held[-1].nbytes

    def rows(self) -> Iterator[pa.RecordBatch]:
        """The rows that have come."""
        if self._held is not None:
            yield from self._held
            return
        old = pa.concat_tables(self._before.slices(self.start, self._count))
        if self._new:
            old = with_replaced(old, self._mask(), pa.Table.from_batches(self._new))
        yield from old.to_batches()

    def changed_columns(self, known: frozenset[str] | None) -> pa.Table | None:
        """The columns in which the file's rows have other values now, whole; None where that is most of the file.

        Args:
            known: the names of these columns, where they are known.

        Raises:
            TableError: the file cannot be read.
        """
        if not self._new:
            return pa.table({})
        if 2 * sum(batch.num_rows for batch in self._new) > self.file.rows:
            return None
        if self._held is not None:
            # Where nobody knows, writing what is at hand costs less than reading what was there.
            return None if known is None else pa.Table.from_batches(self._held).select(sorted(known))
        changed = dict(self._by_cells())
        return pa.table(changed) if len(changed) < self._new[0].num_columns else None

    def _by_cells(self) -> Iterator[tuple[str, Any]]:
        """The columns that changed, from those of the version before and the rows that are new."""
        new, at = pa.Table.from_batches(self._new), np.concatenate(self._changed)
        for name, old in self._before.columns(self.number):
            if not _is_same(old.take(at), new.column(name)):
                yield name, _replaced(old, self._mask(), new.column(name))

    def _mask(self) -> Mask:
        mask = np.zeros(self._count, bool)
        mask[np.concatenate(self._changed)] = True
        return mask


def with_replaced(rows: pa.Table, is_new: Mask, new: pa.Table) -> pa.Table:
    """Rows with new ones in the place of some."""
    columns = [_replaced(old, is_new, cells) for old, cells in zip(rows.columns, new.columns, strict=True)]
    return pa.Table.from_arrays(columns, schema=rows.schema)


def _replaced(old: Any, is_new: Mask, new: Any) -> Any:
    """A column with other values in some rows: copying the others together is cheaper than one by one."""
    if not pa.types.is_nested(old.type):
        return pyarrow.compute.replace_with_mask(old.combine_chunks(), pa.array(is_new), new.combine_chunks())
    order = np.arange(len(is_new))
    order[is_new] = len(is_new) + np.arange(len(new))
    both: list[Any] = [*old.chunks, *new.chunks]
    return pa.chunked_array(both).take(order)


def _is_same(old: Any, new: Any) -> bool:
    """Whether cells are the same to the bit. Of nested ones it is not asked: equal numbers need not be the same."""
    return not pa.types.is_nested(old.type) and bool(same_bits(old).equals(same_bits(new)))


def same_bits(cells: Any) -> Any:
    """Cells that are equal exactly where these are the same: 0.0 is not -0.0, and what is no number is itself."""
    if not pa.types.is_floating(cells.type):
        return cells
    return pa.chunked_array([part.view(pa.int64()) for part in cells.chunks], pa.int64())
