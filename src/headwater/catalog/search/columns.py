"""What a document is filtered and counted by, kept as numbers beside the index.

A document's values in a column are one entry of a table of distinct combinations, so that a column with several values
a document costs what a column with one does: a number a row. Counting is a ``bincount`` over those numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from headwater.catalog.search.documents import split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Column", "grown"]


def grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """The array with room for so many rows: itself, or a copy of twice the size.

    >>> import numpy as np
    >>> len(grown(np.zeros(4, dtype=np.int32), 5))
    8
    """
    import numpy as np

    if rows <= len(array):
        return array
    larger = np.zeros((max(rows, 2 * len(array)), *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


class _Numbers(dict[str, int]):
    """Texts, numbered as they come; ``texts`` has them in that order."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self.texts)
        self.texts.append(key)
        return number


class Column:
    """One column: the number of its combination for each row, and what is in each combination."""

    def __init__(self) -> None:
        import numpy as np

        self._codes: NDArray[np.int32] = np.zeros(1024, dtype=np.int32)
        self._combinations = _Numbers()
        self._values = _Numbers()
        # Combination and value of each pair that belongs together, two columns that only grow.
        self._pairs: tuple[list[int], list[int]] = ([], [])
        self._paired = 0
        self._arrays: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]] | None = None

    def put(self, rows: NDArray[np.int64], joined: Sequence[str]) -> None:
        """Set the values of rows, each as records join them."""
        if len(rows) == 0:
            return
        numbers = self._combinations
        self._codes = grown(self._codes, int(rows.max()) + 1)
        self._codes[rows] = list(map(numbers.__getitem__, joined))
        self._learn()

    def _learn(self) -> None:
        """Take apart the combinations that are new."""
        unknown = self._combinations.texts[self._paired :]
        for number, joined in enumerate(unknown, start=self._paired):
            for value in split(joined):
                self._pairs[0].append(number)
                self._pairs[1].append(self._values[value])
        if unknown:
            self._paired = len(self._combinations)
            self._arrays = None

    def _pair_arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """Combination and value of each pair, and where each combination's stretch of pairs begins and ends."""
        import numpy as np

        if self._arrays is None:
            combinations = np.array(self._pairs[0], dtype=np.int32)
            bounds = np.searchsorted(combinations, np.arange(len(self._combinations) + 1))
            self._arrays = combinations, np.array(self._pairs[1], dtype=np.int32), bounds
        return self._arrays

    def having(self, wanted: Callable[[str], bool], rows: int) -> NDArray[np.bool_]:
        """Which of the first rows have a value that is wanted."""
        return self._having([number for value, number in self._values.items() if wanted(value)], rows)

    def having_one_of(self, values: frozenset[str], rows: int) -> NDArray[np.bool_]:
        """Which of the first rows have one of the values."""
        known = self._values
        return self._having([known[value] for value in values if value in known], rows)

    def _having(self, numbers: list[int], rows: int) -> NDArray[np.bool_]:
        import numpy as np

        combinations, values, _ = self._pair_arrays()
        wanted = np.zeros(len(self._values) + 1, dtype=np.bool_)
        wanted[numbers] = True
        holding = np.zeros(len(self._combinations) + 1, dtype=np.bool_)
        holding[combinations[wanted[values]]] = True
        return holding[self._codes[:rows]]

    def counts(self, rows: NDArray[np.int64]) -> list[tuple[str, int]]:
        """How many of the rows have each value; only values that one has."""
        import numpy as np

        codes = self._codes[rows]
        found: NDArray[Any]
        # Few rows of many combinations: looking at those there are costs less than at all there could be.
        if len(codes) * 4 < len(self._combinations):
            found, times = np.unique(codes, return_counts=True)
        else:
            by_combination = np.bincount(codes, minlength=1)
            found = np.flatnonzero(by_combination)
            times = by_combination[found]
        totals = self._expanded(found, times)
        texts = self._values.texts
        return [(texts[number], int(totals[number])) for number in np.flatnonzero(totals).tolist()]

    def _expanded(self, found: NDArray[Any], times: NDArray[Any]) -> NDArray[Any]:
        """How often each value is there, if these combinations are so often."""
        import numpy as np

        _, values, bounds = self._pair_arrays()
        starts = bounds[found]
        lengths = bounds[found + 1] - starts
        before = np.cumsum(lengths) - lengths
        pairs = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
        return np.bincount(values[pairs], weights=np.repeat(times, lengths), minlength=1)
