"""Which rows of a query are rows that the table has already, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from headwater.dataflows.staging.digests import Digests
from headwater.dataflows.staging.hashing import Words

__all__ = ["Comparison", "Matcher", "Tally"]

Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: How far apart, in rows of the table for each row looked for, unchanged rows may lie that have to be read from it.
_SPREAD = 8


class Matcher:
    """Finds rows by their digests among those of the version before.

    Rows are expected where they were, after those that came before them; only what is not there is looked for.

    Args:
        known: of the version before; None: there is none.
        together: leave rows unfound that lie scattered over the whole table, because they would have to be read.
    """

    def __init__(self, known: Digests | None, *, together: bool = False) -> None:
        self._known = np.empty(0, np.uint64) if known is None else known.rows
        self._together = together
        #: The place of the row that is expected next.
        self.expected = 0
        self._ordered: Words | None = None
        self._order: Places | None = None

    def places(self, digests: Words) -> Places:
        """The place of each row in the version before; -1 for one that is not there as it is now."""
        expected = self._known[self.expected : self.expected + len(digests)]
        other = np.ones(len(digests), bool)
        np.not_equal(expected, digests[: len(expected)], out=other[: len(expected)])
        return self.places_in(self.expected, other, other, digests)

    def places_in(self, start: int, other: Mask, moved: Mask, digests: Words) -> Places:
        """The same for rows that were compared: they are those from a place on.

        Args:
            start: that place.
            other: except for these rows.
            moved: which of these may be elsewhere.
            digests: of all.
        """
        found = np.arange(start, start + len(digests))
        found[other] = -1
        elsewhere = np.flatnonzero(moved)
        if len(elsewhere) and len(self._known):
            found[elsewhere] = self._looked_up(digests[elsewhere])
            if self._together:
                self._leave_scattered(found)
        known = found if len(found) and found[-1] >= 0 else found[found >= 0]
        # Where the last known row is, the next one is expected; rows that are new leave that place as it is.
        known = found[found >= 0] if len(elsewhere) else found
        self.expected = int(known[-1]) + 1 if len(known) else self.expected
        return found

    def _looked_up(self, digests: Words) -> Places:
        if self._ordered is None:
            self._ordered = np.sort(self._known)
        # In order, so that the search goes through memory from front to back.
        wanted = np.argsort(digests)
        at = np.searchsorted(self._ordered, digests[wanted])
        at[at == len(self._ordered)] = 0
        known = self._ordered[at] == digests[wanted]
        found = np.full(len(digests), -1, np.int64)
        if known.any():
            # Most often no row has moved, and nobody needs to know where one came from.
            if self._order is None:
                self._order = np.argsort(self._known)
            found[wanted[known]] = self._order[at[known]]
        return found

    def _leave_scattered(self, found: Places) -> None:
        known = found[found >= 0]
        if len(known) and int(known.max() - known.min()) > _SPREAD * max(len(found), 4_096):
            expected = (found >= self.expected) & (found < self.expected + len(found))
            found[~expected] = -1


@dataclass(frozen=True, slots=True)
class Comparison:
    """A query's rows against the version before, by key.

    Attributes:
        skipped: rows that are as they were.
        inserted: rows with a key that was not there.
        updated: rows whose key was there, with another row.
        gone: the places of the rows before whose key no row has now, ascending.
        keys: the digest of each row's key.
        repeated: rows whose key another row has as well.
    """

    skipped: int
    inserted: int
    updated: int
    gone: Places
    keys: Words
    repeated: int


@dataclass
class Tally:
    """What is noted of a query's rows, batch by batch: where each was before, and the keys of those that are new."""

    places: list[Places] = field(default_factory=list)
    digests: list[Words] = field(default_factory=list)
    new_keys: list[Words] = field(default_factory=list)

    def compared(self, before: Words) -> Comparison:
        """All rows against the version before, whose keys' digests these are."""
        places = np.concatenate([np.empty(0, np.int64), *self.places])
        new = np.concatenate([np.empty(0, np.uint64), *self.new_keys])
        # One more, for the rows whose place is -1: cheaper than picking out the others.
        used = np.zeros(len(before) + 1, bool)
        used[places] = True
        keys = before[places] if len(before) else np.empty(len(places), np.uint64)
        if len(new):
            keys[places < 0] = new
        used = used[:-1]
        skipped = len(places) - len(new)
        ordered = np.sort(new)
        repeated = skipped - int(np.count_nonzero(used)) + int((ordered[1:] == ordered[:-1]).sum())
        was_there = _among(before, new)
        repeated += int(np.count_nonzero(was_there & used))
        updated = int(np.count_nonzero(was_there & ~used))
        gone = np.flatnonzero(~(used | was_there))
        return Comparison(skipped, len(new) - updated, updated, gone, keys, repeated)

    def row_digests(self) -> Words:
        """The digests of all rows."""
        return np.concatenate([np.empty(0, np.uint64), *self.digests])


def _among(values: Words, wanted: Words) -> npt.NDArray[np.bool_]:
    """Which of the values are among those wanted."""
    found = _may_be_among(values, wanted)
    at = np.flatnonzero(found)
    if len(at):
        among = pyarrow.compute.is_in(pa.array(values[at]), value_set=pa.array(wanted))
        found[at] = among.to_numpy(zero_copy_only=False)
    return found


def _may_be_among(values: Words, wanted: Words) -> npt.NDArray[np.bool_]:
    """Which of the values may be among those wanted, by 16 of their bits: where few are wanted, few may be."""
    is_wanted = np.zeros(1 << 16, bool)
    is_wanted[wanted.view(np.uint16)[::4]] = True
    return is_wanted[values.view(np.uint16)[::4]]
