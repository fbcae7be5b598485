"""Rows on their way into a function: what came, for whoever reads the result, and the arguments made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import IOBase
from typing import Any, Final

import orjson
import pyarrow as pa

from headwater.app.functions.json_rows import arguments_schema, json_arguments
from headwater.app.functions.streams import is_compressed
from headwater.errors import UsageError
from headwater.models.arrow import Array
from headwater.models.functions import ModelFunction
from headwater.models.signature import Signature

__all__ = ["AS_JSON", "BATCH_ROWS", "RowBatch", "Rows", "arrow_rows", "check_names", "column_rows", "json_rows"]

#: Rows that are converted at a time.
BATCH_ROWS: Final = 8_192

#: What reading Arrow raises where it is none.
_UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError)

#: Marks a column whose texts are JSON: fields of rows that no parameter takes, kept as they came.
AS_JSON: Final[Mapping[bytes, bytes]] = {b"headwater.json": b"1"}


@dataclass(frozen=True, slots=True)
class RowBatch:
    """``given`` is what came, ``arguments`` the columns that the parameters are called by."""

    given: pa.RecordBatch
    arguments: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to be scored, read as they are needed.

    Attributes:
        given: the schema of what came.
        arguments: the schema of the arguments.
        batches: both, batch by batch.
        total: how many rows there are; None where nobody knows.
        left_out: fields that came too late to be a column, known when all is read.
    """

    given: pa.Schema
    arguments: pa.Schema
    batches: Iterator[RowBatch]
    total: int | None = None
    left_out: set[str] = field(default_factory=set)


# JSON ---------------------------------------------------------------------------------------------------------------


def json_rows(function: ModelFunction, rows: Iterable[Any], total: int | None = None) -> Rows:
    """Rows as parsed JSON: objects by the parameters' names, or lists in their order.

    The columns that came are the parameters', converted, and whatever else the first rows have.
    """
    signature = function.signature
    chunks = _chunks(rows)
    first = next(chunks, [])
    parameters = {parameter.name for parameter in signature.parameters}
    others = list(dict.fromkeys(name for row in first for name in _names(row) if name not in parameters))
    arguments = arguments_schema(signature.parameters)
    shown = [arguments.field(parameter.name) for parameter in signature.parameters]
    given = pa.schema([*shown, *(pa.field(name, pa.string(), metadata=dict(AS_JSON)) for name in others)])
    left_out: set[str] = set()

    def batches() -> Iterator[RowBatch]:
        for chunk in _after(first, chunks):
            made = json_arguments(signature, function.name, chunk)
            left_out.update(name for row in chunk for name in _names(row) if name not in given.names)
            columns = [made.column(parameter.name) for parameter in signature.parameters]
            columns += [_kept(chunk, name) for name in others]
            yield RowBatch(pa.RecordBatch.from_arrays(columns, schema=given), made)

    return Rows(given, arguments, batches(), total, left_out)


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == BATCH_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _after(first: list[Any], others: Iterator[list[Any]]) -> Iterator[list[Any]]:
    if first:
        yield first
    yield from others


def _names(row: Any) -> Iterable[str]:
    return row if isinstance(row, dict) else ()


def _kept(rows: Sequence[Any], name: str) -> Array:
    values = (row.get(name) if isinstance(row, dict) else None for row in rows)
    return pa.array([None if value is None else _json_text(value) for value in values], pa.string())


def _json_text(value: Any) -> str:
    # Whole numbers of any length are let through.
    return orjson.dumps(value).decode() if not isinstance(value, int) or isinstance(value, bool) else str(value)


# Columns ------------------------------------------------------------------------------------------------------------


def column_rows(
    function: ModelFunction, schema: pa.Schema, batches: Iterable[pa.RecordBatch], total: int | None = None
) -> Rows:
    """Rows in typed columns, which are called as the parameters are.

    Raises:
        UsageError: two columns have one name.
    """
    check_names(schema.names)
    taken = _taken(function.signature, schema)

    def converted() -> Iterator[RowBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, 8 * BATCH_ROWS):
                part = batch.slice(start, 8 * BATCH_ROWS)
                yield RowBatch(part, part.select(taken.names))

    return Rows(schema, taken, converted(), total)


def arrow_rows(function: ModelFunction, stream: IOBase, *, most: int) -> Rows:
    """Rows in an Arrow IPC stream that somebody else wrote; it is read from its beginning, twice.

    Raises:
        UsageError: two columns have one name, it is compressed, or it is no such stream; while it is read also that it
            has more rows than ``most``.
    """
    try:
        compressed = is_compressed(stream)
        stream.seek(0)
        reader = pa.ipc.open_stream(stream)
        _ = reader.schema.names
    except _UNREADABLE as error:
        raise _no_stream() from error
    if compressed:
        raise UsageError("The Arrow stream is compressed.", hint="Write it without: that is pyarrow's default.")

    def batches() -> Iterator[pa.RecordBatch]:
        rows = 0
        while (batch := _next(reader)) is not None:
            rows += batch.num_rows
            if rows > most:
                raise UsageError(f"More than {most:,} rows were sent.", hint="Send fewer at a time.")
            yield batch

    return column_rows(function, reader.schema, batches())


def _next(reader: Any) -> pa.RecordBatch | None:
    """The next batch, whose inner offsets have been looked at; None after the last."""
    try:
        batch = reader.read_next_batch()
        batch.validate(full=True)
    except StopIteration:
        return None
    except _UNREADABLE as error:
        raise _no_stream() from error
    found: pa.RecordBatch = batch
    return found


def _no_stream() -> UsageError:
    return UsageError(
        "The body is no Arrow IPC stream.", hint="Write it with pyarrow.ipc.new_stream, or send the rows as JSON."
    )


def _taken(signature: Signature, schema: pa.Schema) -> pa.Schema:
    names = set(schema.names)
    return pa.schema([schema.field(p.name) for p in signature.parameters if p.name in names])


def check_names(names: Sequence[str]) -> None:
    """Refuse two columns of one name.

    Raises:
        UsageError: there are.
    """
    if len(set(names)) < len(names):
        raise UsageError("Two columns have one name.", hint="Give each a name of its own.")
