"""Published tables: staged as Parquet files, committed to a Delta log, read by version and position.

A table has one writer. Its rows have an order, that in which they were staged: files are named so that their names
sort in it, and readers here go by those names.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, create_table_with_add_actions

from headwater.errors import TableError
from headwater.plan.cells import decode_error, error_column
from headwater.plan.nodes import OFFSET_SUFFIX, Column, ParquetScan, Source, with_fresh_ids
from headwater.plan.types import Kind, to_arrow
from headwater.tables.convert import from_stored, to_stored
from headwater.tables.encodings import columns_that_repeat
from headwater.tables.types import PublishedColumn, PublishedSchema, plan_type, restored

FILE_ROWS = 2_000_000
ROW_GROUP_ROWS = 131_072

ErrorPolicy = Literal["null", "fail"]

_TRANSACTION_KEY = "headwater.transaction"
_STATISTICS_OF = frozenset({Kind.INT64, Kind.DATE})


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A Parquet file in the table's folder that no log names yet. ``statistics`` is Delta's JSON of them."""

    name: str
    rows: int
    bytes: int
    statistics: str


@dataclass(frozen=True)
class Staged:
    """What :func:`stage` wrote. ``errors`` and ``losses`` count cells by column name, where there are any."""

    path: str
    schema: PublishedSchema
    files: tuple[StagedFile, ...] = ()
    errors: dict[str, int] = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """JSON values, for a row that outlives this process."""
        return {
            "path": self.path,
            "schema": self.schema.to_json(),
            "files": [asdict(file) for file in self.files],
            "errors": self.errors,
            "losses": self.losses,
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
        )


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version in a table's log. ``committed_at`` is in milliseconds since 1970; ``transaction`` "" if not ours."""

    version: int
    committed_at: int
    transaction: str


def stage(
    path: Path,
    schema: PublishedSchema,
    batches: pa.RecordBatchReader,
    *,
    errors: ErrorPolicy = "null",
    file_rows: int = FILE_ROWS,
) -> Staged:
    """Writes the rows into the table's folder, under new names, and leaves its log alone.

    Args:
        path: the table's folder; made if it is not there.
        schema: its columns; each one's ``id`` names a column of ``batches``, in the Arrow type of its plan type.
        batches: the rows, as an engine streams them, with sentinel columns where cells can be errors.
        errors: "null" stores null for an error cell and counts it; "fail" raises.
        file_rows: rows in a file, at most.

    Raises:
        TableError: an error cell under the policy "fail", or the folder cannot be written. No file stays.
        HeadwaterError: what the stream of rows ended in. No file stays.
    """
    writer = _Stage(path, schema, errors, file_rows)
    with _reported(path, "written"):
        path.mkdir(parents=True, exist_ok=True)
        with writer:
            for batch in batches:
                writer.add(batch)
    return Staged(str(path), schema, tuple(writer.files), writer.errors, writer.losses)


def discard(staged: Staged) -> None:
    """Deletes staged files that no version of the table names; those that were committed stay."""
    root = Path(staged.path)
    committed = set(_file_names(open_table(root))) if DeltaTable.is_deltatable(str(root)) else set()
    for file in staged.files:
        if file.name not in committed:
            (root / file.name).unlink(missing_ok=True)


def commit(path: Path, staged: Staged, *, mode: Literal["overwrite", "append"] = "overwrite", transaction: str) -> int:
    """Makes staged rows the table's newest version, in one step.

    Committing again under the same ``transaction`` changes nothing and returns the version that it made: a caller
    that crashed may simply repeat it. "overwrite" replaces rows and schema.

    Args:
        path: the table's folder, which ``staged`` was staged into.
        staged: what to commit.
        mode: whether the rows replace the table's or follow them.
        transaction: the caller's name for this commit, never used for another commit of this table.

    Raises:
        TableError: staged files are missing, or the log could not be written.
    """
    missing = [file.name for file in staged.files if not (path / file.name).is_file()]
    exists = DeltaTable.is_deltatable(str(path))
    if exists and (done := _committed(path, transaction)) is not None:
        return done
    if (
        exists
        and mode == "append"
        and published_columns(open_table(path)) != tuple(map(_as_read, staged.schema.columns))
    ):
        raise TableError("Rows of other columns cannot be added to the table.", place=str(path))
    if missing:
        raise TableError(f"{len(missing)} of the staged files are gone.", place=str(path), hint="Refresh again.")
    properties = CommitProperties(
        custom_metadata={_TRANSACTION_KEY: transaction}, app_transactions=[Transaction(transaction, 1)]
    )
    actions = [_add_action(path, file) for file in staged.files]
    delta_schema = Schema.from_arrow(staged.schema.stored)
    with _reported(path, "committed"):
        if exists:
            table = DeltaTable(str(path))
            table.create_write_transaction([*actions], mode, delta_schema, commit_properties=properties)
        else:
            create_table_with_add_actions(str(path), delta_schema, actions, mode="error", commit_properties=properties)
    made = _committed(path, transaction)
    assert made is not None, "just committed"
    return made


