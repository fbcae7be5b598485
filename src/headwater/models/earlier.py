"""What earlier versions of a model have to say in a refresh: which is called still, and whose predictions are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from headwater.models.arrow import Array
from headwater.models.key_index import KeyIndex, RowKeys
from headwater.models.names import ModelName
from headwater.models.predictions import Found, KeptForGood

__all__ = ["EarlierVersions", "KeptPredictions"]


@dataclass(frozen=True, slots=True)
class EarlierVersions:
    """By the name that M calls a function by; what names an exact version itself is not among them.

    Attributes:
        called: the version that is called, whatever is newest.
        kept: the versions whose predictions stay for inputs that they scored, the oldest first.
    """

    called: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def resolve(self, name: str, parts: ModelName) -> ModelName:
        """What a name stands for in this refresh.

        >>> EarlierVersions({"demo.late": "3"}).resolve("demo.late", ModelName("demo", "late")).selector
        '3'
        """
        if parts.version is not None or name not in self.called:
            return parts
        return replace(parts, selector=self.called[name])

    def kept_of(self, name: str, parts: ModelName) -> tuple[ModelName, ...]:
        """The versions of a function whose predictions are kept, the oldest first."""
        if parts.version is not None:
            return ()
        return tuple(replace(parts, selector=version) for version in self.kept.get(name, ()))


class KeptPredictions:
    """The predictions of a version, and for inputs that it has not scored those of earlier ones.

    Args:
        newest: of the version that is called; what is scored goes there.
        earlier: of the versions before it, the oldest first.
    """

    #: A prediction that was made once holds for ever.
    hold = True

    def __init__(self, newest: KeptForGood, earlier: Sequence[KeptForGood]) -> None:
        self._newest = newest
        self._all = (*earlier, newest)
        self.fingerprint = " ".join(predictions.fingerprint for predictions in self._all)

    @property
    def streams(self) -> bool:
        return self._newest.streams

    def count(self) -> int:
        return sum(predictions.count() for predictions in self._all)

    def lookup(self, wanted: KeyIndex, result: pa.DataType) -> Found:
        # Of several predictions for one key the last counts: the newest version's.
        found = [predictions.lookup(wanted, result) for predictions in self._all]
        return Found(
            np.concatenate([part.positions for part in found]),
            pa.concat_arrays([part.results for part in found]),
            pa.concat_arrays([part.scored_at for part in found]),
        )

    def append(self, keys: RowKeys, results: Array, scored_at: datetime) -> None:
        self._newest.append(keys, results, scored_at)
