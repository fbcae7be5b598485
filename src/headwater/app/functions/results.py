"""Results as columns of a table, and the table in a file: Parquet, CSV, or JSON."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from headwater.app.functions.rows import AS_JSON
from headwater.app.functions.scoring import ScoredRows
from headwater.errors import UsageError
from headwater.models.arrow import Array, compute
from headwater.models.functions import ModelFunction
from headwater.plan.types import DataType, Kind, to_arrow

__all__ = ["FORMATS", "ResultTable", "Writer", "check_output", "json_lines", "json_value", "open_writer"]

FORMATS = (".parquet", ".csv", ".json")
"""The endings of files that results are written to."""

#: Ticks of 100 ns from 0001-01-01 to 1970-01-01.
_EPOCH_TICKS = 719_162 * 864_000_000_000
_MOMENT = pa.timestamp("us", "UTC")
_SAFE = 2**53


@dataclass(slots=True)
class ResultTable:
    """What came, with the results as columns after it: each field of a record, then ``error``.

    A column that has the name of one that came gets a number: ``label_2``. It counts what it is given; ``left_out``
    are fields of rows that it has no column for.
    """

    schema: pa.Schema
    rows: int = 0
    failed: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    left_out: Collection[str] = ()

    @classmethod
    def of(cls, given: pa.Schema, function: ModelFunction) -> ResultTable:
        """The table for what came and what the function gives."""
        names = list(given.names)
        fields = []
        for name, kind in [*_outputs(function), ("error", pa.string())]:
            names.append(_free(name, names))
            fields.append(pa.field(names[-1], kind))
        return cls(pa.schema([*given, *fields]))

    def batch(self, scored: ScoredRows) -> pa.RecordBatch:
        """The columns of rows that were scored."""
        self.rows += len(scored.errors)
        bad = scored.errors.drop_null()
        self.failed += len(bad)
        for counted in compute.value_counts(bad).to_pylist():
            self.messages[counted["values"]] += counted["counts"]
        results = scored.results
        several = pa.types.is_struct(results.type) and not _is_zoned(results.type)
        members = results.flatten() if several else [results]
        columns = [_moments(member) if _is_zoned(member.type) else member for member in members]
        return pa.RecordBatch.from_arrays([*scored.given.columns, *columns, scored.errors], schema=self.schema)


def _outputs(function: ModelFunction) -> list[tuple[str, pa.DataType]]:
    if function.result.kind is Kind.RECORD:
        return [(member.name, _column_type(member.type)) for member in function.result.fields]
    return [(function.signature.outputs[0].name, _column_type(function.result))]


def _column_type(of: DataType) -> pa.DataType:
    return _MOMENT if of.kind is Kind.DATETIMEZONE else to_arrow(of)


_ZONED = to_arrow(DataType(Kind.DATETIMEZONE))


def _is_zoned(kind: pa.DataType) -> bool:
    return bool(kind == _ZONED)


def _moments(column: Array) -> Array:
    micros = compute.divide(compute.subtract(column.field("instant"), _EPOCH_TICKS), 10)
    return compute.if_else(column.is_valid(), micros, pa.scalar(None, pa.int64())).cast(_MOMENT)


def _free(name: str, taken: Sequence[str]) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


# JSON ---------------------------------------------------------------------------------------------------------------


def json_lines(batch: pa.RecordBatch) -> Iterator[bytes]:
    """Each row as a JSON object, as the API writes values: what JSON cannot hold is text."""
    columns = [_json_column(batch, at) for at in range(batch.num_columns)]
    for cells in zip(*columns, strict=True):
        yield orjson.dumps(dict(zip(batch.schema.names, cells, strict=True)))


def _json_column(batch: pa.RecordBatch, at: int) -> list[Any]:
    texts = batch.column(at)
    if _is_json(batch.schema.field(at)):
        return [None if text is None else orjson.Fragment(text) for text in texts.to_pylist()]
    if pa.types.is_timestamp(texts.type) and texts.type.unit == "ns":
        texts = texts.cast(pa.timestamp("us", texts.type.tz), safe=False)
    return [json_value(value) for value in texts.to_pylist()]


def json_value(value: Any) -> Any:
    """A value as Arrow gives it, as JSON has it.

    >>> json_value([1.5, float("nan"), 2**60, b"ab"])
    [1.5, 'NaN', '1152921504606846976', 'YWI=']
    """
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {name: json_value(member) for name, member in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _is_json(of: pa.Field[Any]) -> bool:
    return (of.metadata or {}).items() >= AS_JSON.items()


# Files --------------------------------------------------------------------------------------------------------------


class Writer(Protocol):
    """Something that batches are written to."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        ...