def read(
    path: Path, version: int, columns: Sequence[str] | None = None, offset: int = 0, limit: int | None = None
) -> pa.Table:
    """Rows of a version, in order, from ``offset``; files and row groups before it are not read.

    Args:
        path: the table's folder.
        version: its version in the log.
        columns: names of columns to read, in this order; None: all.
        offset: rows to pass over.
        limit: rows to read, at most; None: all.

    Returns:
        a table whose columns are called by their M names, each in the Arrow type of its plan type.

    Raises:
        TableError: there is no such table, version or column, or a file cannot be read.
    """
    table = open_table(path, version)
    known = {column.name: column for column in published_columns(table)}
    unknown = [name for name in columns or () if name not in known]
    if unknown:
        raise TableError(f"The table has no column '{unknown[0]}'.", place=str(path))
    wanted = [known[name] for name in (known if columns is None else columns)]
    stored = [one.name for column in wanted for one in column.stored]
    groups: list[pa.Table] = []
    with _reported(path, "read"):
        for slice_ in _slices(path, _files(table), offset, limit):
            groups.append(slice_.read(stored))
    schema = pa.schema([pa.field(column.name, to_arrow(column.type)) for column in wanted])
    return pa.concat_tables([_restored(group, wanted, schema) for group in groups]) if groups else schema.empty_table()


def schema(path: Path, version: int) -> tuple[PublishedColumn, ...]:
    """The columns of a version, with the types that they are read in.

    Raises:
        TableError: there is no such table or version, or a column has a type that no plan has.
    """
    return published_columns(open_table(path, version))


def row_count(path: Path, version: int) -> int:
    """How many rows a version has, by its log.

    Raises:
        TableError: there is no such table or version.
    """
    table = open_table(path, version)
    return sum(_rows(path, name, rows) for name, rows in _files(table))


def versions(path: Path) -> tuple[TableVersion, ...]:
    """The versions that the log still has, newest first.

    Raises:
        TableError: there is no such table.
    """
    table = open_table(path)
    with _reported(path, "read"):
        history = table.history()
    return tuple(
        TableVersion(entry["version"], entry["timestamp"], str(entry.get(_TRANSACTION_KEY, ""))) for entry in history
    )


def plan_scan(path: Path, version: int, source: Source) -> ParquetScan:
    """The scan of a version's files, so that a plan over a published table folds.

    Args:
        path: the table's folder.
        version: its version in the log.
        source: the table's identity for lineage.

    Raises:
        TableError: there is no such table or version.
    """
    table = open_table(path, version)
    return _scan([path / name for name, _ in _files(table)], published_columns(table), source)


def staged_scan(staged: Staged, source: Source) -> ParquetScan:
    """The scan of staged files: what will be published, before anybody else sees it.

    Args:
        staged: the files.
        source: the identity for lineage of the table that they will be.
    """
    files = [Path(staged.path) / file.name for file in staged.files]
    return _scan(files, tuple(map(_as_read, staged.schema.columns)), source)


def _scan(files: Sequence[Path], published: Sequence[PublishedColumn], source: Source) -> ParquetScan:
    columns = with_fresh_ids([Column("", column.name, column.type) for column in published], ())
    return ParquetScan(tuple(map(str, files)), columns, tuple(column.name for column in published), source)


class _Stage:
    """Writes files one after another; on an error it takes all of them back."""

    def __init__(self, path: Path, schema: PublishedSchema, errors: ErrorPolicy, file_rows: int) -> None:
        self.files: list[StagedFile] = []
        self.errors: dict[str, int] = {}
        self.losses: dict[str, int] = {}
        self._path = path
        self._schema = schema
        self._stored = schema.stored
        self._policy = errors
        self._file_rows = file_rows
        # Sorts by the time of staging, then by the order of the files.
        self._prefix = f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}"
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._written = 0

    def __enter__(self) -> _Stage:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            self._flush()
            self._finish_file()
            return
        if self._writer is not None:
            self._writer.close()
        for name in [*(file.name for file in self.files), self._name()]:
            (self._path / name).unlink(missing_ok=True)

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes the next rows, and writes as soon as a row group or a file is full."""
        rows = self._converted(batch)
        while rows.num_rows:
            room = min(ROW_GROUP_ROWS - self._waiting_rows, self._file_rows - self._written - self._waiting_rows)
            taken, rows = rows.slice(0, room), rows.slice(room)
            self._waiting.append(taken)
            self._waiting_rows += taken.num_rows
            full = self._written + self._waiting_rows == self._file_rows
            if full or self._waiting_rows == ROW_GROUP_ROWS:
                self._flush()
            if full:
                self._finish_file()

    def _converted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays: list[Any] = []
        for column in self._schema.columns:
            if error_column(column.id) in batch.schema.names:
                self._count_errors(column, batch.column(error_column(column.id)))
            stored, lost = to_stored(batch.column(column.id), column.type)
            arrays.extend(stored)
            if lost:
                self.losses[column.name] = self.losses.get(column.name, 0) + lost
        return pa.RecordBatch.from_arrays(arrays, schema=self._stored)

    def _count_errors(self, column: PublishedColumn, sentinels: Any) -> None:
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

    def _name(self) -> str:
        return f"{self._prefix}-{len(self.files):05d}.snappy.parquet"

    def _flush(self) -> None:
        if not self._waiting:
            return
        group = pa.Table.from_batches(self._waiting, self._stored)
        if self._writer is None:
            repeating: Any = columns_that_repeat(group)
            self._writer = pq.ParquetWriter(
                self._path / self._name(), self._stored, compression="snappy", use_dictionary=repeating
            )
        self._writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
        self._written += group.num_rows
        self._waiting, self._waiting_rows = [], 0

    def _finish_file(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        path = self._path / self._name()
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        statistics = _statistics(pq.read_metadata(path), self._schema)
        self.files.append(StagedFile(path.name, self._written, path.stat().st_size, statistics))
        self._writer, self._written = None, 0


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


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some row groups of a file, and the part of their rows that is wanted."""

    path: Path
    groups: list[int]
    offset: int
    rows: int

    def read(self, columns: list[str]) -> pa.Table:
        with pq.ParquetFile(self.path) as file:
            return file.read_row_groups(self.groups, columns=columns).select(columns).slice(self.offset, self.rows)


