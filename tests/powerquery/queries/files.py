"""The files of a case, made of what its description says of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq
from tests.powerquery.data.making import DATE, MOMENT, error_cell, number_cell, row, text_cell, xlsx_parts, zipped


def write_file(folder: Path, file: Mapping[str, Any]) -> None:
    """Write one file: ``text`` in an ``encoding``, ``sheets`` of a workbook, or Parquet ``rows`` under a ``schema``."""
    path = folder / file["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    if "sheets" in file:
        path.write_bytes(_workbook(file))
    elif "schema" in file:
        pq.write_table(_arrow(file["schema"], json.loads(file["rows"])), path)
    else:
        path.write_bytes(str(file["text"]).encode(file.get("encoding", "utf-8")))


def _arrow(schema: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Columns of the types that the schema names; what JSON has no value for is written as text."""
    columns = {name: pa.array([row.get(name) for row in rows]) for name in schema}
    kind_of: Callable[[Any], pa.DataType] = pa.type_for_alias
    return pa.table({name: columns[name].cast(kind_of(of)) for name, of in schema.items()})


# -- workbooks -----------------------------------------------------------------------------------------------------

_DAY_ZERO = dt.datetime(1899, 12, 30)


def _workbook(file: Mapping[str, Any]) -> bytes:
    """Sheets of rows of cells (empty text is no cell, one like ``#N/A`` an error), ``tables`` and ``names`` by area."""
    sheets = {name: _sheet(rows) for name, rows in file["sheets"].items()}
    first = next(iter(file["sheets"].values()))
    tables = {name: (area, _headers(first, area)) for name, area in file.get("tables", {}).items()}
    names = "".join(f'<definedName name="{name}">{area}</definedName>' for name, area in file.get("names", {}).items())
    wrapped = f"<definedNames>{names}</definedNames>" if names else ""
    return zipped(xlsx_parts(sheets, names=wrapped, tables=tables, hidden=file.get("hidden", ())))


def _headers(rows: Sequence[Sequence[object]], area: str) -> list[str]:
    """The headers of a table in columns of one letter."""
    start, _, end = area.partition(":")
    left, right, line = ord(start[0]) - ord("A"), ord(end[0]) - ord("A"), int(start[1:]) - 1
    return [str(cell) for cell in rows[line][left : right + 1]]


def _sheet(rows: Sequence[Sequence[object]]) -> str:
    return "".join(
        row(at, *(_cell(f"{chr(ord('A') + column)}{at}", value) for column, value in enumerate(cells) if value != ""))
        for at, cells in enumerate(rows, 1)
    )


def _cell(place: str, value: object) -> str:
    match value:
        case bool():
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return number_cell(place, value)
        case dt.datetime():
            return number_cell(place, (value - _DAY_ZERO) / dt.timedelta(days=1), MOMENT)
        case dt.date():
            return number_cell(place, (value - _DAY_ZERO.date()).days, DATE)
        case str() if value.startswith("#"):
            return error_cell(place, value)
    return text_cell(place, escape(str(value)))
