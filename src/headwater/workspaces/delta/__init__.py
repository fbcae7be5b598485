"""Delta tables of this machine as a source of data."""

from headwater.workspaces.delta.source import DeltaSource

__all__ = ["DeltaSource"]
