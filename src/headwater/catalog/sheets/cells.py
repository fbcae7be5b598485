"""CSV that spreadsheets open without harm and that is read back as it was written.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which reading takes away.
Several things in one cell are parted by semicolons.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.errors import UsageError

__all__ = ["Line", "join", "read_sheet", "read_value", "split", "write_sheet", "write_value"]

#: What makes a cell a formula, and the apostrophe itself.
_UNSAFE = frozenset("=+-@\t\r\n'")
_JSON = "json:"
#: No cell of a description is longer; csv's own limit is lower.
_LONGEST_CELL = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: where it begins, counted from 1, and its cells by the names of their columns."""

    number: int
    cells: Mapping[str, str]


def write_sheet(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """A sheet as CSV, its columns' names first; with the mark by which spreadsheets know UTF-8.

    >>> write_sheet(["a"], [{"a": "=1+1"}])
    "\\ufeffa\\r\\n'=1+1\\r\\n"
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    for cells in (columns, *([row.get(name, "") for name in columns] for row in rows)):
        writer.writerow([_safe(cell) for cell in cells])
    return f"\ufeff{written.getvalue()}"


def read_sheet(content: bytes) -> tuple[list[str], list[Line]]:
    """The columns and lines of a sheet; one parted by semicolons or tabs, as some spreadsheets write it, is read too.

    Raises:
        UsageError: it is no UTF-8 or no CSV, has no columns or two of one name, or a line is longer than the first.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong("The file is no UTF-8.", "Save it as CSV in UTF-8.") from error
    if "\x00" in text:
        raise _wrong("The file holds the character 0.", "Save it as CSV in UTF-8.")
    lines = _lines(text)
    _, first = next(lines, (1, []))
    columns = [_plain(cell) for cell in first]
    if not any(columns) or len(set(columns)) < len(columns):
        raise _wrong("The first line names no columns, or two of one name.", "Begin with the line that was exported.")
    found: list[Line] = []
    for number, cells in lines:
        if len(cells) > len(columns):
            raise _wrong("A line has more cells than there are columns.", "Put quotes around it.", f"line {number}")
        if any(cells):
            found.append(Line(number, {name: _plain(cell) for name, cell in zip(columns, cells, strict=False)}))
    return columns, found


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Every line with the number at which it begins; a cell may hold several lines of the file."""
    # The name of the first column holds none of these.
    delimiter = next((character for character in text if character in ",;\t\r\n"), ",").strip("\r\n") or ","
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise _wrong("The file is no CSV.", "Export it anew, and edit that.", f"line {number}") from error


def join(items: Iterable[str]) -> str:
    r"""Several things in one cell.

    >>> join(["a", "b;c"]), split(" a ;;b\\;c ")
    ('a; b\\;c', ['a', 'b;c'])
    """
    # A space at either end would be taken for one beside a semicolon.
    return "; ".join(re.sub(r"[\\;]|^\s+|\s+$", _escaped, item) for item in items if item)


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\{character}" for character in found[0])


def split(cell: str) -> list[str]:
    """The things in one cell, without spaces around them."""
    items = [re.sub(r"(?<!\\)\s+$", "", item.lstrip()) for item in re.findall(r"(?:[^\\;]|\\.)+", cell, re.S)]
    return [re.sub(r"\\(.)", r"\1", item, flags=re.S) for item in items if item]


def write_value(value: Any) -> str:
    """A value as a cell: a text as it is, anything else as JSON.

    >>> write_value("3"), write_value(3), read_value("json:3")
    ('3', 'json:3', 3)
    """
    if isinstance(value, str) and value.strip() and not value.startswith(_JSON):
        return value
    return f"{_JSON}{json.dumps(value, ensure_ascii=False)}"


def read_value(cell: str) -> Any:
    """The value of a cell; UsageError where it begins as JSON does and is none."""
    if not cell.startswith(_JSON):
        return cell
    try:
        return json.loads(cell.removeprefix(_JSON))
    except ValueError as error:
        raise _wrong("A cell begins with 'json:' and is no JSON.", "Write the text without it.") from error


def _safe(cell: str) -> str:
    return f"'{cell}" if cell[:1] in _UNSAFE and cell else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _UNSAFE and cell[1:2] else cell


def _wrong(message: str, hint: str, place: str = "") -> UsageError:
    return UsageError(message, hint=hint, place=place, code="catalog.sheet")
