"""Files and folders of the machine that runs the evaluation, where it has been granted them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Record, Thunk, Value, missing_file
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import DateTime

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "File.Contents(path as text, optional options as nullable record) as binary",
    session=True,
)
def file_contents(session: Session, path: str, _options: Value = None) -> Binary:
    """The bytes of a file."""
    granted = session.granted_path(path)
    try:
        granted.stat()
    except OSError as error:
        raise missing_file(path, error) from error
    return Binary(granted)


_FILE_COLUMNS = {
    "Content": t.BINARY,
    "Name": t.TEXT,
    "Extension": t.TEXT,
    "Date accessed": t.DATETIME,
    "Date modified": t.DATETIME,
    "Date created": t.DATETIME,
    "Attributes": t.RECORD,
    "Folder Path": t.TEXT,
}


@function(
    "Folder.Files(path as text, optional options as nullable record) as table",
    session=True,
)
def folder_files(session: Session, path: str, _options: Value = None) -> Table:
    """A row a file in a folder and the folders below it, ordered by folder and name."""
    folder = session.granted_path(path)
    try:
        next(folder.iterdir(), None)  # says so where there is no such folder, which a search beneath it does not
        files = sorted(entry for entry in folder.rglob("*") if entry.is_file())
    except OSError as error:
        raise missing_file(path, error) from error

    def rows() -> Iterator[list[Value]]:
        return (_file_row(session, file) for file in files)

    return RowTable(table_type(list(_FILE_COLUMNS), list(_FILE_COLUMNS.values())), rows)


def _file_row(session: Session, file: Path) -> list[Value]:
    """A link that leads out of the granted folders is listed, and reading it is an error."""

    def content() -> Binary:
        return Binary(session.granted_path(str(file)))

    try:
        status = file.lstat()
    except OSError as error:
        raise missing_file(str(file), error) from error
    attributes = Record.of({"Size": status.st_size, "Kind": "File", "Hidden": file.name.startswith(".")})
    return [
        Thunk(content),
        file.name,
        file.suffix,
        _moment(session, status.st_atime),
        _moment(session, status.st_mtime),
        _moment(session, status.st_ctime),
        attributes,
        f"{file.parent}/",
    ]


def _moment(session: Session, seconds: float) -> DateTime:
    moment = dt.datetime.fromtimestamp(seconds, session.timezone)
    return DateTime.of(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second + moment.microsecond / 1e6
    )
