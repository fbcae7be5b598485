"""What staging made: files that wait to be committed, and what was noticed while they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from headwater.tables.types import PublishedSchema

#: Error cells of a table that are kept, at most: enough to find the rest by.
ERROR_CELLS = 100


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A Parquet file in the table's folder. ``statistics`` is Delta's JSON of them.

    ``linked`` says that it is a file of an earlier version under a new name: nothing was written for it.
    """

    name: str
    rows: int
    bytes: int
    statistics: str
    linked: bool = False


@dataclass(frozen=True, slots=True)
class ErrorCell:
    """A cell that was an error, and was stored as null.

    Attributes:
        column: its column.
        row: the number of its row in the table, from 1.
        key: the row's values in the key columns, as JSON values; None where there is no key.
        reason: M's name for the kind of error.
        message: what happened, with the value at fault where M names it.
    """

    column: str
    row: int
    key: Mapping[str, Any] | None
    reason: str
    message: str


@dataclass(frozen=True)
class Staged:
    """What a refresh wrote of a table, or found unchanged.

    Attributes:
        path: the table's folder.
        schema: its columns.
        files: its files, in the order of the rows.
        errors: how many cells were errors, by column name, where there are any.
        losses: how many cells lost digits, by column name, where there are any.
        error_cells: the first error cells.
        beside: other files that belong to these rows and that no log names, relative to the folder.
        unchanged_of: the version that has exactly these rows already: ``files`` are its own, and committing makes no
            new one. None: these are new.
    """

    path: str
    schema: PublishedSchema
    files: tuple[StagedFile, ...] = ()
    errors: dict[str, int] = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)
    error_cells: tuple[ErrorCell, ...] = ()
    beside: tuple[str, ...] = ()
    unchanged_of: int | None = None

    @property
    def rows(self) -> int:
        """How many rows the table will have."""
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        """How much was written."""
        written = () if self.unchanged_of is not None else self.files
        return sum(file.bytes for file in written if not file.linked)

    def to_json(self) -> dict[str, Any]:
        """JSON values, for a row that outlives this process. The error cells stay behind: they quote rows."""
        return {
            "path": self.path,
            "schema": self.schema.to_json(),
            "files": [asdict(file) for file in self.files],
            "errors": self.errors,
            "losses": self.losses,
            "beside": list(self.beside),
            "unchanged_of": self.unchanged_of,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Staged:
        """What :meth:`to_json` wrote."""
        return cls(
            value["path"],
            PublishedSchema.from_json(value["schema"]),
            tuple(StagedFile(**file) for file in value["files"]),
            dict(value["errors"]),
            dict(value["losses"]),
            beside=tuple(value["beside"]),
            unchanged_of=value["unchanged_of"],
        )
