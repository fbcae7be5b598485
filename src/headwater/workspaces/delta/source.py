"""Reading Delta tables: one, or those in a folder and below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.errors import NotFoundError, WorkspaceError
from headwater.workspaces.addresses import Destination
from headwater.workspaces.base import Capability, Credential, DataAssetInfo, WorkspaceInfo
from headwater.workspaces.files.delta_tables import delta_sample, describe_delta
from headwater.workspaces.files.folders import allowed_folder, check_there, folder_destination, label, member, path_name
from headwater.workspaces.files.walking import recognised, walk
from headwater.workspaces.samples import check_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DeltaSource"]


class DeltaSource:
    """A Delta table, or the Delta tables in a folder and below it; what else lies there is passed over.

    Columns, rows and sizes are what a table's log says: its files are opened for samples alone.

    Args:
        url: the folder's path or ``file:`` URL.
        credential: there is none.
        private_networks: there are none.
        folders: those whose files, and the files below them, may be read.

    Raises:
        UsageError: ``url`` is no folder's address.
        OriginDeniedError: it lies in none of ``folders``.
    """

    kind: str = "delta"
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
        found = recognised(self._root)
        if found is not None and found.kind == "delta":
            table = describe_delta(self._root, None)
            if table.problem:
                raise WorkspaceError(table.problem, place=str(self._root), hint="Check it with the tool that wrote it.")
        name = path_name(self._root)
        return WorkspaceInfo(self.kind, self._destination.path, name, label(self._root))

    def list_data_assets(self) -> Iterator[DataAssetInfo]:
        self._check()
        return self._tables()

    def sample(self, qualified_name: str, rows: int) -> pa.Table:
        wanted = check_rows(rows)
        self._check()
        path = member(self._root, qualified_name)
        found = recognised(path) if path.is_dir() else None
        if found is None or found.kind != "delta":
            raise NotFoundError(
                "There is no Delta table here.", place=str(path), hint="Name one of the source's tables."
            )
        return delta_sample(path, wanted)

    def _tables(self) -> Iterator[DataAssetInfo]:
        """The tables, each after the folders that lead to it."""
        folders: dict[Path, DataAssetInfo] = {}
        for found in walk(self._root):
            parent = None if found.parent is None else path_name(found.parent)
            if found.kind == "folder":
                folders[found.path] = DataAssetInfo(
                    path_name(found.path), label(found.path), "folder", "local", parent=parent, problem=found.problem
                )
                if found.problem:
                    yield replace(folders[found.path], parent=None)
            elif found.kind == "delta":
                above = [folders.pop(folder) for folder in reversed(found.path.parents) if folder in folders]
                yield from above
                yield describe_delta(found.path, parent)

    def _check(self) -> None:
        if self._closed:
            raise WorkspaceError("The source has been closed.", place=str(self._root))
        check_there(self._root)
