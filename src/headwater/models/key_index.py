"""Row keys in order, for telling equal rows and for finding what was scored before.

Sorting 64-bit numbers is an order of magnitude cheaper than hashing 128-bit keys once more, so keys are ordered by
their low halves, and the high halves are compared where low halves are equal. That two keys share one half by chance
is as good as impossible (at a thousand million rows, one chance in forty), and does no harm: see :class:`KeyIndex`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Distinct", "Indices", "KeyFilter", "KeyIndex", "RowKeys", "distinct_keys"]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowKeys:
    """The keys of some rows: the high and the low 64 bits of each."""

    high: Indices
    low: Indices

    def __len__(self) -> int:
        return len(self.low)

    def take(self, places: Indices) -> RowKeys:
        """The keys at these places."""
        return RowKeys(self.high[places], self.low[places])

    @classmethod
    def concat(cls, parts: list[RowKeys]) -> RowKeys:
        """Several, one after the other."""
        if len(parts) == 1:
            return parts[0]
        nothing = np.empty(0, np.int64)
        return cls(
            np.concatenate([nothing, *(part.high for part in parts)]),
            np.concatenate([nothing, *(part.low for part in parts)]),
        )


class KeyIndex:
    """Keys in the order of their low halves; ``places[i]`` is where the i-th of them stood.

    Equal keys stand in the order in which they were given. Of different keys with one low half, only the last is
    found by :meth:`find`: a row with another of them counts as not scored yet.
    """

    __slots__ = ("high", "low", "places", "repeats")

    high: Indices
    low: Indices
    places: Indices
    repeats: bool

    def __init__(self, keys: RowKeys) -> None:
        places = np.argsort(keys.low)
        low = keys.low[places]
        self.repeats = bool((low[1:] == low[:-1]).any())
        if self.repeats:
            places = np.argsort(keys.low, kind="stable")
            low = keys.low[places]
            if ((low[1:] == low[:-1]) & (keys.high[places][1:] != keys.high[places][:-1])).any():
                places = np.lexsort((keys.high, keys.low))
                low = keys.low[places]
        self.places = places
        self.low = low
        self.high = keys.high[places]

    def __len__(self) -> int:
        return len(self.low)

    def find(self, wanted: KeyIndex) -> tuple[Indices, Indices]:
        """Which of the wanted keys are here: their places among those wanted, and the place of the last one here."""
        if not len(self) or not len(wanted):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.searchsorted(self.low, wanted.low, side="right") - 1
        known = at >= 0
        at[~known] = 0
        known &= (self.low[at] == wanted.low) & (self.high[at] == wanted.high)
        return wanted.places[known], self.places[at[known]]

    def where(self, kept: npt.NDArray[np.bool_]) -> KeyIndex:
        """Those of these keys for which ``kept``, in the order of the index, is true; their places stay."""
        part = object.__new__(KeyIndex)
        part.places, part.low, part.high = self.places[kept], self.low[kept], self.high[kept]
        part.repeats = self.repeats
        return part


class KeyFilter:
    """Says of most keys that were not added that they were not; of those that were, always that they may have been."""

    _BITS = 24

    def __init__(self) -> None:
        self._marks: npt.NDArray[np.bool_] | None = None

    def add(self, keys: RowKeys) -> None:
        """Add keys."""
        if self._marks is None:
            self._marks = np.zeros(1 << self._BITS, bool)
        self._marks[self._buckets(keys.low)] = True

    def may_have(self, index: KeyIndex) -> npt.NDArray[np.bool_]:
        """Which of these keys may have been added, in the index's order."""
        if self._marks is None:
            return np.zeros(len(index), bool)
        return self._marks[self._buckets(index.low)]

    def _buckets(self, low: Indices) -> npt.NDArray[np.uint64]:
        return low.view(np.uint64) >> np.uint64(64 - self._BITS)


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct keys of some rows, in order of first appearance.

    ``sample[i]`` is the first row with the i-th of them, ``of_row[j]`` the number of row j's key, and ``index`` finds
    them.
    """

    keys: RowKeys
    sample: Indices
    of_row: Indices
    index: KeyIndex


def distinct_keys(keys: RowKeys) -> Distinct:
    """The distinct ones among these keys.

    >>> two = np.array([7, 7, 5], np.int64)
    >>> found = distinct_keys(RowKeys(two, two))
    >>> found.sample.tolist(), found.of_row.tolist(), len(found.keys)
    ([0, 2], [0, 0, 1], 2)
    """
    index = KeyIndex(keys)
    if not index.repeats:
        rows = np.arange(len(keys))
        return Distinct(keys, rows, rows, index)
    begins = np.empty(len(index), bool)
    begins[:1] = True
    begins[1:] = (index.low[1:] != index.low[:-1]) | (index.high[1:] != index.high[:-1])
    firsts = index.places[begins]  # equal keys stand in the order of their rows
    order = np.argsort(firsts)
    number = np.empty(len(firsts), np.int64)
    number[order] = np.arange(len(firsts))
    of_row = np.empty(len(keys), np.int64)
    of_row[index.places] = number[np.cumsum(begins) - 1]
    sample = firsts[order]
    different = keys.take(sample)
    return Distinct(different, sample, of_row, KeyIndex(different))
