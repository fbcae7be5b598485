"""The key of a keyed entity: its columns, its digests, and the check that it tells rows apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.dataflows.staging.hashing import Words, row_hashes
from headwater.errors import RefreshError
from headwater.tables import PublishedSchema, StagedFile, reported

__all__ = ["KeyColumns"]


class KeyColumns:
    """The key columns of an entity.

    Args:
        entity: its name, for errors.
        names: of the key columns.
        schema: of the entity's table.

    Raises:
        RefreshError: the entity has no such column (``refresh.key_missing``).
    """

    def __init__(self, entity: str, names: Sequence[str], schema: PublishedSchema) -> None:
        columns = {column.name: column for column in schema.columns}
        missing = [name for name in names if name not in columns]
        if missing:
            raise RefreshError(
                f"The entity has no column '{missing[0]}', which is said to be its key.",
                place=entity,
                hint="Name columns of the query under 'key', or let the query give that one.",
                code="refresh.key_missing",
            )
        self.names = tuple(names)
        #: How many rows had no value in a key column.
        self.absent = 0
        self._entity = entity
        self._stored = [field.name for name in names for field in columns[name].stored]
        self._first = [columns[name].stored[0].name for name in names]

    def of(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The key columns of rows in their stored form."""
        return rows.select(self._stored)

    def digests(self, rows: pa.RecordBatch) -> Words:
        """The digest of each row's key; rows without one are counted."""
        nulls = [rows.column(name).is_null() for name in self._first if rows.column(name).null_count]
        if nulls:
            absent = nulls[0].to_numpy(zero_copy_only=False)
            for more in nulls[1:]:
                absent = absent | more.to_numpy(zero_copy_only=False)
            self.absent += int(absent.sum())
        return self.digests_of(rows)

    def digests_of(self, rows: pa.RecordBatch) -> Words:
        """The digest of each row's key."""
        return row_hashes(self.of(rows))

    def check_present(self) -> None:
        """RefreshError where rows had no key (``refresh.key_null``)."""
        if self.absent:
            raise RefreshError(
                f"{self.absent:,} rows have no value in the key ({self._listed()}).",
                place=self._entity,
                hint="Filter these rows, or name other key columns.",
                code="refresh.key_null",
            )

    def check_apart(self, folder: Path, files: Sequence[StagedFile]) -> None:
        """Look at the keys themselves, for digests can be equal by chance.

        Raises:
            RefreshError: rows have one key (``refresh.key_repeated``).
            TableError: the files cannot be read.
        """
        repeated = self._repeated(folder, files)
        if repeated:
            raise RefreshError(
                f"{repeated:,} rows have a key ({self._listed()}) that another row has already.",
                place=self._entity,
                hint="Name columns under 'key' that tell rows apart, or remove duplicates in the query.",
                code="refresh.key_repeated",
            )

    def _repeated(self, folder: Path, files: Sequence[StagedFile]) -> int:
        with reported(folder, "read"):
            parts = []
            for one in files:
                with pq.ParquetFile(folder / one.name) as file:
                    parts.append(file.read(columns=self._stored))
        keys = pa.concat_tables(parts)
        try:
            return len(keys) - len(keys.group_by(self._stored).aggregate([]))
        except pa.ArrowNotImplementedError:
            # Records and lists have no order to Arrow: there the digests have to do.
            digests = [self.digests(batch) for batch in keys.combine_chunks().to_batches()]
            return len(keys) - len({word for part in digests for word in part.tolist()})

    def _listed(self) -> str:
        return ", ".join(f"'{name}'" for name in self.names)
