"""Where a run finds predictions that were made before, and keeps those that it makes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from headwater.models.arrow import Array, nulls
from headwater.models.key_index import Indices, KeyIndex, RowKeys

__all__ = ["Found", "KeptForGood", "Predictions", "SessionPredictions", "moments"]

#: Rows that a session remembers of one call; the oldest are forgotten first.
_SESSION_ROWS = 200_000

_MOMENT = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup found: ``results[i]``, made at ``scored_at[i]``, is of the wanted key ``positions[i]``.

    A key that was scored twice may be there twice, the newer one last.
    """

    positions: Indices
    results: Array
    scored_at: Array

    @classmethod
    def nothing(cls, result: pa.DataType) -> Found:
        """What a lookup that found nothing gives."""
        return cls(np.empty(0, np.int64), nulls(0, result), nulls(0, _MOMENT))


class Predictions(Protocol):
    """The predictions of one call, by row key."""

    @property
    def streams(self) -> bool:
        """Whether rows should leave as early as they can, because somebody is looking at the first of them."""
        ...

    def count(self) -> int:
        """How many predictions are there as of now."""
        ...

    def lookup(self, wanted: KeyIndex, result: pa.DataType) -> Found:
        """The predictions for distinct keys, of the Arrow type ``result``; ModelError where one is lost."""
        ...

    def append(self, keys: RowKeys, results: Array, scored_at: datetime) -> None:
        """Keep predictions; they are there when this returns."""
        ...


@runtime_checkable
class KeptForGood(Predictions, Protocol):
    """Predictions that outlive whoever asked for them, told from those of other calls.

    Attributes:
        fingerprint: of the call, or of all whose predictions are found here.
        hold: whether a prediction that was made once holds for ever.
    """

    fingerprint: str
    hold: bool


class SessionPredictions:
    """Predictions for as long as somebody looks at a preview: nothing is kept beyond that."""

    streams: bool = True

    def __init__(self) -> None:
        self._keys: RowKeys | None = None
        self._results: Array | None = None
        self._scored_at: Array | None = None
        self._lock = threading.Lock()

    def count(self) -> int:
        with self._lock:
            return 0 if self._keys is None else len(self._keys)

    def lookup(self, wanted: KeyIndex, result: pa.DataType) -> Found:
        with self._lock:
            keys, results, scored_at = self._keys, self._results, self._scored_at
        if keys is None or results is None or scored_at is None:
            return Found.nothing(result)
        positions, rows = KeyIndex(keys).find(wanted)
        taken = pa.array(rows)
        return Found(positions, results.take(taken), scored_at.take(taken))

    def append(self, keys: RowKeys, results: Array, scored_at: datetime) -> None:
        times = moments(scored_at, len(keys))
        with self._lock:
            if self._keys is not None:
                keys = RowKeys.concat([self._keys, keys])
                results = pa.concat_arrays([self._results, results])
                times = pa.concat_arrays([self._scored_at, times])
            newest = slice(-_SESSION_ROWS, None)
            self._keys = RowKeys(keys.high[newest], keys.low[newest])
            self._results, self._scored_at = results[newest], times[newest]


def moments(when: datetime, count: int) -> Array:
    """A column that says of each row when it was scored."""
    repeat: Any = pa.repeat
    return repeat(pa.scalar(when, _MOMENT), count)
