"""A Parquet file once more, with other values in some of its columns; the others are copied as they are.

Most of what writing a file costs is encoding its columns. A column's pages stand on their own: where its values are
what they were, the pages can be taken as they are, and only the footer has to say where they lie now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.tables.compact import BINARY, I64, LIST, STRUCT, Member, Struct, read_struct, write_struct

__all__ = ["splice"]

Compression: TypeAlias = Literal["snappy"]

_MAGIC = b"PAR1"

# Where Parquet's footer has what is needed here: the numbers of members, as in parquet.thrift.
_ROW_GROUPS, _KEY_VALUES = 4, 5
_KEY, _VALUE = 1, 2
_COLUMNS, _BYTE_SIZE, _ROWS, _GROUP_OFFSET, _COMPRESSED_SIZE = 1, 2, 3, 5, 6
_CHUNK_OFFSET, _METADATA, _INDEXES = 2, 3, (4, 5, 6, 7)
_PATH, _UNCOMPRESSED, _COMPRESSED = 3, 6, 7
_OFFSETS = (_DATA_PAGES, _INDEX_PAGES, _DICTIONARY) = (9, 10, 11)
_BLOOM_FILTER = (14, 15)

#: Bytes that are read at a time where the system does not copy.
_COPIED_BYTES = 1 << 20


def splice(
    old: Path,
    new: Path,
    columns: pa.Table,
    *,
    use_dictionary: Any,
    compression: Compression,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the file ``new``: what ``old`` has, with these columns in the place of those of the same names.

    Args:
        old: a Parquet file.
        new: where to write; not forced to the disk.
        columns: all rows of some of its columns, in the file's types.
        use_dictionary: as :class:`pyarrow.parquet.ParquetWriter` has it, for the new values.
        compression: of the new values.
        metadata: what the footer says besides, in the place of what it says under these keys.

    Raises:
        OSError: a file cannot be read or written.
        pa.ArrowInvalid: ``old`` is no Parquet file, or has other columns or rows.
    """
    with old.open("rb") as file, new.open("wb") as out:
        footer = _footer(file)
        groups = [one[_ROWS].value for one in footer[_ROW_GROUPS].value]
        if sum(groups) != columns.num_rows:
            raise pa.ArrowInvalid(f"{columns.num_rows} values for the {sum(groups)} rows of a file")
        made = _encoded(columns, groups, use_dictionary, compression)
        _Splicer(file, made, out).write(_told(footer, metadata or {}))


def _encoded(columns: pa.Table, groups: list[int], use_dictionary: Any, compression: Compression) -> BinaryIO:
    """A file of its own with nothing but these columns, in row groups of these sizes."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, columns.schema, compression=compression, use_dictionary=use_dictionary) as writer:
        start = 0
        for rows in groups:
            writer.write_table(columns.slice(start, rows), row_group_size=max(rows, 1))
            start += rows
    return BytesIO(sink.getvalue())


def _footer(file: BinaryIO) -> Struct:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - 8, 0))
    tail = file.read(8)
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or size + 12 > end:
        raise pa.ArrowInvalid("no Parquet file")
    file.seek(end - 8 - size)
    try:
        return read_struct(file.read(size))
    except ValueError as error:
        raise pa.ArrowInvalid("no footer of a Parquet file") from error


def _told(footer: Struct, metadata: Mapping[str, str]) -> Struct:
    """A footer that says something more."""
    keys = {key.encode() for key in metadata}
    before = footer[_KEY_VALUES].value if _KEY_VALUES in footer else []
    pairs = [pair for pair in before if pair[_KEY].value not in keys]
    for key, value in metadata.items():
        pairs.append({_KEY: Member(BINARY, key.encode()), _VALUE: Member(BINARY, value.encode())})
    return {**footer, _KEY_VALUES: Member(LIST, pairs, STRUCT)} if pairs else footer


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The pages of a column in one row group, and where they lie in which file."""

    file: BinaryIO
    column: Struct

    @property
    def metadata(self) -> Struct:
        found: Struct = self.column[_METADATA].value
        return found

    @property
    def name(self) -> bytes:
        """The table's column that it belongs to."""
        found: bytes = self.metadata[_PATH].value[0]
        return found

    @property
    def start(self) -> int:
        # A dictionary at 0 is what some writers call none.
        places = [self.metadata[number].value for number in _OFFSETS if number in self.metadata]
        return int(min(place for place in places if place))

    @property
    def size(self) -> int:
        return int(self.metadata[_COMPRESSED].value)

    def moved(self, to: int) -> Struct:
        """What the footer says of it when it lies elsewhere; indexes of pages and filters are not taken along."""
        by = to - self.start
        metadata = {number: member for number, member in self.metadata.items() if number not in _BLOOM_FILTER}
        for number in _OFFSETS:
            if number in metadata and metadata[number].value:
                metadata[number] = Member(I64, metadata[number].value + by)
        column = {number: member for number, member in self.column.items() if number not in _INDEXES}
        return {**column, _CHUNK_OFFSET: Member(I64, 0), _METADATA: Member(STRUCT, metadata)}


