"""Tables as files: Arrow, Parquet or CSV, written while they are read, so that a table of any length takes no memory.

Arrow and Parquet have the columns as they are stored (see :mod:`headwater.tables.types`), which any Delta reader gives
too: a time or a duration is a number of ticks, a datetimezone an instant beside its offset.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.app.reading.csv_cells import csv_header, csv_rows
from headwater.app.reading.json_columns import single
from headwater.app.reading.reader import OpenTable, TableReader
from headwater.tables.convert import to_stored
from headwater.tables.types import PublishedColumn, PublishedSchema

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["FORMATS", "MEDIA_TYPES", "Download", "DownloadFormat", "download"]

DownloadFormat = Literal["arrow", "parquet", "csv"]
FORMATS: Final[tuple[DownloadFormat, ...]] = get_args(DownloadFormat)

MEDIA_TYPES: Final[Mapping[DownloadFormat, str]] = {
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8; header=present",
}

Batches: TypeAlias = Generator[pa.Table, None, None]
Pieces: TypeAlias = Generator[bytes, None, None]
Writer: TypeAlias = Callable[[OpenTable, pa.Table, Batches], Pieces]

#: Rows that are held at a time: as many as a row group of a table's files has.
_ROWS: Final = 131_072


@dataclass(frozen=True, slots=True)
class Download:
    """Some rows of a version as a file, in pieces; ``following`` is where the rest begins, None: nothing is left."""

    version: int
    rows: int
    total: int
    following: int | None
    pieces: Pieces


def download(
    reader: TableReader,
    opened: OpenTable,
    form: DownloadFormat,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> Download:
    """The rows of a table from ``offset`` as a file, at most ``limit``; on record before anybody sees one.

    Raises:
        VersionGoneError: that version is no longer kept.
    """
    total = opened.rows
    end = total if limit is None else min(offset + limit, total)
    rows = max(end - offset, 0)
    reader.record(opened, rows=rows, form=form)
    # The first rows are read here, so that what stands in their way is told before an answer has begun.
    batches = reader.batches(opened, offset, rows, _ROWS)
    pieces = _pieces(_WRITERS[form], opened, next(batches), batches)
    return Download(opened.version, rows, total, end if end < total else None, pieces)


def _pieces(writer: Writer, opened: OpenTable, first: pa.Table, rest: Batches) -> Pieces:
    """The file; who stops reading it lets go of the table."""
    with closing(rest):
        yield from writer(opened, first, rest)


def _csv(opened: OpenTable, first: pa.Table, rest: Batches) -> Pieces:
    types = [column.type for column in opened.columns]
    yield csv_header([column.name for column in opened.columns])
    for rows in chain([first], rest):
        yield csv_rows(rows, types)


def _arrow(opened: OpenTable, first: pa.Table, rest: Batches) -> Pieces:
    yield from _written(pa.ipc.new_stream, opened, first, rest)


def _parquet(opened: OpenTable, first: pa.Table, rest: Batches) -> Pieces:
    yield from _written(pq.ParquetWriter, opened, first, rest)


def _written(open_writer: Callable[..., Any], opened: OpenTable, first: pa.Table, rest: Batches) -> Pieces:
    """A file of one of Arrow's own writers, each of its parts as soon as it is whole."""
    stored, sink = _stored_schema(opened), _Sink()
    with open_writer(pa.PythonFile(sink, mode="w"), stored.stored) as writer:
        for rows in chain([first], rest):
            writer.write_table(_stored(rows, stored))
            yield sink.taken()
    yield sink.taken()


_WRITERS: Final[Mapping[DownloadFormat, Writer]] = {
    "arrow": _arrow,
    "parquet": _parquet,
    "csv": _csv,
}


def _stored_schema(opened: OpenTable) -> PublishedSchema:
    return PublishedSchema(tuple(PublishedColumn(column.name, column.type) for column in opened.columns))


def _stored(rows: pa.Table, schema: PublishedSchema) -> pa.Table:
    arrays = [array for column in schema.columns for array in to_stored(single(rows[column.name]), column.type)[0]]
    return pa.Table.from_arrays(arrays, schema=schema.stored)


class _Sink(io.RawIOBase):
    """A file that is written, and taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        """Keeps a copy: the writer uses its buffer again."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How much was written so far."""
        return self._written

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
