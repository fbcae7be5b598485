"""The first error cells of an entity, noted as its rows go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from headwater.dataflows.history import CellError
from headwater.plan.cells import decode_error, error_column
from headwater.plan.nodes import Column

__all__ = ["MOST_ERRORS", "ErrorCells"]

#: Error cells that are kept of one entity.
MOST_ERRORS = 100

_MOST_TEXT = 500


class ErrorCells:
    """Error cells of the rows that went by.

    Args:
        key: the names of the columns that tell rows apart; none where the entity has no key.
    """

    def __init__(self, key: Sequence[str]) -> None:
        self.found: list[CellError] = []
        self._key = key

    def look(self, batch: pa.RecordBatch, columns: Sequence[Column], before: int) -> None:
        """Note the error cells of a batch, before which there were so many rows; its columns go by their ids."""
        keys = {column.name: column.id for column in columns if column.name in self._key}
        for column in columns:
            sentinel = error_column(column.id)
            if len(self.found) >= MOST_ERRORS or sentinel not in batch.schema.names:
                continue
            sentinels = batch.column(sentinel)
            if sentinels.null_count == len(sentinels):
                continue
            for at in sentinels.is_valid().to_numpy(zero_copy_only=False).nonzero()[0]:
                if len(self.found) == MOST_ERRORS:
                    return
                row = int(at)
                self.found.append(_cell(column.name, before + row, sentinels[row].as_py(), _values(batch, keys, row)))


def _cell(column: str, row: int, sentinel: str, key: Mapping[str, Any] | None) -> CellError:
    reason, message, detail = decode_error(sentinel)
    text = message if detail is None else f"{message} ({detail})"
    return CellError(column, row + 1, reason, text[:_MOST_TEXT], key)


def _values(batch: pa.RecordBatch, keys: Mapping[str, str], row: int) -> Mapping[str, Any] | None:
    """The key of a row as JSON values: numbers, logicals and texts as they are, all else as text."""
    if not keys:
        return None
    values = {name: batch.column(column)[row].as_py() for name, column in keys.items()}
    return {name: value if isinstance(value, int | str | None) else str(value) for name, value in values.items()}
