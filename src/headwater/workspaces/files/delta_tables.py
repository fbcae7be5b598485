"""A Delta table in a folder: what its log says of it, and its first rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from headwater.errors import TableError, WorkspaceError
from headwater.workspaces.base import DataAssetInfo
from headwater.workspaces.files.folders import label, path_name
from headwater.workspaces.samples import first_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["delta_sample", "describe_delta"]

_UNREADABLE = "The table's log cannot be read here."


def describe_delta(folder: Path, parent: str | None) -> DataAssetInfo:
    """A Delta table by its log alone: the latest version's columns, rows and size, and when it was committed."""
    name = path_name(folder)
    try:
        table = _opened(folder)
        return _described(table, name, label(folder), parent)
    except WorkspaceError as error:
        return DataAssetInfo(name, label(folder), "table", "delta", parent=parent, problem=error.message)


def delta_sample(folder: Path, rows: int) -> pa.Table:
    """The first rows of a Delta table's latest version.

    Raises:
        WorkspaceError: it cannot be read, or names files outside its folder.
    """
    import pyarrow as pa

    from headwater.tables.foreign import check_features

    table = _opened(folder)
    try:
        check_features(table, folder)
        # Through Arrow's C interface, so that it is pyarrow's schema.
        arrow: Any = table.schema().to_arrow()
        schema = pa.schema(arrow)
        return first_rows(schema, _batches(table, folder, schema, rows), rows)
    except TableError as error:
        raise WorkspaceError(error.message, place=str(folder), hint=error.hint) from error
    except (pa.ArrowException, OSError) as error:
        raise WorkspaceError(
            "The table's files cannot be read.", place=str(folder), hint="Repair the table."
        ) from error


def _opened(folder: Path) -> DeltaTable:
    from headwater.tables.delta import open_table

    try:
        return open_table(folder)
    except TableError as error:
        raise WorkspaceError(_UNREADABLE, place=str(folder), hint="Check it with the tool that wrote it.") from error


def _described(table: DeltaTable, name: str, title: str, parent: str | None) -> DataAssetInfo:
    import json

    from deltalake.exceptions import DeltaError

    try:
        told, version = table.metadata(), table.version()
        fields = json.loads(table.schema().to_json())["fields"]
        files = _actions(table)
        last = table.history(1)
    except DeltaError as error:
        raise WorkspaceError(_UNREADABLE, place=name, hint="Check it with the tool that wrote it.") from error
    counts = [file.get("num_records") for file in files]
    return DataAssetInfo(
        name,
        told.name or title,
        "table",
        "delta",
        columns=tuple((str(field["name"]), _type(field["type"])) for field in fields),
        description=told.description or "",
        tags={"format": "delta"},
        parent=parent,
        version=str(version),
        digest=f"{told.id}@{version}",
        rows=sum(count for count in counts if count is not None) if None not in counts else None,
        size=sum(int(file["size_bytes"]) for file in files),
        updated_at=_moment(last[0].get("timestamp")) if last else None,
        partition_columns=tuple(told.partition_columns),
        column_descriptions=_comments(fields),
    )


def _comments(fields: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    told = {str(field["name"]): field.get("metadata", {}).get("comment") for field in fields}
    return {name: str(comment) for name, comment in told.items() if comment}


def _type(told: Any) -> str:
    """A type in Delta's own words, with what is in it.

    >>> _type({"type": "array", "elementType": "long", "containsNull": True})
    'array<long>'
    """
    if isinstance(told, str):
        return told
    match told.get("type"):
        case "array":
            return f"array<{_type(told['elementType'])}>"
        case "map":
            return f"map<{_type(told['keyType'])},{_type(told['valueType'])}>"
        case _:
            return "struct<" + ",".join(f"{field['name']}:{_type(field['type'])}" for field in told["fields"]) + ">"


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _actions(table: DeltaTable) -> list[dict[str, Any]]:
    """The files of the version, each with its size, its number of rows and its partition's values."""
    import pyarrow as pa

    found: list[dict[str, Any]] = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return sorted(found, key=lambda action: str(action["path"]))


def _batches(table: DeltaTable, folder: Path, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    partitioned = table.metadata().partition_columns
    for action in _actions(table):
        values = {name: action.get(f"partition.{name}") for name in partitioned}
        with pq.ParquetFile(_file(folder, str(action["path"]))) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield _completed(batch, schema, values)


def _completed(batch: pa.RecordBatch, schema: pa.Schema, values: Mapping[str, Any]) -> pa.RecordBatch:
    """A batch with the table's columns: its partition's values, and null where the file is older than a column."""
    import pyarrow as pa

    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in batch.schema.names
        else pa.array([values.get(field.name)] * batch.num_rows).cast(field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _file(folder: Path, name: str) -> Path:
    """A file that the log names, which may name any of the machine's: only those in the table's folder are read."""
    plain = folder / name
    path = plain if plain.exists() else folder / unquote(name)
    if not path.resolve().is_relative_to(folder):
        raise WorkspaceError(
            "The table names files outside its own folder, which are not read.",
            place=str(folder),
            hint="Copy the table with its files (a deep clone).",
        )
    return path
