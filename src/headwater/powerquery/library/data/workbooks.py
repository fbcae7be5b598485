"""Workbooks: sheets, tables and defined names, by calamine; from an xlsx package also what calamine leaves out.

Those are error cells and defined names. In xls, xlsb and ods files an error cell reads as empty, and defined names are
not listed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from headwater.errors import MError
from headwater.powerquery.library.limits import check_size
from headwater.powerquery.values.core import Binary, Thunk, Value, binary_bytes
from headwater.powerquery.values.times import TICKS_PER_DAY, Date, DateTime, Duration, Time

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

Cells: TypeAlias = "list[list[Value]]"

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_AREA = re.compile(
    r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!,]+))!"
    r"\$?(?P<left>[A-Z]{1,3})\$?(?P<top>\d+)(?::\$?(?P<right>[A-Z]{1,3})\$?(?P<bottom>\d+))?"
)
_NO_PART = (
    zipfile.BadZipFile, RuntimeError, LookupError, OSError, ValueError, EOFError, struct.error, zlib.error,
)  # fmt: skip
"""What a missing, damaged or encrypted part of an archive ends in."""
_DAY_ZERO = Date.of(1899, 12, 31).ticks
"""The day of a cell that is a time and no date."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a workbook; ``cells`` reads it. A table's ``headers`` are its columns' names."""

    name: str
    kind: Literal["Sheet", "Table", "DefinedName"]
    hidden: bool
    cells: Callable[[], Cells]
    headers: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The cells from ``top`` and ``left`` on, counted from zero."""

    top: int
    left: int
    cells: Cells

    def area(self, top: int, left: int, bottom: int, right: int) -> Cells:
        """The cells of an area of the sheet; null where the sheet has none."""
        empty: list[Value] = []
        rows = (
            (self.cells[at - self.top] if 0 <= at - self.top < len(self.cells) else empty) for at in range(top, bottom)
        )
        return [
            [row[at - self.left] if 0 <= at - self.left < len(row) else None for at in range(left, right)]
            for row in rows
        ]


def not_a_workbook(error: Exception | None = None) -> MError:
    """The error of bytes that are no workbook, or a damaged or protected one."""
    protected = type(error).__name__ == "PasswordError"
    return MError(
        "DataFormat.Error",
        "The workbook is protected by a password." if protected else "The bytes are no workbook that can be read.",
        hint="Save it without a password." if protected else "Give an xlsx, xlsb, xls or ods file.",
    )


class Workbook:
    """A workbook that has been opened; its cells are read when they are asked for.

    Raises:
        MError: DataFormat.Error, the bytes are no workbook; DataSource.Error, the file cannot be read.
    """

    def __init__(self, source: bytes | Binary) -> None:
        self._data = binary_bytes(source)
        self._package = _Package.of(self._data)
        self._book = _opened(self._data)
        self._sheets: dict[str, _Sheet] = {}

    def items(self) -> Iterator[Item]:
        """Sheets, then tables, then defined names."""
        from python_calamine import SheetVisibleEnum

        for sheet in self._book.sheets_metadata:
            hidden = sheet.visible != SheetVisibleEnum.Visible
            yield Item(sheet.name, "Sheet", hidden, lambda name=sheet.name: self._sheet(name).cells)  # type: ignore[misc]  # a default binds the name
        for name in self._book.table_names or ():
            yield self._table(name)
        if self._package is not None:
            yield from map(self._defined, self._package.areas())

    def _sheet(self, name: str) -> _Sheet:
        if name not in self._sheets:
            self._sheets[name] = self._read(name)
        return self._sheets[name]

    def _read(self, name: str) -> _Sheet:
        from python_calamine import CalamineError

        try:
            sheet = self._book.get_sheet_by_name(name)
            rows: list[list[Any]] = sheet.to_python()
        except CalamineError as error:
            raise not_a_workbook(error) from error
        top, left = sheet.start or (0, 0)
        cells: Cells = [[_cell(value) for value in row] for row in rows]
        for row, column, shown in self._package.errors(name) if self._package is not None else ():
            if 0 <= row - top < len(cells) and 0 <= column - left < len(cells[row - top]):
                cells[row - top][column - left] = Thunk.failed(_cell_error(shown))
        return _Sheet(top, left, cells)

    def _table(self, name: str) -> Item:
        table = self._book.get_table_by_name(name)
        start, end, sheet = table.start, table.end, table.sheet

        def cells() -> Cells:
            if start is None or end is None:
                return []
            return self._sheet(sheet).area(start[0], start[1], end[0] + 1, end[1] + 1)

        return Item(name, "Table", False, cells, headers=table.columns)

    def _defined(self, area: _Area) -> Item:
        def cells() -> Cells:
            return self._sheet(area.sheet).area(area.top, area.left, area.bottom, area.right)

        return Item(area.name, "DefinedName", area.hidden, cells)


def _opened(data: bytes) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook, TablesNotSupported

    try:
        try:
            return CalamineWorkbook.from_object(io.BytesIO(data), load_tables=True)
        except TablesNotSupported:
            return CalamineWorkbook.from_object(io.BytesIO(data))
    except (CalamineError, OSError, ValueError) as error:
        raise not_a_workbook(error) from error


def _cell(value: Any) -> Value:
    """A cell as calamine gives it: empty text stands for no value."""
    if value == "" and isinstance(value, str):
        return None
    match value:
        case dt.datetime():
            return DateTime(Date.of(value.year, value.month, value.day).ticks + _clock(value.time()))
        case dt.date():
            return DateTime(Date.of(value.year, value.month, value.day).ticks)
        case dt.time():
            return DateTime(_DAY_ZERO + _clock(value))
        case dt.timedelta():
            return Duration(value.days * TICKS_PER_DAY + value.seconds * 10_000_000 + value.microseconds * 10)
    return value


def _clock(value: dt.time) -> int:
    return Time.of(value.hour, value.minute, value.second).ticks + value.microsecond * 10


def _cell_error(shown: str) -> MError:
    return MError("DataFormat.Error", f"The cell holds the error {shown}.", shown, hint="Correct it in the workbook.")


# -- the package ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Area:
    """What a defined name names; rows and columns from zero, the last ones beyond the area."""

    name: str
    hidden: bool
    sheet: str
    top: int
    left: int
    bottom: int
    right: int


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class _Package:
    """The XML files of an xlsx workbook."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @classmethod
    def of(cls, data: bytes) -> _Package | None:
        """The package, or None where the bytes are another kind of workbook."""
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
        except _NO_PART:
            return None
        for part in archive.infolist():
            check_size(part.file_size, "A part of the workbook")
        return cls(archive) if "xl/workbook.xml" in archive.namelist() else None

    def _tree(self, path: str) -> Any:
        """The root of a part; None where it is missing or no XML."""
        from lxml import etree

        try:
            content = self._archive.read(path)
            return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        except (etree.XMLSyntaxError, *_NO_PART):
            return None

    @cached_property
    def _workbook(self) -> Any:
        return self._tree("xl/workbook.xml")

    @cached_property
    def _parts(self) -> dict[str, str]:
        """Each sheet's part, by the sheet's name."""
        relations = self._tree("xl/_rels/workbook.xml.rels")
        if relations is None or self._workbook is None:
            return {}
        targets = {node.get("Id"): str(node.get("Target", "")) for node in relations}
        sheets = self._workbook.iter(f"{_MAIN}sheet")
        found = {str(sheet.get("name")): targets.get(sheet.get(_RELATION), "") for sheet in sheets}
        return {name: path.removeprefix("/") if path.startswith("/") else f"xl/{path}" for name, path in found.items()}

    def areas(self) -> Iterator[_Area]:
        """The defined names that name one area of one sheet."""
        nodes = () if self._workbook is None else self._workbook.iter(f"{_MAIN}definedName")
        for node in nodes:
            found = _AREA.fullmatch((node.text or "").strip())
            if found is None:
                continue
            sheet = (found["quoted"] or found["plain"]).replace("''", "'")
            left, top = _column_number(found["left"]), int(found["top"]) - 1
            right = _column_number(found["right"] or found["left"]) + 1
            bottom = int(found["bottom"] or found["top"])
            hidden = node.get("hidden") in ("1", "true")
            if sheet in self._parts and top >= 0:
                yield _Area(str(node.get("name")), hidden, sheet, top, left, bottom, right)

    def errors(self, sheet: str) -> Iterator[tuple[int, int, str]]:
        """Row, column and text of each error cell of a sheet."""
        path = self._parts.get(sheet, "")
        try:
            content = self._archive.read(path)
        except _NO_PART:
            return
        if b't="e"' not in content and b"t='e'" not in content:
            return
        row = -1
        for node in self._cells(content):
            if node.tag == f"{_MAIN}row":
                number = str(node.get("r"))
                row, column = (int(number) - 1 if number.isdecimal() else row + 1), -1
                continue
            reference = re.match(r"[A-Z]+", node.get("r", ""))
            column = _column_number(reference[0]) if reference else column + 1
            if node.get("t") == "e":
                yield row, column, str(node.findtext(f"{_MAIN}v") or "#N/A")

    @staticmethod
    def _cells(content: bytes) -> Iterator[Any]:
        """The rows of a sheet, each followed by its cells."""
        from lxml import etree

        walk = etree.iterparse(
            io.BytesIO(content), tag=f"{_MAIN}row", resolve_entities=False, no_network=True, huge_tree=True
        )
        try:
            for _, row in walk:
                yield row
                yield from row.iterchildren(f"{_MAIN}c")
                row.clear()
        except etree.XMLSyntaxError as error:
            raise not_a_workbook(error) from error
