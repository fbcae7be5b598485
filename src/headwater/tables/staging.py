"""Writing a table's next files, which nobody sees before they are committed.

Files are named so that their names sort in the order of the rows. A file of an earlier version whose rows stay as they
are is linked under a new name instead of written again: so names keep that order, and deleting the old name later
takes nothing away.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.exceptions import DeltaError

from headwater.errors import TableError
from headwater.plan.cells import decode_error, error_column
from headwater.plan.types import Kind
from headwater.tables.convert import to_stored
from headwater.tables.encodings import columns_that_repeat
from headwater.tables.fingerprints import Fingerprint, fingerprint, fingerprints_of, to_metadata
from headwater.tables.splicing import splice
from headwater.tables.staged import ERROR_CELLS, ErrorCell, Staged, StagedFile
from headwater.tables.types import PublishedColumn, PublishedSchema

FILE_ROWS = 2_000_000
ROW_GROUP_ROWS = 131_072
COMPRESSION: Literal["snappy"] = "snappy"

ErrorPolicy = Literal["null", "fail"]

#: How much of an error's message is kept.
_MESSAGE_TEXT = 500

_STATISTICS_OF = frozenset({Kind.INT64, Kind.DATE})


def stage(
    path: Path,
    schema: PublishedSchema,
    batches: pa.RecordBatchReader,
    *,
    errors: ErrorPolicy = "null",
    file_rows: int = FILE_ROWS,
    key: Sequence[str] = (),
) -> Staged:
    """Writes the rows into the table's folder, under new names, and leaves its log alone.

    Args:
        path: the table's folder; made if it is not there.
        schema: its columns; each one's ``id`` names a column of ``batches``, in the Arrow type of its plan type.
        batches: the rows, as an engine streams them, with sentinel columns where cells can be errors.
        errors: "null" stores null for an error cell and counts it; "fail" raises.
        file_rows: rows in a file, at most.
        key: the columns whose values tell where an error cell is.

    Raises:
        TableError: an error cell under the policy "fail", or the folder cannot be written. No file stays.
        HeadwaterError: what the stream of rows ended in. No file stays.
    """
    conversion = Conversion(schema, errors, key)
    with reported(path, "written"), StageWriter(path, schema, file_rows) as writer:
        for batch in batches:
            writer.add(conversion.stored(batch))
    return conversion.noted(writer.staged())


class Conversion:
    """Rows of a plan to their stored form; counts what is lost, and keeps the first error cells."""

    def __init__(self, schema: PublishedSchema, policy: ErrorPolicy = "null", key: Sequence[str] = ()) -> None:
        self.errors: dict[str, int] = {}
        self.losses: dict[str, int] = {}
        self.cells: list[ErrorCell] = []
        self._schema = schema
        self._stored = schema.stored
        self._policy = policy
        self._key = [column for name in key for column in schema.columns if column.name == name]
        self._rows = 0

    def stored(self, batch: pa.RecordBatch, places: npt.NDArray[np.int64] | None = None) -> pa.RecordBatch:
        """A batch's rows as they are stored; ``places`` are theirs in the table, by default one after another.

        Raises:
            TableError: an error cell under the policy "fail".
        """
        arrays: list[Any] = []
        for column in self._schema.columns:
            if error_column(column.id) in batch.schema.names:
                self._count_errors(column, batch, places)
            stored, lost = to_stored(batch.column(column.id), column.type)
            arrays.extend(stored)
            if lost:
                self.losses[column.name] = self.losses.get(column.name, 0) + lost
        self._rows += batch.num_rows
        return pa.RecordBatch.from_arrays(arrays, schema=self._stored)

    def noted(self, staged: Staged) -> Staged:
        """What was staged, with what was noticed on the way."""
        return replace(staged, errors=self.errors, losses=self.losses, error_cells=tuple(self.cells))

    def _count_errors(
        self, column: PublishedColumn, batch: pa.RecordBatch, places: npt.NDArray[np.int64] | None
    ) -> None:
        sentinels = batch.column(error_column(column.id))
        count = len(sentinels) - sentinels.null_count
        if not count:
            return
        if self._policy == "fail":
            reason, message, _ = decode_error(sentinels.drop_null()[0].as_py())
            raise TableError(
                f"The column '{column.name}' has a cell that is an error: {reason}: {message}",
                hint="Handle the errors in the query, or let error cells be published as null.",
                code="table.error_cell",
            )
        self.errors[column.name] = self.errors.get(column.name, 0) + count
        bad = np.flatnonzero(sentinels.is_valid().to_numpy(zero_copy_only=False))
        for at in bad[: ERROR_CELLS - len(self.cells)].tolist():
            reason, message, detail = decode_error(sentinels[at].as_py())
            shown = message if detail is None else f"{message} ({detail})"
            place = self._rows + at if places is None else int(places[at])
            key = self._key_of(batch, at)
            self.cells.append(ErrorCell(column.name, place + 1, key, reason, shown[:_MESSAGE_TEXT]))

    def _key_of(self, batch: pa.RecordBatch, at: int) -> dict[str, Any] | None:
        if not self._key:
            return None
        return {column.name: _json_value(batch.column(column.id)[at].as_py()) for column in self._key}


def _json_value(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


class StageWriter:
    """Writes files one after another, and links others between them; on an error it takes all of them back.

    Args:
        path: the table's folder; made if it is not there.
        schema: its columns.
        file_rows: rows in a file, at most.
        fingerprints: whether files say what values their columns have; see :mod:`headwater.tables.fingerprints`.
    """

    def __init__(
        self, path: Path, schema: PublishedSchema, file_rows: int = FILE_ROWS, *, fingerprints: bool = False
    ) -> None:
        self.files: list[StagedFile] = []
        self.path = path
        self.schema = schema
        self._stored = schema.stored
        self._file_rows = file_rows
        # Sorts by the time of staging, then by the order of the files.
        self.prefix = f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}"
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._written = 0
        self._repeating: Any = None
        self._beside: list[str] = []
        self._has_fingerprints = fingerprints
        self._fingerprints: dict[str, Fingerprint] = {}

    def __enter__(self) -> StageWriter:
        with reported(self.path, "written"):
            self.path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is not None:
            self.take_back()
            return
        try:
            with reported(self.path, "written"):
                self.end_file()
                sync_folder(self.path)
        except BaseException:
            self.take_back()
            raise

    @property
    def rows(self) -> int:
        """How many rows there are so far."""
        return sum(file.rows for file in self.files) + self._written + self._waiting_rows

    @property
    def is_between_files(self) -> bool:
        """Whether the next row begins a file."""
        return not self._written and not self._waiting_rows

    def add(self, rows: pa.RecordBatch) -> None:
        """Takes the next rows, in their stored form, and writes as soon as a row group or a file is full.

        Raises:
            TableError: they cannot be written.
        """
        with reported(self.path, "written"):
            while rows.num_rows:
                room = min(ROW_GROUP_ROWS - self._waiting_rows, self._file_rows - self._written - self._waiting_rows)
                taken, rows = rows.slice(0, room), rows.slice(room)
                self._waiting.append(taken)
                self._waiting_rows += taken.num_rows
                full = self._written + self._waiting_rows == self._file_rows
                if full or self._waiting_rows == ROW_GROUP_ROWS:
                    self._flush()
                if full:
                    self.end_file()

    def link(self, file: StagedFile) -> None:
        """Takes all rows of a file that is in the folder already; where it cannot be linked it is copied.

        Raises:
            TableError: the file is gone, or cannot be linked or copied.
        """
        with reported(self.path, "written"):
            self.end_file()
            old, new = self.path / file.name, self.path / self._name()
            statistics = file.statistics or _statistics(pq.read_metadata(old), self.schema)
            try:
                os.link(old, new)
            except OSError:
                shutil.copyfile(old, new)
                _sync(new)
            self.files.append(StagedFile(new.name, file.rows, new.stat().st_size, statistics, linked=True))

    def rewrite(self, file: StagedFile, columns: pa.Table) -> None:
        """Takes all rows of a file that is in the folder already, with other values in some columns.

        Args:
            file: the file; columns that are not named are copied without being read.
            columns: the new values, for all rows of the file, in their stored form.

        Raises:
            TableError: the file is gone or broken, or the new one cannot be written.
        """
        with reported(self.path, "written"):
            self.end_file()
            path = self.path / self._name()
            repeating: Any = columns_that_repeat(columns)
            old = self.path / file.name
            made = {name: fingerprint(columns.column(name).chunks) for name in columns.column_names}
            told = to_metadata({**fingerprints_of(old), **made})
            splice(old, path, columns, use_dictionary=repeating, compression=COMPRESSION, metadata=told)
            self._add_file(path, file.rows)

    def end_file(self) -> None:
        """Lets the next row begin a file."""
        self._flush()
        if self._writer is None:
            return
        if self._fingerprints:
            told = to_metadata({name: one.text for name, one in self._fingerprints.items()})
            self._writer.add_key_value_metadata(told)
            self._fingerprints = {}
        self._writer.close()
        self._add_file(self.path / self._name(), self._written)
        self._writer, self._written = None, 0

    def belongs(self, name: str) -> None:
        """Names another file in the folder that belongs to these rows, and goes with them."""
        self._beside.append(name)

    def staged(self) -> Staged:
        """What was written."""
        return Staged(str(self.path), self.schema, tuple(self.files), beside=tuple(self._beside))

    def take_back(self) -> None:
        """Deletes what was written."""
        if self._writer is not None:
            # A full disk fails once more when the file's end is written.
            with suppress(OSError, pa.ArrowException):
                self._writer.close()
            self._writer = None
        for name in [*(file.name for file in self.files), self._name(), *self._beside]:
            with suppress(OSError):
                (self.path / name).unlink(missing_ok=True)
        self.files, self._beside, self._waiting, self._waiting_rows, self._written = [], [], [], 0, 0

    def _add_file(self, path: Path, rows: int) -> None:
        _sync(path)
        statistics = _statistics(pq.read_metadata(path), self.schema)
        self.files.append(StagedFile(path.name, rows, path.stat().st_size, statistics))

    def _name(self) -> str:
        return f"{self.prefix}-{len(self.files):05d}.snappy.parquet"

    def _flush(self) -> None:
        if not self._waiting:
            return
        group = pa.Table.from_batches(self._waiting, self._stored)
        if self._writer is None:
            if self._repeating is None:
                self._repeating = columns_that_repeat(group)
            self._writer = pq.ParquetWriter(
                self.path / self._name(), self._stored, compression=COMPRESSION, use_dictionary=self._repeating
            )
        self._writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
        if self._has_fingerprints:
            self._note_fingerprints(group)
        self._written += group.num_rows
        self._waiting, self._waiting_rows = [], 0

    def _note_fingerprints(self, group: pa.Table) -> None:
        for name, column in zip(group.column_names, group.columns, strict=True):
            if not pa.types.is_nested(column.type):
                one = self._fingerprints.setdefault(name, Fingerprint())
                for part in column.chunks:
                    one.add(part)


def _statistics(metadata: pq.FileMetaData, schema: PublishedSchema) -> str:
    """Delta's statistics of a file: rows, and the ranges of whole numbers and dates, by which readers skip files."""
    kinds = {column.name: column.type.kind for column in schema.columns}
    least: dict[str, Any] = {}
    most: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for group in (metadata.row_group(i) for i in range(metadata.num_row_groups)):
        for chunk in (group.column(i) for i in range(metadata.num_columns)):
            name = chunk.path_in_schema
            found: Any = chunk.statistics
            if kinds.get(name) not in _STATISTICS_OF or found is None:
                continue
            nulls[name] = nulls.get(name, 0) + found.null_count
            if found.has_min_max:
                least[name] = min(found.min, least.get(name, found.min))
                most[name] = max(found.max, most.get(name, found.max))
    return json.dumps(
        {"numRecords": metadata.num_rows, "minValues": least, "maxValues": most, "nullCount": nulls}, default=str
    )


def sync_folder(path: Path) -> None:
    """Forces the names of a folder's files to the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def reported(path: Path, done: str) -> Iterator[None]:
    """Errors of the disk, of Parquet and of the log as ours."""
    try:
        yield
    except (DeltaError, pa.ArrowException, OSError) as error:
        why = str(error).strip().split("\n", 1)[0]
        raise TableError(f"The table could not be {done}: {why}", place=str(path)) from error
