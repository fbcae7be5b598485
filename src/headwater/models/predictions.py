"""Where a run finds predictions that were made before, and keeps those that it makes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from headwater.models.arrow import Array, Keys, compute, nulls

__all__ = ["Found", "Predictions", "SessionPredictions", "moments"]

#: Rows that a session remembers of one call; the oldest are forgotten first.
_SESSION_ROWS = 200_000

_MOMENT = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup found: ``results[i]``, made at ``scored_at[i]``, is of the wanted key ``positions[i]`` (int64).

    A key that was scored twice is there twice, the newer one last.
    """

    positions: Array
    results: Array
    scored_at: Array

    @classmethod
    def nothing(cls, result: pa.DataType) -> Found:
        """What a lookup that found nothing gives."""
        return cls(nulls(0, pa.int64()), nulls(0, result), nulls(0, _MOMENT))


class Predictions(Protocol):
    """The predictions of one call, by row key."""

    @property
    def streams(self) -> bool:
        """Whether rows should leave as early as they can, because somebody is looking at the first of them."""
        ...

    def count(self) -> int:
        """How many predictions are there as of now."""
        ...

    def lookup(self, keys: Keys, result: pa.DataType) -> Found:
        """The predictions for distinct packed row keys, of the Arrow type ``result``; ModelError where one is lost."""
        ...

    def append(self, keys: Keys, results: Array, scored_at: datetime) -> None:
        """Keep predictions; they are there when this returns."""
        ...


class SessionPredictions:
    """Predictions for as long as somebody looks at a preview: nothing is kept beyond that."""

    streams: bool = True

    def __init__(self) -> None:
        self._keys: Keys | None = None
        self._results: Array | None = None
        self._scored_at: Array | None = None
        self._lock = threading.Lock()

    def count(self) -> int:
        with self._lock:
            return 0 if self._keys is None else len(self._keys)

    def lookup(self, keys: Keys, result: pa.DataType) -> Found:
        with self._lock:
            known, results, scored_at = self._keys, self._results, self._scored_at
        if known is None or results is None or scored_at is None:
            return Found.nothing(result)
        at = compute.index_in(known, value_set=keys)
        rows = compute.indices_nonzero(at.is_valid())
        return Found(at.take(rows).cast(pa.int64()), results.take(rows), scored_at.take(rows))

    def append(self, keys: Keys, results: Array, scored_at: datetime) -> None:
        times = moments(scored_at, len(keys))
        with self._lock:
            if self._keys is not None:
                keys = pa.concat_arrays([self._keys, keys])[-_SESSION_ROWS:]
                results = pa.concat_arrays([self._results, results])[-_SESSION_ROWS:]
                times = pa.concat_arrays([self._scored_at, times])[-_SESSION_ROWS:]
            self._keys, self._results, self._scored_at = keys, results, times


def moments(when: datetime, count: int) -> Array:
    """A column that says of each row when it was scored."""
    repeat: Any = pa.repeat
    return repeat(pa.scalar(when, _MOMENT), count)
