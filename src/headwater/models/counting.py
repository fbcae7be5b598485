"""Models that score nothing: to see how much there would be to score."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from headwater.models.arrow import Array, nulls
from headwater.models.fingerprint import call_description, call_fingerprint
from headwater.models.key_index import KeyIndex, RowKeys
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.models.predictions import Found, Predictions, moments
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.models.signature import Signature
from headwater.plan.types import to_arrow
from headwater.store import utc_now

__all__ = ["CountingStore", "NothingScorer"]

_BATCH_ROWS = 1 << 16


class NothingScorer:
    """A :class:`~headwater.models.scorer.Scorer` that gives null for every row, at once."""

    def __init__(self, signature: Signature) -> None:
        self._result = to_arrow(signature.result)

    @property
    def window(self) -> int:
        return 1

    @property
    def batch_rows(self) -> int:
        return _BATCH_ROWS

    def warm(self) -> None:
        """Nothing: there is nothing to start."""

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        """Nulls; no call is counted."""
        done: Future[ScoredBatch] = Future()
        done.set_result(ScoredBatch(nulls(batch.num_rows, self._result), calls=0))
        return done

    def score(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> ScoredBatch:
        """Nulls, as :meth:`submit` gives."""
        return self.submit(batch, params).result()

    def cpu_seconds(self) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing: there is nothing to end."""


class CountingStore:
    """Finds the predictions that the ledger has, writes nothing, and forgets after the run what it is given.

    Args:
        ledger: where predictions are.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(
        self, identity: str, signature: Signature, params: Mapping[str, Any], max_age: timedelta | None
    ) -> Predictions:
        fingerprint = call_fingerprint(call_description(identity, signature, params))
        return _Counted(LedgerPredictions(self._ledger, fingerprint, max_age))


class _Counted:
    """Predictions that are there, and the keys of those that would have been made."""

    streams = False

    def __init__(self, known: LedgerPredictions) -> None:
        self.fingerprint, self.hold = known.fingerprint, known.hold
        self._known = known
        self._keys: list[RowKeys] = []

    def count(self) -> int:
        return self._known.count()

    def lookup(self, wanted: KeyIndex, result: pa.DataType) -> Found:
        found = self._known.lookup(wanted, result)
        if not self._keys:
            return found
        positions, _ = KeyIndex(RowKeys.concat(self._keys)).find(wanted)
        return Found(
            np.concatenate([positions, found.positions]),
            pa.concat_arrays([nulls(len(positions), result), found.results]),
            pa.concat_arrays([moments(utc_now(), len(positions)), found.scored_at]),
        )

    def append(self, keys: RowKeys, results: Array, scored_at: datetime) -> None:
        self._keys.append(keys)
