"""A folder of this machine, or a share that is mounted there, as a source of data."""

from headwater.workspaces.folder.source import FolderSource

__all__ = ["FolderSource"]