def _slices(path: Path, files: list[tuple[str, int | None]], offset: int, limit: int | None) -> Iterator[_Slice]:
    left = limit
    for name, noted in files:
        rows = _rows(path, name, noted)
        if offset >= rows:
            offset -= rows
            continue
        if left == 0:
            return
        count = rows - offset if left is None else min(rows - offset, left)
        yield _row_groups(path / name, offset, count)
        offset = 0
        left = None if left is None else left - count


def _row_groups(path: Path, offset: int, count: int) -> _Slice:
    metadata = pq.read_metadata(path)
    start, groups, skipped = 0, [], 0
    for number in range(metadata.num_row_groups):
        end = start + metadata.row_group(number).num_rows
        if end <= offset:
            skipped = end
        elif start < offset + count:
            groups.append(number)
        start = end
    return _Slice(path, groups, offset - skipped, count)


def _restored(group: pa.Table, columns: Sequence[PublishedColumn], schema: pa.Schema) -> pa.Table:
    arrays = []
    for column in columns:
        stored = [group.column(one.name).combine_chunks() for one in column.stored]
        arrays.append(from_stored(stored, column.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def published_columns(table: DeltaTable) -> tuple[PublishedColumn, ...]:
    """The columns of a table; TableError where one has a type that M has not."""
    # Through Arrow's C interface, so that it is pyarrow's schema.
    arrow: Any = table.schema().to_arrow()
    fields = list(pa.schema(arrow))
    kinds = {stored.name: plan_type(stored) for stored in fields}
    zoned = {name + OFFSET_SUFFIX for name, kind in kinds.items() if kind and kind.kind is Kind.DATETIMEZONE}
    columns = []
    for stored in fields:
        kind = kinds[stored.name]
        if stored.name in zoned:
            continue
        if kind is None:
            raise TableError(f"The column '{stored.name}' has a type that M has not: {stored.type}.")
        columns.append(PublishedColumn(stored.name, kind))
    return tuple(columns)


def _as_read(column: PublishedColumn) -> PublishedColumn:
    return replace(column, type=restored(column.type))


def _files(table: DeltaTable) -> list[tuple[str, int | None]]:
    """The names of a version's files, in the order of the rows, with the counts that the log has of them."""
    actions: list[dict[str, Any]] = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return sorted((str(action["path"]), action.get("num_records")) for action in actions)


def _file_names(table: DeltaTable) -> list[str]:
    return [name for name, _ in _files(table)]


def _rows(path: Path, name: str, noted: int | None) -> int:
    return int(pq.read_metadata(path / name).num_rows) if noted is None else noted


def _committed(path: Path, transaction: str) -> int | None:
    """The version that a transaction made, or None."""
    table = open_table(path)
    if table.transaction_version(transaction) is None:
        return None
    return next((v.version for v in versions(path) if v.transaction == transaction), None)


def _add_action(path: Path, file: StagedFile) -> AddAction:
    written_at = int((path / file.name).stat().st_mtime * 1000)
    return AddAction(file.name, file.bytes, {}, written_at, data_change=True, stats=file.statistics)


def open_table(path: Path, version: int | None = None) -> DeltaTable:
    """The table in a folder at a version, the latest without one; TableError where there is none."""
    try:
        return DeltaTable(str(path), version=version)
    except DeltaError as error:
        which = "" if version is None else f", or its log has no version {version}"
        raise TableError(f"There is no Delta table here{which}.", place=str(path)) from error


@contextmanager
def _reported(path: Path, done: str) -> Iterator[None]:
    """Errors of the disk, of Parquet and of the log as ours."""
    try:
        yield
    except (DeltaError, pa.ArrowException, OSError) as error:
        why = str(error).strip().split("\n", 1)[0]
        raise TableError(f"The table could not be {done}: {why}", place=str(path)) from error
