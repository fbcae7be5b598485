"""The version before, for whoever compares the next one with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headwater.dataflows.staging.columns import same_columns, schema_changes
from headwater.dataflows.staging.digests import Digests, read_digests
from headwater.dataflows.staging.hashing import Words
from headwater.dataflows.staging.keys import KeyColumns
from headwater.dataflows.staging.work import EntityWork, Previous
from headwater.errors import RefreshError, TableError
from headwater.tables import PublishedSchema, StoredRows

__all__ = ["Before"]


@dataclass(frozen=True)
class Before:
    """The rows that are published.

    Attributes:
        keys: the digest of each row's key.
        digests: of its rows; None where they are not known, or were made of something else.
        rows: the rows themselves.
        is_alike: whether they are stored as the new ones are.
    """

    keys: Words
    digests: Digests | None
    rows: StoredRows
    is_alike: bool

    @property
    def comparable(self) -> StoredRows | None:
        """The rows, where they can be taken as they are."""
        return self.rows if self.is_alike else None

    @classmethod
    def open(cls, work: EntityWork, *, schema: PublishedSchema, recipe: str, keys: KeyColumns) -> Before | None:
        """What is published of an entity; None where nothing is, or nothing that helps.

        Raises:
            RefreshError: its rows are to be kept, and cannot be (``refresh.rows_not_kept``).
        """
        previous = work.previous
        if previous is None:
            return None
        try:
            return cls._open(work, previous, schema=schema, recipe=recipe, keys=keys)
        except TableError:
            # What is published cannot be read: all of it is computed anew.
            if work.settings.gone == "keep":
                raise
            return None

    @classmethod
    def _open(
        cls,
        work: EntityWork,
        previous: Previous,
        *,
        schema: PublishedSchema,
        recipe: str,
        keys: KeyColumns,
    ) -> Before | None:
        old = PublishedSchema(tuple(previous.columns))
        alike = same_columns(old.columns, schema.columns)
        rows = StoredRows(work.path, previous.delta_version, (schema if alike else old).stored)
        known = _known(work, previous, recipe) if alike else None
        if known is not None:
            return cls(known.keys, known, rows, alike)
        if work.settings.gone == "keep":
            _check_kept(work, previous, schema)
        elif not _has_key(previous, schema, keys):
            return None
        return cls(_key_digests(KeyColumns(work.name, keys.names, old), rows), None, rows, alike)

    def carried(self, places: npt.NDArray[np.int64], schema: PublishedSchema) -> pa.Table:
        """Rows of the version before in the columns of the next one: new columns are null, others are left out.

        Raises:
            TableError: they cannot be read.
        """
        taken = self.rows.take(places)
        stored = schema.stored
        columns: list[Any] = [
            taken.column(field.name).cast(field.type)
            if field.name in taken.column_names
            else pa.chunked_array([pa.nulls(len(taken), field.type)])
            for field in stored
        ]
        return pa.Table.from_arrays(columns, schema=stored)


def _key_digests(keys: KeyColumns, rows: StoredRows) -> Words:
    """The digests of the keys of all rows, from the rows themselves."""
    batches = (batch for part in rows.slices(0, len(rows)) for batch in part.to_batches())
    return np.concatenate([np.empty(0, np.uint64), *map(keys.digests, batches)])


def _known(work: EntityWork, previous: Previous, recipe: str) -> Digests | None:
    if previous.state.get("mode") != "keyed" or previous.state.get("recipe") != recipe:
        return None
    return read_digests(work.path, str(previous.state["digests"]), previous.rows)


def _has_key(previous: Previous, schema: PublishedSchema, keys: KeyColumns) -> bool:
    changed = {change["column"] for change in schema_changes(previous.columns, schema.columns)}
    return not changed.intersection(keys.names)


def _check_kept(work: EntityWork, previous: Previous, schema: PublishedSchema) -> None:
    """Rows that stay need the key, and values of the types that the columns have now."""
    changes = schema_changes(previous.columns, schema.columns)
    lost = [one["column"] for one in changes if one["change"] == "retyped"]
    lost += [one["column"] for one in changes if one["change"] == "added" and one["column"] in work.settings.key]
    if lost:
        raise RefreshError(
            f"Rows that the query no longer gives cannot be kept: the column '{lost[0]}' has another type now, or is a"
            " key that they lack.",
            place=work.name,
            hint="Refresh it in full, which lets go of these rows, or bring the column back.",
            code="refresh.rows_not_kept",
        )
