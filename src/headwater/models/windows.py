"""A window of rows on its way through a model: which inputs are distinct, known or sent, and what each row gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headwater.models.arrow import Array, compute, nulls
from headwater.models.key_index import Distinct, Indices, RowKeys, distinct_keys
from headwater.models.predictions import Found, moments
from headwater.models.scorer import ScoredBatch

__all__ = ["Answers", "Rows", "Window"]


@dataclass(slots=True)
class Rows:
    """Rows read so far, with what the checks made of them.

    ``given`` are errors that arguments were themselves; ``errors`` holds these and what the checks found.
    """

    batches: list[pa.RecordBatch] = field(default_factory=list)
    inputs: list[pa.RecordBatch] = field(default_factory=list)
    errors: list[Array | None] = field(default_factory=list)
    given: list[Array | None] = field(default_factory=list)
    keys: list[RowKeys] = field(default_factory=list)
    count: int = 0
    size: int = 0

    def good(self) -> Indices:
        """The places of the rows that can be sent."""
        if all(errors is None for errors in self.errors):
            return np.arange(self.count)
        parts = [
            np.ones(batch.num_rows, bool) if errors is None else errors.is_null().to_numpy(zero_copy_only=False)
            for batch, errors in zip(self.batches, self.errors, strict=True)
        ]
        return np.flatnonzero(np.concatenate(parts))

    def checked(self) -> Array:
        """The errors of the rows that cannot be sent, null in the others."""
        return self._column(self.errors)

    def own(self, errors: Array) -> Array:
        """Those of these errors that are this call's and not its arguments'."""
        if all(given is None for given in self.given):
            return errors
        return compute.if_else(self._column(self.given).is_null(), errors, pa.scalar(None, pa.string()))

    def _column(self, parts: Sequence[Array | None]) -> Array:
        return pa.concat_arrays(
            nulls(batch.num_rows, pa.string()) if part is None else part
            for batch, part in zip(self.batches, parts, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """The answer to each distinct input: a prediction, or an error (null: none), and when it was made."""

    values: Array
    errors: Array | None
    scored_at: Array

    def take(self, places: Indices) -> Answers:
        """The answers at these places."""
        rows = pa.array(places)
        errors = None if self.errors is None else self.errors.take(rows)
        return Answers(self.values.take(rows), errors, self.scored_at.take(rows))


class Window:
    """Rows, and where the prediction of each comes from.

    A distinct input (of the good rows' ones) is known already, or missing and has to be sent, or it was sent by the
    window before this one and waits for that one's answer. Answers come in the order of :meth:`answers`; ``origin``
    is the place of each distinct input's among them.

    Attributes:
        rows: the rows.
        good: the places of those that can be sent.
        distinct: the distinct inputs among these, of which ``good[i]`` is the i-th.
        missing: the numbers of the distinct inputs that have to be sent.
        taken: how many of them have been sent.
        scored: the answers to those that were sent, in order, and when they came.
    """

    def __init__(self, rows: Rows) -> None:
        keys = RowKeys.concat(rows.keys)
        self.rows = rows
        self.good = rows.good()
        self.distinct: Distinct = distinct_keys(keys.take(self.good) if len(self.good) < rows.count else keys)
        self.missing: Indices = np.empty(0, np.int64)
        self.taken = 0
        self.scored: list[tuple[ScoredBatch, datetime]] = []
        self._origin: Indices = np.empty(0, np.int64)
        self._found: Found | None = None
        self._inputs: pa.Table | None = None
        self._sends: npt.NDArray[np.bool_] = np.empty(0, bool)
        #: The window that this one waits for, and the places of the answers that it waits for.
        self._waiting: tuple[Window, Indices] | None = None
        self._waited: Answers | None = None
        self._answers: Answers | None = None

    def settle(self, found: Found, before: Window | None) -> None:
        """Say what is known, and which window is not finished yet; the rest is missing."""
        self._found = found
        self._origin = np.full(len(self.distinct.keys), -1, np.int64)
        self._origin[found.positions] = np.arange(len(found.results))
        waiting: Indices = np.empty(0, np.int64)
        if before is not None:
            numbers, others = before.distinct.index.find(self.distinct.index)
            late = (self._origin[numbers] < 0) & before._sends[others]
            waiting = numbers[late]
            self._waiting = (before, before._origin[others[late]]) if len(waiting) else None
        self._origin[waiting] = 0
        self._sends = self._origin < 0
        self.missing = np.flatnonzero(self._sends)
        self._origin[self.missing] = len(found.results) + np.arange(len(self.missing))
        self._origin[waiting] = len(found.results) + len(self.missing) + np.arange(len(waiting))

    def inputs_left(self) -> pa.Table:
        """The missing inputs that have not been sent, in order."""
        if self._inputs is None:
            self._inputs = pa.Table.from_batches(self.rows.inputs)
            if len(self.missing) < self._inputs.num_rows:
                self._inputs = self._inputs.take(self.good[self.distinct.sample[self.missing]])
        return self._inputs.slice(self.taken)

    @property
    def is_sent(self) -> bool:
        """Whether all that is missing has been sent."""
        return self.taken == len(self.missing)

    def resolve(self) -> None:
        """Take what the window before this one has by now, and let go of it."""
        if self._waiting is not None:
            before, places = self._waiting
            self._waited, self._waiting = before.answers().take(places), None

    def answers(self) -> Answers:
        """The answers to the known inputs, to the missing ones, and to those that waited; once all are there."""
        if self._answers is None:
            self.resolve()
            self._inputs = None
            self._answers = self._gathered()
        return self._answers

    def _gathered(self) -> Answers:
        assert self._found is not None, "settled before"
        found = self._found
        parts = [Answers(found.results, None, found.scored_at)]
        parts += [Answers(s.values, s.errors, moments(when, len(s.values))) for s, when in self.scored]
        if self._waited is not None:
            parts.append(self._waited)
        errors = None
        if any(part.errors is not None for part in parts):
            errors = pa.concat_arrays(
                nulls(len(part.values), pa.string()) if part.errors is None else part.errors for part in parts
            )
        values, times = (pa.concat_arrays([getattr(part, name) for part in parts]) for name in ("values", "scored_at"))
        return Answers(values, errors, times)

    def spread(self, answers: Array) -> Array:
        """Each row's part of the answers; null where the row was not sent."""
        place, rows = self._origin[self.distinct.of_row], self.rows.count
        if len(self.good) == rows:
            identical = len(answers) == rows and bool((place == np.arange(rows)).all())
            return answers if identical else answers.take(pa.array(place))
        indices, absent = np.zeros(rows, np.int64), np.ones(rows, bool)
        indices[self.good], absent[self.good] = place, False
        return answers.take(pa.array(indices, mask=absent))
