"""Columns and first rows of files, of which no more is read than that takes: a footer, a head, a first block."""

from __future__ import annotations

import codecs
import csv
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.errors import WorkspaceError
from headwater.net.jsons import parse_json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

__all__ = ["Opened", "open_data", "row_count"]

_HEAD = 64 * 1024
#: The search for a delimiter takes much longer for a longer text.
_SNIFFED = 4 * 1024
_BLOCK = 2**20
#: What can only be read as a whole is looked into up to this size.
_WHOLE = 16 * 2**20
_UNPACKED = 128 * 2**20
_DELIMITERS = ",;\t|"
#: A footer is a few kilobytes at the end of each file: beyond so many files they are not worth counting rows by.
_FOOTERS = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """Data whose columns are known; ``batches`` gives its first rows, in batches of so many."""

    schema: pa.Schema
    batches: Callable[[int], Iterator[pa.RecordBatch]]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Names and types, in Arrow's words."""
        return tuple((field.name, str(field.type)) for field in self.schema)


def open_data(files: Sequence[Path], form: str, folder: Path) -> Opened:
    """The data of files of one form; partitions below ``folder`` are columns.

    Raises:
        WorkspaceError: it cannot be read as that.
    """
    import pyarrow as pa

    place = str(folder if len(files) > 1 else files[0])
    try:
        if form == "workbook":
            return _of_table(_workbook(files[0]))
        if form == "json" and _head(files[0]).lstrip()[:1] == b"[":
            return _of_table(_json_array(files[0]))
        return _of_files(files, form, folder)
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, zipfile.BadZipFile) as error:
        # Whatever they say can hold what the file does.
        raise WorkspaceError(
            f"The file cannot be read as {form}.", place=place, hint="Check that it is complete, and of that form."
        ) from error


def row_count(files: Sequence[Path], form: str) -> int | None:
    """How many rows files have, where their footers tell; None where they do not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if form != "parquet" or len(files) > _FOOTERS:
        return None
    try:
        return sum(pq.read_metadata(file).num_rows for file in files)
    except (pa.ArrowException, OSError):
        return None


def _of_files(files: Sequence[Path], form: str, folder: Path) -> Opened:
    import pyarrow.dataset as ds

    found = ds.dataset(
        [str(file) for file in files],
        format=_format(files[0], form),
        partitioning=ds.partitioning(flavor="hive"),
        partition_base_dir=str(folder),
    )

    def batches(rows: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        scanner = found.scanner(batch_size=rows, batch_readahead=0, fragment_readahead=0)
        try:
            yield from scanner.to_batches()
        except (pa.ArrowException, OSError) as error:
            raise WorkspaceError(
                f"The file cannot be read as {form}.", place=str(folder), hint="Check that it is complete."
            ) from error

    return Opened(found.schema, batches)


def _format(file: Path, form: str) -> ds.FileFormat:
    import pyarrow.csv as pc
    import pyarrow.dataset as ds
    import pyarrow.json as pj

    match form:
        case "csv":
            encoding, delimiter = _dialect(file)
            return ds.CsvFileFormat(
                read_options=pc.ReadOptions(block_size=_BLOCK, encoding=encoding),
                parse_options=pc.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            )
        case "json":
            return ds.JsonFileFormat(read_options=pj.ReadOptions(block_size=_BLOCK))
        case "orc":
            return ds.OrcFileFormat()
        case "feather":
            return ds.FeatherFileFormat()
        case _:
            return ds.ParquetFileFormat()


def _dialect(file: Path) -> tuple[str, str]:
    """Encoding and delimiter of a CSV file, by its head."""
    head = _head(file)
    encoding = _encoding(head)
    # The head may end within a character.
    text = codecs.getincrementaldecoder(encoding)("ignore").decode(head)
    try:
        return encoding, csv.Sniffer().sniff(text[:_SNIFFED], _DELIMITERS).delimiter
    except csv.Error:
        return encoding, "\t" if ".tsv" in file.name.lower() else ","


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _head(file: Path) -> bytes:
    import pyarrow as pa

    with pa.input_stream(str(file), compression="detect") as stream:
        return bytes(stream.read(_HEAD))


def _json_array(file: Path) -> pa.Table:
    import pyarrow as pa

    _check_size(file, file.stat().st_size, _WHOLE)
    rows = parse_json(file.read_bytes())
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("an array of other things than records")
    return pa.Table.from_pylist(rows)


def _workbook(file: Path) -> pa.Table:
    """The first sheet; its first row is taken for names."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check_size(file, file.stat().st_size, _WHOLE)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            _check_size(file, sum(part.file_size for part in packed.infolist()), _UNPACKED)
    try:
        with CalamineWorkbook.from_path(str(file)) as workbook:
            rows = workbook.get_sheet_by_index(0).to_python() if workbook.sheet_names else []
    except CalamineError as error:
        raise ValueError("no workbook") from error
    return _sheet(rows)


def _sheet(rows: list[list[Any]]) -> pa.Table:
    import pyarrow as pa

    heads = [str(cell).strip() or f"Column{number}" for number, cell in enumerate(rows[0], 1)] if rows else []
    # Names that are there twice are one column to Arrow's readers.
    names = [name if name not in heads[:place] else f"{name}_{place + 1}" for place, name in enumerate(heads)]
    columns = [[row[place] for row in rows[1:]] for place in range(len(names))]
    return pa.table([_array(cells) for cells in columns], names=names)


def _array(cells: list[Any]) -> pa.Array[Any]:
    """Cells in the one type that they have; in text where they have several."""
    import pyarrow as pa

    known = [None if cell == "" else cell for cell in cells]
    try:
        found: pa.Array[Any] = pa.array(known)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        found = pa.array([None if cell is None else str(cell) for cell in known], pa.string())
    return found


def _check_size(file: Path, size: int, most: int) -> None:
    if size > most:
        raise WorkspaceError(
            f"The file is too large to look into: {size // 2**20} MB as a whole.",
            place=str(file),
            hint="Keep data of this size as Parquet or CSV, of which a part can be read.",
        )


def _of_table(table: pa.Table) -> Opened:
    return Opened(table.schema, lambda rows: iter(table.to_batches(max_chunksize=rows)))
