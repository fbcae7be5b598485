"""Files of a Hadoop file system, through its web interface."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from headwater.errors import MError
from headwater.powerquery.library.data.files import LISTING_COLUMNS, file_kind
from headwater.powerquery.library.data.web import request_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import TICKS_PER_SECOND, DateTime

if TYPE_CHECKING:
    from headwater.powerquery.connections import Connection
    from headwater.powerquery.connections.web import Request
    from headwater.powerquery.evaluator.session import Session

_API = "/webhdfs/v1"
_EPOCH = DateTime.of(1970, 1, 1, 0, 0, 0).ticks


@function("Hdfs.Contents(url as text) as table", session=True)
def hdfs_contents(session: Session, url: str) -> Table:
    """
    A row a file and a row a folder in a folder of a Hadoop file system, given by its WebHDFS address; a folder's
    Content is a table of the same form. A file is read when its Content is, from the machine that the system names,
    which has to be allowed like any other.
    """
    folder = _opened(session, url)
    return folder.table(t.ANY, lambda: folder.entries(""))


@function("Hdfs.Files(url as text) as table", session=True)
def hdfs_files(session: Session, url: str) -> Table:
    """A row a file in a folder of a Hadoop file system and the folders below it; see Hdfs.Contents."""
    folder = _opened(session, url)
    return folder.table(t.BINARY, lambda: folder.files(""))


def _opened(session: Session, url: str) -> _Folder:
    parts = urlsplit(url)
    path = parts.path if parts.path.startswith(_API) else f"{_API}{parts.path}"
    address = parts._replace(path=path.rstrip("/"), query="", fragment="").geturl()
    request, connection = request_of(session, "GET", address, {}, "Hdfs")
    return _Folder(session, request, connection)


@dataclasses.dataclass(frozen=True, slots=True)
class _Folder:
    """A folder; ``request`` is for its address, and entries below are named by their path from here."""

    session: Session
    request: Request
    connection: Connection

    def table(self, content: t.Type, entries: Any) -> RowTable:
        columns = {**LISTING_COLUMNS, "Content": content}
        return RowTable(
            table_type(list(columns), list(columns.values())),
            lambda: (self._row(path, status) for path, status in entries()),
        )

    def entries(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries of the folder at a path, in order of name."""
        try:
            listed = json.loads(self._asked(path, "LISTSTATUS"))["FileStatuses"]["FileStatus"]
            named = sorted((str(status["pathSuffix"]), status) for status in listed)
        except (ValueError, KeyError, TypeError):
            raise MError(
                "DataSource.Error",
                f"'{self.request.url}' does not list a folder as WebHDFS does.",
                hint="Give the address of a folder: http://host:9870/webhdfs/v1/folder.",
                code="m.data_source",
            ) from None
        return ((f"{path}/{name}", status) for name, status in named)

    def files(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The files of a folder and of those below it."""
        for below, status in self.entries(path):
            if status.get("type") == "DIRECTORY":
                yield from self.files(below)
            else:
                yield below, status

    def _asked(self, path: str, operation: str) -> bytes:
        url = f"{self.request.url}{quote(path)}?op={operation}"
        return self.session.web.fetch(dataclasses.replace(self.request, url=url), self.connection).body

    def _row(self, path: str, status: dict[str, Any]) -> list[Value]:
        is_folder = status.get("type") == "DIRECTORY"
        parent, _, name = path.rpartition("/")
        suffix = "" if is_folder else PurePosixPath(name).suffix
        kind = "Folder" if is_folder else file_kind(suffix)
        size = status.get("length")
        return [
            Thunk(lambda: self._below(path) if is_folder else self._read(path)),
            name,
            suffix,
            _moment(status.get("accessTime")),
            _moment(status.get("modificationTime")),
            None,
            Record.of({"Kind": kind, "Size": size, "Directory": is_folder}),
            f"{self.request.url}{parent}/",
        ]

    def _below(self, path: str) -> RowTable:
        inner = dataclasses.replace(self.request, url=f"{self.request.url}{quote(path)}")
        folder = dataclasses.replace(self, request=inner)
        return folder.table(t.ANY, lambda: folder.entries(""))

    def _read(self, path: str) -> bytes:
        """The bytes of a file: the system says which of its machines has them."""
        answer = self._asked(path, "OPEN&noredirect=true")
        try:
            place = json.loads(answer)["Location"]
        except (ValueError, KeyError, TypeError):
            return answer
        connection = self.session.find_connection("Hdfs", str(place))
        return self.session.web.fetch(dataclasses.replace(self.request, url=str(place)), connection).body


def _moment(milliseconds: Any) -> Value:
    if not isinstance(milliseconds, int) or milliseconds <= 0:
        return None
    return DateTime(_EPOCH + milliseconds * TICKS_PER_SECOND // 1000)
