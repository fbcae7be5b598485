"""What the sources that read folders of this machine have in common."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from headwater.errors import WorkspaceError
from headwater.workspaces.addresses import Destination
from headwater.workspaces.base import Capability, Credential, WorkspaceInfo
from headwater.workspaces.files.folders import allowed_folder, check_there, folder_destination, label, path_name

__all__ = ["FolderRead"]


class FolderRead:
    """A folder that an administrator allowed, whatever is read in it.

    Args:
        url: the folder's path or ``file:`` URL.
        credential: there is none.
        private_networks: there are none.
        folders: those whose files, and the files below them, may be read.

    Raises:
        UsageError: ``url`` is no folder's address.
        OriginDeniedError: it lies in none of ``folders``.
    """

    kind: str
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
        """Prove that the folder is there."""
        self._check()
        return WorkspaceInfo(self.kind, self._destination.path, path_name(self._root), label(self._root))

    def _check(self) -> None:
        if self._closed:
            raise WorkspaceError("The source has been closed.", place=str(self._root))
        check_there(self._root)