class _Splicer:
    """Puts the chunks of two files together."""

    def __init__(self, old: BinaryIO, made: BinaryIO, out: BinaryIO) -> None:
        self._old = old
        self._made = made
        self._out = out
        #: What of the old file is to be copied next: adjacent chunks are copied at once.
        self._waiting = (0, 0)
        self._size = 0

    def write(self, footer: Struct) -> None:
        """The new file: row groups, one after another, and the footer."""
        self._put(_MAGIC)
        replaced = _footer(self._made)[_ROW_GROUPS].value
        groups = footer[_ROW_GROUPS]
        written = [self._group(old, new) for old, new in zip(groups.value, replaced, strict=True)]
        self._flush()
        told = write_struct({**footer, _ROW_GROUPS: Member(groups.kind, written, groups.of)})
        self._put(told + len(told).to_bytes(4, "little") + _MAGIC)

    def _group(self, old: Struct, new: Struct) -> Struct:
        start = self._size
        chunks = list(self._chosen(old, new))
        columns = [chunk.moved(self._add(chunk)) for chunk in chunks]
        uncompressed = sum(chunk.metadata[_UNCOMPRESSED].value for chunk in chunks)
        return {
            **old,
            _COLUMNS: Member(old[_COLUMNS].kind, columns, old[_COLUMNS].of),
            _BYTE_SIZE: Member(I64, uncompressed),
            _GROUP_OFFSET: Member(I64, start),
            _COMPRESSED_SIZE: Member(I64, sum(chunk.size for chunk in chunks)),
        }

    def _chosen(self, old: Struct, new: Struct) -> Iterator[_Chunk]:
        """The chunks of a row group, each from the file that has its values."""
        others = {tuple(chunk.metadata[_PATH].value): chunk for chunk in self._chunks(self._made, new)}
        names = {chunk.name for chunk in others.values()}
        for chunk in self._chunks(self._old, old):
            if chunk.name not in names:
                yield chunk
                continue
            other = others.pop(tuple(chunk.metadata[_PATH].value), None)
            if other is None:
                raise pa.ArrowInvalid("a column that is made of other parts than the file's")
            yield other
        if others:
            raise pa.ArrowInvalid("a column that the file has not")

    def _chunks(self, file: BinaryIO, group: Struct) -> Iterator[_Chunk]:
        return (_Chunk(file, column) for column in group[_COLUMNS].value)

    def _add(self, chunk: _Chunk) -> int:
        """Take a chunk's pages next; gives where they lie."""
        place = self._size
        if chunk.file is self._old:
            start, end = self._waiting
            if end != chunk.start:
                self._flush()
                start = chunk.start
            self._waiting = start, chunk.start + chunk.size
            self._size += chunk.size
        else:
            self._flush()
            chunk.file.seek(chunk.start)
            self._put(chunk.file.read(chunk.size))
        return place

    def _flush(self) -> None:
        start, end = self._waiting
        while start < end:
            start += _copied(self._old, self._out, start, end - start)
        self._waiting = 0, 0

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._size += len(data)


def _copied(old: BinaryIO, out: BinaryIO, start: int, count: int) -> int:
    """Append some bytes of a file to another; gives how many. Where it can, the system does it, at half the cost."""
    out.flush()
    try:
        copied = os.copy_file_range(old.fileno(), out.fileno(), count, start)
    except (AttributeError, OSError):
        # Not every system and file system can. What else is wrong, writing finds too.
        old.seek(start)
        copied = out.write(old.read(min(count, _COPIED_BYTES)))
    out.seek(0, os.SEEK_END)
    if not copied:
        raise pa.ArrowInvalid("a Parquet file that ends too early")
    return copied
