"""Finding connectors: the bundled ones and others' come through the same entry points."""

from __future__ import annotations

from importlib.metadata import entry_points

from headwater.errors import UsageError
from headwater.workspaces.base import Connector, ConnectorFactory, Credential

__all__ = ["ENTRY_POINT_GROUP", "list_kinds", "load_connector"]

ENTRY_POINT_GROUP = "headwater.workspaces"


def list_kinds() -> list[str]:
    """The kinds of workspace that can be registered here, sorted."""
    return sorted(entry_points(group=ENTRY_POINT_GROUP).names)


def load_connector(kind: str, url: str, credential: Credential | None = None) -> Connector:
    """A connector to the workspace of ``kind`` at ``url``; nothing is called yet.

    Raises:
        UsageError: no such kind is installed, or ``url`` is not an address of one.
        OriginDeniedError: ``url`` may not be called.
    """
    found = list(entry_points(group=ENTRY_POINT_GROUP, name=kind))
    if not found:
        raise UsageError(
            f"There is no connector for workspaces of kind '{kind}'.",
            hint=f"The kinds installed here are: {', '.join(list_kinds()) or 'none'}.",
        )
    factory: ConnectorFactory = found[0].load()
    return factory(url, credential=credential)
