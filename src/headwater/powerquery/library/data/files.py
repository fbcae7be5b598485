"""Files and folders of the machine that runs the evaluation, where it has been granted them."""

from __future__ import annotations

import datetime as dt
import mimetypes
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Record, Thunk, Value, missing_file
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import DateTime

if TYPE_CHECKING:
    from headwater.powerquery.connections.paths import Located
    from headwater.powerquery.evaluator.session import Session

_OPTION = "PreserveLastAccessTimes"
"""Reading leaves the time of the last access to the file system, whatever is asked for."""


@function("File.Contents(path as text, optional options as nullable record) as binary", session=True)
def file_contents(session: Session, path: str, options: Record | None = None) -> Binary:
    """The bytes of a file."""
    known_options(options, "File.Contents", _OPTION)
    granted = session.granted_path(path)
    try:
        granted.stat()
    except OSError as error:
        raise missing_file(path, error) from error
    return Binary(granted)


@function("Folder.Files(path as text, optional options as nullable record) as table", session=True)
def folder_files(session: Session, path: str, options: Record | None = None) -> Table:
    """A row a file in a folder and the folders below it, ordered by folder and name."""
    known_options(options, "Folder.Files", _OPTION)

    def files(folder: Path) -> Iterable[Path]:
        return sorted(entry for entry in folder.rglob("*") if entry.is_file())

    return _listing(session, path, t.BINARY, files)


@function("Folder.Contents(path as text, optional options as nullable record) as table", session=True)
def folder_contents(session: Session, path: str, options: Record | None = None) -> Table:
    """A row a file and a row a folder in a folder, ordered by name; a folder's Content is a table of the same form."""
    known_options(options, "Folder.Contents", _OPTION)
    return _listing(session, path, t.ANY, lambda folder: sorted(folder.iterdir()))


def _listing(session: Session, path: str, content: t.Type, entries: Callable[[Path], Iterable[Path]]) -> Table:
    session.granted_path(path, "Folder")
    located = session.locate(path)
    try:
        next(located.path.iterdir(), None)  # says so where there is no such folder; a search beneath it does not
        found = list(entries(located.path))
    except OSError as error:
        raise missing_file(path, error) from error

    def rows() -> Iterator[list[Value]]:
        return (_row(session, located, entry) for entry in found)

    columns = {**LISTING_COLUMNS, "Content": content}
    return RowTable(table_type(list(columns), list(columns.values())), rows)


LISTING_COLUMNS: dict[str, t.Type] = {
    "Content": t.BINARY,
    "Name": t.TEXT,
    "Extension": t.TEXT,
    "Date accessed": t.DATETIME,
    "Date modified": t.DATETIME,
    "Date created": t.DATETIME,
    "Attributes": t.RECORD,
    "Folder Path": t.TEXT,
}
"""What every listing of files has; Content may be of another type."""


def _row(session: Session, located: Located, entry: Path) -> list[Value]:
    """A link that leads out of the granted folders is listed, and reading it is an error."""
    shown = located.shown_folder(entry.parent)

    def content() -> Value:
        # The folder has been opened: what is in it belongs to the same source.
        target = session.locate(str(entry))
        return folder_contents(session, f"{shown}{entry.name}") if target.path.is_dir() else Binary(target.path)

    try:
        status = entry.lstat()
        is_folder = entry.is_dir()
    except OSError as error:
        raise missing_file(f"{shown}{entry.name}", error) from error
    return [
        Thunk(content),
        entry.name,
        "" if is_folder else entry.suffix,
        _moment(session, status.st_atime),
        _moment(session, status.st_mtime),
        _moment(session, status.st_ctime),
        _attributes(entry, status, is_folder=is_folder),
        shown,
    ]


_KINDS = {
    ".csv": "CSV File",
    ".txt": "Text File",
    ".prn": "Text File",
    ".xls": "Excel File",
    ".xlsx": "Excel File",
    ".xlsm": "Excel File",
    ".xlsb": "Excel File",
    ".accdb": "Access File",
    ".mdb": "Access File",
}


def file_kind(suffix: str) -> str:
    """What files with this ending are called."""
    return _KINDS.get(suffix.lower(), "File")


def _attributes(entry: Path, status: os.stat_result, *, is_folder: bool) -> Record:
    """What Windows keeps of a file, as far as it can be told here."""
    kind = "Folder" if is_folder else file_kind(entry.suffix)
    fields: dict[str, Value] = {
        "Content Type": None if is_folder else mimetypes.guess_type(entry.name)[0],
        "Kind": kind,
        "Size": status.st_size,
        "ReadOnly": not status.st_mode & stat.S_IWUSR,
        "Hidden": entry.name.startswith("."),
        "System": False,
        "Directory": is_folder,
        "Archive": False,
        "Device": False,
        "Normal": not is_folder,
        "Temporary": False,
        "SparseFile": False,
        "ReparsePoint": stat.S_ISLNK(status.st_mode),
        "Compressed": False,
        "Offline": False,
        "NotContentIndexed": False,
        "Encrypted": False,
    }
    return Record.of(fields)


def _moment(session: Session, seconds: float) -> DateTime:
    moment = dt.datetime.fromtimestamp(seconds, session.timezone)
    return DateTime.of(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second + moment.microsecond / 1e6
    )
