"""Files of rows: JSON, CSV, Parquet and Arrow, read piece by piece."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from headwater.app.functions.json_rows import arguments_schema
from headwater.app.functions.rows import RowBatch, Rows, check_names, column_rows, json_rows
from headwater.app.functions.text_rows import text_arguments
from headwater.errors import HeadwaterError, NotFoundError, UsageError
from headwater.models.functions import ModelFunction
from headwater.net.jsons import is_too_deep

__all__ = ["FORMATS", "json_values", "open_rows"]

FORMATS = (".json", ".jsonl", ".csv", ".parquet", ".arrow")
"""The endings of files that rows are read from."""

_PIECE = 1 << 20
_UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error)


@contextmanager
def open_rows(function: ModelFunction, path: Path) -> Iterator[Rows]:
    """The rows of a file, for a function; its ending says what it is.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it cannot be read, or is of another kind; also while it is being read. No message holds a row.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"'{path.name}' is of a kind that is not read.", hint=f"Give one of {', '.join(FORMATS)}.")
    if not path.is_file():
        raise NotFoundError(f"There is no file '{path}'.", place=str(path), hint="Check the path.")
    with ExitStack() as opened:
        try:
            rows = _OPEN[path.suffix.lower()](function, path, opened)
        except _UNREADABLE as error:
            raise _unreadable(path) from error
        yield Rows(rows.given, rows.arguments, _explained(rows.batches, path), rows.total, rows.left_out)


def _explained(batches: Iterator[RowBatch], path: Path) -> Iterator[RowBatch]:
    try:
        yield from batches
    except _UNREADABLE as error:
        raise _unreadable(path) from error
    except HeadwaterError as error:
        error.place = error.place or str(path)
        raise


def _unreadable(path: Path, why: str = "") -> UsageError:
    return UsageError(
        f"The file cannot be read as {path.suffix.lower()}{why and f': {why}'}.",
        place=str(path),
        hint="Check that it is whole, and what its name says it is.",
        code="file.unreadable",
    )


# Columns ------------------------------------------------------------------------------------------------------------


def _parquet(function: ModelFunction, path: Path, opened: ExitStack) -> Rows:
    file = opened.enter_context(pyarrow.parquet.ParquetFile(path))
    return column_rows(function, file.schema_arrow, file.iter_batches(), file.metadata.num_rows)


def _arrow(function: ModelFunction, path: Path, opened: ExitStack) -> Rows:
    source = opened.enter_context(pa.memory_map(str(path)))
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        stream = pa.ipc.open_stream(source)
        return column_rows(function, stream.schema, stream)
    batches = (reader.get_batch(at) for at in range(reader.num_record_batches))
    return column_rows(function, reader.schema, batches)


def _csv(function: ModelFunction, path: Path, opened: ExitStack) -> Rows:
    """Every column as text, so that a cell of another kind is one row's error; parameters are converted here."""
    names = _header(path)
    bad: list[str] = []
    reader = _csv_reader(path, names, bad)
    opened.callback(reader.close)
    given = pa.schema([pa.field(name, pa.string()) for name in names])
    taken = [parameter for parameter in function.signature.parameters if parameter.name in given.names]

    def batches() -> Iterator[RowBatch]:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except pa.ArrowInvalid as error:
                raise _unreadable(path, "".join(bad)) from error
            yield RowBatch(batch, text_arguments(taken, function.name, batch))

    return Rows(given, arguments_schema(taken), batches())


def _csv_reader(path: Path, names: list[str], bad: list[str]) -> Any:
    try:
        return pyarrow.csv.open_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(
                newlines_in_values=True,
                invalid_row_handler=_noting(bad),
                # An empty line of a file with one column is a row with an empty cell.
                ignore_empty_lines=len(names) > 1,
            ),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise _unreadable(path, "".join(bad)) from error


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file), [])
    if not names:
        raise _unreadable(path, "it is empty")
    check_names(names)
    return names


def _noting(bad: list[str]) -> Any:
    """Notes what is wrong with the first row that is no row; Arrow's own message would show it."""

    def handler(row: Any) -> str:
        where = "a row" if row.number is None else f"row {row.number}"
        bad[:] = [f"{where} has {row.actual_columns} cells, and the header {row.expected_columns}"]
        return "error"

    return handler


# JSON ---------------------------------------------------------------------------------------------------------------


def _json(function: ModelFunction, path: Path, opened: ExitStack) -> Rows:
    file = opened.enter_context(path.open(encoding="utf-8-sig"))
    return json_rows(function, json_values(file))


_OPEN: dict[str, Any] = {".json": _json, ".jsonl": _json, ".csv": _csv, ".parquet": _parquet, ".arrow": _arrow}


def json_values(file: TextIO) -> Iterator[Any]:
    """The members of a list, or values one after another (JSON lines), read piece by piece.

    Raises (while being read):
        UsageError: it is no JSON; NaN and Infinity are none.

    >>> import io
    >>> list(json_values(io.StringIO('[{"a": 1}, [2]]'))), list(json_values(io.StringIO('{"a": 1}\\n{"a": 2}')))
    ([{'a': 1}, [2]], [{'a': 1}, {'a': 2}])
    """
    return _JsonReader(file).values()


class _JsonReader:
    """A text of JSON values, of which no more is held than the one being read."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._values = 0
        self._read = json.JSONDecoder(parse_constant=self._refuse).raw_decode

    def values(self) -> Iterator[Any]:
        in_list = self._peek() == "["
        if in_list:
            self._at += 1
        while (found := self._peek()) not in {"", "]"}:
            yield self._value()
            if in_list:
                self._separator()
        if in_list:
            if found != "]":
                raise self._broken()
            self._at += 1
        if self._peek():
            raise self._broken()

    def _peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        piece = self._file.read(_PIECE)
        self._text, self._at = self._text[self._at :] + piece, 0
        if is_too_deep(self._text):
            raise self._broken()
        return bool(piece)

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._read(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise self._broken() from None
                continue
            # A number that ends with the piece may go on in the next.
            if end < len(self._text) or not self._more_after(end):
                self._at = end
                self._values += 1
                return value

    def _more_after(self, end: int) -> bool:
        return self._text[end - 1] not in ']}"' and self._more()

    def _separator(self) -> None:
        found = self._peek()
        if found == ",":
            self._at += 1
            if self._peek() == "]":
                raise self._broken()
        elif found != "]":
            raise self._broken()

    def _refuse(self, _name: str) -> Any:
        raise self._broken()

    def _broken(self) -> UsageError:
        return UsageError(
            f"What comes after {self._values:,} rows is no JSON.",
            hint="Give a list of objects or lists, or one such row a line; NaN and Infinity are no JSON.",
            code="file.unreadable",
        )
