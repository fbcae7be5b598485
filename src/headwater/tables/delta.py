"""Published tables: staged as Parquet files, committed to a Delta log, read by version and position.

A table has one writer. Its rows have an order, that in which they were staged: files are named so that their names
sort in it, and readers here go by those names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, create_table_with_add_actions

from headwater.errors import TableError
from headwater.plan.nodes import OFFSET_SUFFIX, Column, ParquetScan, Source, with_fresh_ids
from headwater.plan.types import Kind, to_arrow
from headwater.tables.convert import from_stored
from headwater.tables.staged import Staged, StagedFile
from headwater.tables.staging import reported
from headwater.tables.types import PublishedColumn, PublishedSchema, plan_type, restored

_TRANSACTION_KEY = "headwater.transaction"


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version in a table's log. ``committed_at`` is in milliseconds since 1970; ``transaction`` "" if not ours."""

    version: int
    committed_at: int
    transaction: str


def discard(staged: Staged) -> None:
    """Deletes staged files that no version of the table names; those that were committed stay."""
    if staged.unchanged_of is not None:
        return
    root = Path(staged.path)
    committed = set(file_names(open_table(root))) if DeltaTable.is_deltatable(str(root)) else set()
    names = [file.name for file in staged.files]
    if committed.isdisjoint(names):
        names += staged.beside
    for name in names:
        if name not in committed:
            # One that cannot be deleted now is found by the next cleaning.
            with suppress(OSError):
                (root / name).unlink(missing_ok=True)


def commit(path: Path, staged: Staged, *, mode: Literal["overwrite", "append"] = "overwrite", transaction: str) -> int:
    """Makes staged rows the table's newest version, in one step.

    Committing again under the same ``transaction`` changes nothing and returns the version that it made: a caller
    that crashed may simply repeat it. "overwrite" replaces rows and schema. What is unchanged of a version stays that
    version.

    Args:
        path: the table's folder, which ``staged`` was staged into.
        staged: what to commit.
        mode: whether the rows replace the table's or follow them.
        transaction: the caller's name for this commit, never used for another commit of this table.

    Raises:
        TableError: staged files are missing, or the log could not be written.
    """
    if staged.unchanged_of is not None:
        return staged.unchanged_of
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
    with reported(path, "committed"):
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
    with reported(path, "read"), kept(path, version):
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
    with kept(path, version):
        return sum(_rows(path, name, rows) for name, rows in _files(table))


def table_files(path: Path, version: int) -> tuple[StagedFile, ...]:
    """The files of a version, in the order of its rows.

    Raises:
        TableError: there is no such table or version, or its files are gone.
    """
    table = open_table(path, version)
    with reported(path, "read"), kept(path, version):
        return tuple(
            StagedFile(name, _rows(path, name, rows), (path / name).stat().st_size, "") for name, rows in _files(table)
        )


def unchanged(path: Path, version: int, schema: PublishedSchema) -> Staged:
    """A version once more: staged, but nothing is written for it, and committing makes no new version.

    Raises:
        TableError: there is no such table or version, or its files are gone.
    """
    return Staged(str(path), schema, table_files(path, version), unchanged_of=version)


def checkpoint(path: Path) -> None:
    """Sums the log up in one file, so that opening the table reads no more than that and what came after.

    Raises:
        TableError: there is no such table, or it cannot be written.
    """
    table = open_table(path)
    with reported(path, "summed up"):
        table.create_checkpoint()


def versions(path: Path) -> tuple[TableVersion, ...]:
    """The versions that the log still has, newest first.

    Raises:
        TableError: there is no such table.
    """
    table = open_table(path)
    with reported(path, "read"):
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


def file_names(table: DeltaTable) -> list[str]:
    """The names of a version's files, in the order of the rows."""
    return [name for name, _ in _files(table)]


def _rows(path: Path, name: str, noted: int | None) -> int:
    return int(pq.read_metadata(path / name).num_rows) if noted is None else noted


def _committed(path: Path, transaction: str) -> int | None:
    """The version that a transaction made, or None."""
    table = open_table(path)
    if table.transaction_version(transaction) is None:
        return None
    # Most often it is the newest version, and a long log is long to read.
    for limit in (1, None):
        for entry in table.history(limit):
            if entry.get(_TRANSACTION_KEY) == transaction:
                return int(entry["version"])
    return None


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
def kept(path: Path, version: int) -> Iterator[None]:
    """A file that is gone, as what it means: the version that names it is not kept any more."""
    try:
        yield
    except FileNotFoundError as error:
        raise TableError(
            f"Version {version} of the table is not kept any more: its files are gone.",
            place=str(path),
            hint="Read the version that is published now, or keep more of them: [retention] in the configuration.",
            code="table.version_gone",
        ) from error
