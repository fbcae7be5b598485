"""Samples of data: a few rows, and no more of them than fit a bound."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from headwater.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MOST_BYTES", "MOST_ROWS", "check_rows", "first_rows"]

MOST_ROWS = 10_000
MOST_BYTES = 16 * 2**20


def check_rows(rows: int) -> int:
    """``rows``, where a sample may have as many (UsageError)."""
    if not 1 <= rows <= MOST_ROWS:
        raise UsageError("A sample cannot have so many rows.", hint=f"Ask for 1 to {MOST_ROWS}.")
    return rows


def first_rows(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], rows: int, most_bytes: int = MOST_BYTES
) -> pa.Table:
    """The first ``rows`` rows of some batches, or as many as fit ``most_bytes``; no batch after those is asked for.

    >>> import pyarrow as pa
    >>> batch = pa.record_batch({"n": [1, 2, 3]})
    >>> first_rows(batch.schema, [batch, batch], 4).num_rows
    4
    >>> first_rows(batch.schema, [batch, batch], 6, most_bytes=16).num_rows
    2
    """
    import pyarrow as pa

    taken: list[pa.RecordBatch] = []
    left, room = rows, most_bytes
    for batch in batches:
        part = _fitting(batch.slice(0, left), room)
        taken.append(part)
        left, room = left - part.num_rows, room - part.nbytes
        if left <= 0 or part.num_rows < batch.num_rows:
            break
    return pa.Table.from_batches(taken, schema)


def _fitting(batch: pa.RecordBatch, room: int) -> pa.RecordBatch:
    """As many first rows of a batch as take up no more than ``room``."""
    fits, over = 0, batch.num_rows + 1
    while over - fits > 1:
        middle = (fits + over) // 2
        fits, over = (middle, over) if batch.slice(0, middle).nbytes <= room else (fits, middle)
    return batch.slice(0, fits)
