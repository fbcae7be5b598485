"""Reading what a folder holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import NotFoundError, WorkspaceError
from headwater.workspaces.addresses import Destination
from headwater.workspaces.base import Capability, Credential, DataAssetInfo, WorkspaceInfo
from headwater.workspaces.files.delta_tables import delta_sample, describe_delta
from headwater.workspaces.files.folders import allowed_folder, check_there, folder_destination, label, member, path_name
from headwater.workspaces.files.reading import Opened, open_data, row_count
from headwater.workspaces.files.walking import Entry, Found, form_of, recognised, walk
from headwater.workspaces.samples import check_rows, first_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FolderSource"]


class FolderSource:
    """The files with data in a folder and below it, which an administrator allowed to be read.

    A folder of partitions (``month=1/…``) or of part files is one dataset. Links are not followed, hidden files are
    passed over. A file's digest is of its size and of the moment of its last change: its content is not read for that.

    Args:
        url: the folder's path or ``file:`` URL.
        credential: there is none.
        private_networks: there are none.
        folders: those whose files, and the files below them, may be read.

    Raises:
        UsageError: ``url`` is no folder's address.
        OriginDeniedError: it lies in none of ``folders``.
    """

    kind: str = "folder"
    capabilities: frozenset[Capability] = frozenset({"data_assets"})
    credential_kinds: frozenset[str] = frozenset({"anonymous"})
    holds_models: bool = False
    destination = staticmethod(folder_destination)

    def __init__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        folders: Sequence[Path] = (),
    ) -> None:
        self._destination: Destination = folder_destination(url)
        self._root = allowed_folder(url, folders)
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def test(self) -> WorkspaceInfo:
        self._check()
        return WorkspaceInfo(self.kind, self._destination.path, path_name(self._root), label(self._root))

    def list_data_assets(self) -> Iterator[DataAssetInfo]:
        self._check()
        return (_described(found) for found in walk(self._root))

    def sample(self, qualified_name: str, rows: int) -> pa.Table:
        wanted = check_rows(rows)
        self._check()
        path = member(self._root, qualified_name)
        found = recognised(path) if path.is_dir() else None
        if found is not None and found.kind == "delta":
            return delta_sample(path, wanted)
        opened = self._opened(path, found)
        return first_rows(opened.schema, opened.batches(wanted), wanted)

    def _opened(self, path: Path, found: Found | None) -> Opened:
        form = form_of(path.name)
        if found is not None:
            return open_data([file.path for file in found.files], found.files[0].form, path)
        if form is None or not path.is_file():
            raise NotFoundError("There are no rows in this.", place=str(path), hint="Name a file or a dataset in it.")
        return open_data([path], form, path.parent)

    def _check(self) -> None:
        if self._closed:
            raise WorkspaceError("The source has been closed.", place=str(self._root))
        check_there(self._root)


def _described(found: Found) -> DataAssetInfo:
    parent = None if found.parent is None else path_name(found.parent)
    if found.kind == "delta":
        return describe_delta(found.path, parent)
    if found.kind == "folder":
        return DataAssetInfo(
            path_name(found.path), label(found.path), "folder", "local", parent=parent, problem=found.problem
        )
    base = found.path if found.kind == "dataset" else found.path.parent
    files, form = [file.path for file in found.files], found.files[0].form
    columns, problem = None, ""
    try:
        columns = open_data(files, form, base).columns
    except WorkspaceError as error:
        problem = error.message
    partitions = _partitions(found)
    return DataAssetInfo(
        path_name(found.path),
        label(found.path),
        "folder" if found.kind == "dataset" else "file",
        "local",
        columns=columns,
        tags={"format": form},
        parent=parent,
        digest=_digest(found),
        rows=row_count(files, form),
        size=sum(file.size for file in found.files),
        updated_at=_moment(max(file.modified for file in found.files)),
        partition_columns=partitions,
        problem=problem,
    )


def _partitions(found: Found) -> tuple[str, ...]:
    """The names before "=" in the folders between a dataset and its first file."""
    between = found.files[0].path.parent.relative_to(found.path).parts if found.kind == "dataset" else ()
    return tuple(part.partition("=")[0] for part in between)


def _digest(found: Found) -> str:
    """What changes whenever a file is written, added or taken away."""

    def line(file: Entry) -> str:
        return f"{file.path.relative_to(found.path.parent)}\0{file.size}\0{file.modified}\n"

    text = "".join(line(file) for file in found.files)
    return "state:" + hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
