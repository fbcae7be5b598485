"""Delimited text as M's Csv.Document reads it, without any engine.

The rules: every field is text; a row ends at a line feed, a carriage return or both, outside quotes; a quote opens a
quoted field only at the field's start, and is doubled inside one; fields that a row lacks are "" like empty ones, and
those it has too many are dropped; a blank line is a row of empty fields; a byte order mark is not data; bytes that the
encoding cannot read become U+FFFD.

Fast readers agree with these rules on ordinary files only. :func:`inspect_csv` looks at the bytes and says whether a
file is ordinary; if not, :func:`csv_batches` reads it.
"""

from __future__ import annotations

import codecs
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headwater.errors import EngineError, MError

CHUNK_BYTES = 512 * 1024
"""How much is looked at together. A line longer than that makes a file no ordinary one."""

_CONTROLS_DIFFER = frozenset({"latin-1", "iso8859-1", "cp1252"})
"""Encodings that agree with Latin-1 but for the bytes from 0x80 to 0x9F."""
_LF, _CR, _QUOTE = 10, 13, 34
NO_DELIMITERS = '"\r\n'
"""Characters with a meaning of their own."""


@dataclass(frozen=True, slots=True)
class CsvShape:
    """``ordinary``: a fast reader reads the file rightly. ``quoted_breaks``: some quoted field holds a line break."""

    ordinary: bool
    quoted_breaks: bool = False


def csv_first_row(
    path: str, delimiter: str = ",", quote: bool = True, encoding: str = "utf-8", *, quoted_breaks: bool = True
) -> list[str]:
    """The fields of the first row; empty for an empty file. Reads no further than that row.

    Raises:
        MError: DataSource.Error, the file cannot be found or read.
    """
    return next(csv_rows(path, delimiter, quote, encoding, quoted_breaks=quoted_breaks), [])


def csv_rows(
    path: str, delimiter: str, quote: bool, encoding: str, *, quoted_breaks: bool = True
) -> Iterator[list[str]]:
    """The rows as lists of fields, as long as each row is.

    Raises:
        MError: DataSource.Error, the file cannot be found or read.
        EngineError: the delimiter is not one character, or one that has another meaning.
    """
    if len(delimiter) != 1 or delimiter in NO_DELIMITERS:
        raise EngineError("A delimiter is one character, and no quote or line break.", place=path)
    with _opened(path, encoding) as text:
        yield from rows_of_text(text, delimiter, quote, quoted_breaks=quoted_breaks)


def rows_of_text(
    text: Iterable[str], delimiter: str, quote: bool, *, quoted_breaks: bool = True
) -> Iterator[list[str]]:
    """The rows of text, given line by line with the line breaks, as lists of fields.

    >>> list(rows_of_text(['a,"b,c"\\r\\n', "\\n"], ",", quote=True))
    [['a', 'b,c'], ['']]
    >>> list(rows_of_text(['a,"b\\n', 'c"\\n'], ",", quote=True, quoted_breaks=False))
    [['a', 'b'], ['c"']]
    """
    # The module's own limit is 128 KB a field, for the whole process; M has none.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    # Without quoting there is no quote character at all, or a doubled one would still be undone.
    dialect: dict[str, Any] = {"quotechar": '"'} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    if not quote or quoted_breaks:
        for row in csv.reader(text, delimiter=delimiter, doublequote=True, **dialect):
            yield row or [""]
        return
    for line in text:
        alone = csv.reader((line.rstrip("\r\n"),), delimiter=delimiter, doublequote=True, **dialect)
        yield next(alone, []) or [""]