@contextmanager
def open_writer(path: Path, schema: pa.Schema) -> Iterator[Writer]:
    """A file for a table, which appears whole or not at all; its ending says what it is.

    In CSV, a text that a spreadsheet would take for a formula gets an apostrophe before it; so do names of columns.
    Lists and records are JSON there.

    Raises:
        UsageError: the ending is another, the file cannot be written, or cannot hold a column's type.
    """
    check_output(path)
    partial = path.with_name(path.name + ".partial")
    try:
        with _OPEN[path.suffix.lower()](partial, schema) as writer:
            yield writer
        partial.replace(path)
    except pa.ArrowException as error:
        raise UsageError(
            f"A column is of a type that {path.suffix.lower()} cannot hold.",
            place=str(path),
            hint="Write another kind of file, or leave the column out.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def check_output(path: Path) -> None:
    """Refuse a file that could not be written, before anything is scored for it.

    Raises:
        UsageError: why.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            f"'{path.name}' is of a kind that is not written.", hint=f"Name the output to end in {', '.join(FORMATS)}."
        )
    if not path.parent.is_dir():
        raise UsageError(
            f"The file cannot be written: there is no folder '{path.parent}'.",
            place=str(path),
            hint="Name a file in a folder that exists.",
            code="file.unwritable",
        )


@contextmanager
def _parquet(path: Path, schema: pa.Schema) -> Iterator[Writer]:
    with pyarrow.parquet.ParquetWriter(path, _plain_schema(schema)) as file:
        yield _Converting(file, _plain_column)


@contextmanager
def _csv(path: Path, schema: pa.Schema) -> Iterator[Writer]:
    names = [_harmless_text(name) for name in schema.names]
    kinds = [_csv_type(of.type) for of in _plain_schema(schema)]
    fields = [pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)]
    with pyarrow.csv.CSVWriter(path, pa.schema(fields)) as file:
        yield _Converting(file, _csv_column, names)


@contextmanager
def _json(path: Path, _schema: pa.Schema) -> Iterator[Writer]:
    with path.open("wb") as file:
        writer = _JsonList(file.write)
        file.write(b"[")
        yield writer
        file.write(b"\n]\n")


_OPEN: Mapping[str, Any] = {".parquet": _parquet, ".csv": _csv, ".json": _json}

_Convert: TypeAlias = "Callable[[pa.Field[Any], Array], Array]"


class _Converting:
    """Writes batches whose columns are converted first."""

    def __init__(self, file: Any, convert: _Convert, names: Sequence[str] | None = None) -> None:
        self._file = file
        self._convert = convert
        self._names = names

    def write_batch(self, batch: pa.RecordBatch) -> None:
        pairs = zip(batch.schema, batch.columns, strict=True)
        columns = [self._convert(of, column) for of, column in pairs]
        self._file.write_batch(pa.RecordBatch.from_arrays(columns, names=list(self._names or batch.schema.names)))


class _JsonList:
    """Writes rows as members of a list."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._first = True

    def write_batch(self, batch: pa.RecordBatch) -> None:
        for line in json_lines(batch):
            self._write(b"\n" if self._first else b",\n")
            self._write(line)
            self._first = False


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([of.remove_metadata() if _is_json(of) else of for of in schema])


def _plain_column(of: pa.Field[Any], column: Array) -> Array:
    """A column of JSON as text: texts themselves, and what else there is as JSON."""
    if not _is_json(of):
        return column
    return pa.array([_unquoted(text) for text in column.to_pylist()], pa.string())


def _unquoted(text: str | None) -> str | None:
    if text is None or not text.startswith('"'):
        return text
    read: str = orjson.loads(text)
    return read


def _csv_type(kind: pa.DataType) -> pa.DataType:
    """The type that a column is written to CSV in: itself, or text where CSV has no form for it."""
    simple = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_temporal)
    return kind if any(test(kind) for test in simple) and not pa.types.is_duration(kind) else pa.string()


def _csv_column(of: pa.Field[Any], column: Array) -> Array:
    column = _plain_column(of, column)
    kind = _csv_type(column.type)
    if kind == column.type and not pa.types.is_string(kind):
        return column
    if not _is_text(column.type):
        column = pa.array([_csv_cell(value) for value in column.to_pylist()], pa.string())
    return _harmless(column.cast(pa.string()))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _csv_cell(value: Any) -> str | None:
    if value is None or isinstance(value, Decimal):
        return None if value is None else str(value)
    written = json_value(value)
    return written if isinstance(written, str) else orjson.dumps(written).decode()


#: What a spreadsheet takes for a formula; a number is none, though it may have a sign.
_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def _harmless(texts: Array) -> Array:
    formula = compute.match_substring_regex(texts, _FORMULA)
    if not compute.any(formula).as_py():
        return texts
    formula = compute.and_(formula, compute.invert(compute.match_substring_regex(texts, _NUMBER)))
    return compute.if_else(formula, compute.binary_join_element_wise("'", texts, ""), texts)


def _harmless_text(text: str) -> str:
    made: str = _harmless(pa.array([text], pa.string()))[0].as_py()
    return made