def csv_batches(
    path: str,
    names: Sequence[str],
    *,
    delimiter: str = ",",
    quote: bool = True,
    encoding: str = "utf-8",
    skip_rows: int = 0,
    max_rows: int | None = None,
    quoted_breaks: bool = True,
    batch_rows: int = 16_384,
) -> pa.RecordBatchReader:
    """The file as text columns called ``names``, by the rules above, in file order.

    Raises:
        MError: DataSource.Error, the file cannot be found or read; at once, not when the stream is read.
    """
    check_file(path)
    schema = pa.schema([(name, pa.string()) for name in names])

    def batches() -> Iterator[pa.RecordBatch]:
        rows: list[list[str]] = []
        end = None if max_rows is None else skip_rows + max_rows
        read = csv_rows(path, delimiter, quote, encoding, quoted_breaks=quoted_breaks)
        for row in islice(read, skip_rows, end):
            rows.append([*row[: len(names)], *[""] * (len(names) - len(row))])
            if len(rows) == batch_rows:
                yield _batch(rows, schema)
                rows = []
        if rows:
            yield _batch(rows, schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def check_file(path: str) -> None:
    """Raises MError (DataSource.Error) unless ``path`` is a file that can be opened for reading."""
    with _raising(path), Path(path).open("rb"):
        pass


def inspect_csv(path: str, delimiter: str = ",", quote: bool = True, encoding: str = "utf-8") -> CsvShape:
    """Whether a fast reader can be trusted with the file: one pass over its bytes, a few nanoseconds each.

    Not ordinary: blank lines, a carriage return alone, quotes that neither open nor close a field, bytes that are not
    UTF-8, Latin-1's control characters (DuckDB refuses those from 0x80 on, and code page 1252 has letters there), lines
    beyond ``CHUNK_BYTES``, delimiters of more than one byte, other encodings.

    Raises:
        MError: DataSource.Error, the file cannot be found or read.
    """
    check_file(path)
    if (encoding != "utf-8" and encoding not in _CONTROLS_DIFFER) or len(delimiter.encode()) != 1:
        return CsvShape(ordinary=False)
    inspector = _Inspector(ord(delimiter), quote, encoding)
    with _raising(path), Path(path).open("rb", buffering=0) as file:
        ordinary = all(inspector.accepts(content) for content in _windows(file))
    return CsvShape(ordinary and inspector.ends_well(), inspector.quoted_breaks)


def _windows(file: FileIO) -> Iterator[bytearray]:
    """The file in chunks, each with the byte before and the byte after it; line feeds stand in at both ends.

    The same buffer serves for all but the last: fresh ones would cost more than all that is done with them.
    """
    start = file.read(3)
    ahead = b"" if start == codecs.BOM_UTF8 else start
    buffer = bytearray(CHUNK_BYTES + 2)
    buffer[: 1 + len(ahead)] = b"\n" + ahead
    filled = 1 + len(ahead)
    while True:
        with memoryview(buffer) as free:
            count = file.readinto(free[filled:])
        filled += count
        if not count:
            if filled > 1:
                # A last return without a feed is seen for what it is.
                yield buffer[:filled] + (b"\r" if buffer[filled - 1] == _CR else b"\n")
            return
        if filled == len(buffer):
            yield buffer
            buffer[:2] = buffer[-2:]
            filled = 2


class _Inspector:
    """Goes over a file chunk by chunk; each comes with the byte before and the byte after it."""

    def __init__(self, delimiter: int, quote: bool, encoding: str) -> None:
        self._delimiter = delimiter
        self._quote = quote
        self._decoder = codecs.getincrementaldecoder("utf-8")() if encoding == "utf-8" else None
        self._inside = 0
        self._feeds = np.empty(CHUNK_BYTES + 2, dtype=np.bool_)
        self._blanks = np.empty(CHUNK_BYTES + 2, dtype=np.bool_)
        self.quoted_breaks = False

    def accepts(self, window: bytearray) -> bool:
        """Whether nothing out of the ordinary is in this chunk."""
        if self._decoder is not None and not self._readable(window):
            return False
        content = np.frombuffer(window, dtype=np.uint8)
        if self._decoder is None and not window.isascii() and ((content >= 0x80) & (content < 0xA0)).any():
            return False
        feeds = np.equal(content, _LF, out=self._feeds[: len(content)])
        blanks = np.logical_and(feeds[:-2], feeds[1:-1], out=self._blanks[: len(content) - 2])
        long_line = len(window) > CHUNK_BYTES and not feeds[1:-1].any()
        if long_line or blanks.any() or (b"\r" in window and not _returns_regular(content)):
            return False
        return not self._quote or self._quotes_regular(window, content, feeds)

    def ends_well(self) -> bool:
        """No quoted field and no character is left unfinished at the end of the file."""
        return self._inside == 0 and (self._decoder is None or not self._decoder.getstate()[0])

    def _readable(self, window: bytearray) -> bool:
        assert self._decoder is not None, "only UTF-8 is checked"
        if window.isascii() and not self._decoder.getstate()[0]:
            return True
        try:
            self._decoder.decode(bytes(window[1:-1]))
        except UnicodeDecodeError:
            return False
        return True

    def _quotes_regular(self, window: bytearray, content: npt.NDArray[np.uint8], feeds: npt.NDArray[np.bool_]) -> bool:
        if b'"' not in window:
            self.quoted_breaks = self.quoted_breaks or (self._inside == 1 and bool(feeds[1:-1].any()))
            return True
        at = np.flatnonzero(content[1:-1] == _QUOTE) + 1
        opening = at[self._inside :: 2]
        closing = at[1 - self._inside :: 2]
        if not (self._ends_field(content[opening - 1]).all() and self._ends_field(content[closing + 1]).all()):
            return False
        inside = (np.searchsorted(at, np.flatnonzero(feeds[1:-1]) + 1) + self._inside) % 2
        self.quoted_breaks = self.quoted_breaks or bool(inside.any())
        self._inside = (self._inside + len(at)) % 2
        return True

    def _ends_field(self, neighbours: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """A quote opens after one of these and closes before one; beside another quote it is half of a doubled one."""
        return np.isin(neighbours, [self._delimiter, _LF, _CR, _QUOTE])


def _returns_regular(content: npt.NDArray[np.uint8]) -> bool:
    """Each carriage return of the chunk stands before a line feed, and none after one: that would be a blank line."""
    at = np.flatnonzero(content[1:-1] == _CR) + 1
    return bool((content[at + 1] == _LF).all() and (content[at - 1] != _LF).all())


def _batch(rows: list[list[str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@contextmanager
def _opened(path: str, encoding: str) -> Iterator[TextIO]:
    try:
        codec = codecs.lookup(encoding).name
    except LookupError as error:
        raise EngineError(f"Text in the encoding '{encoding}' cannot be read.", place=path) from error
    codec = "utf-8-sig" if codec == "utf-8" else codec
    with _raising(path), Path(path).open(encoding=codec, errors="replace", newline="") as text:
        yield text


@contextmanager
def _raising(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MError("DataSource.Error", f"Could not find file '{path}'.", path) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise MError("DataSource.Error", f"The file '{path}' cannot be read: {why}.", path) from error
