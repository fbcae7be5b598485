"""Finding connectors: the bundled ones and others' come through the same entry points."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from ipaddress import IPv4Network, IPv6Network

from headwater.errors import UsageError
from headwater.workspaces.base import Connector, ConnectorFactory, Credential
from headwater.workspaces.credentials import CREDENTIAL_KINDS

__all__ = ["ENTRY_POINT_GROUP", "credential_kinds", "list_kinds", "load_connector", "takes_fragment"]

ENTRY_POINT_GROUP = "headwater.workspaces"


def list_kinds() -> list[str]:
    """The kinds of workspace that can be registered here, sorted."""
    return sorted(entry_points(group=ENTRY_POINT_GROUP).names)


def credential_kinds(kind: str) -> frozenset[str]:
    """The kinds of credential that a workspace of ``kind`` takes: all of them where its connector does not say.

    Raises:
        UsageError: no such kind of workspace is installed.
    """
    stated: frozenset[str] = getattr(_factory(kind), "credential_kinds", frozenset(CREDENTIAL_KINDS))
    return stated


def takes_fragment(kind: str) -> bool:
    """Whether an address of a workspace of ``kind`` may have a fragment: the connector says so, and most do not.

    Raises:
        UsageError: no such kind of workspace is installed.
    """
    return bool(getattr(_factory(kind), "takes_fragment", False))


def load_connector(
    kind: str,
    url: str,
    credential: Credential | None = None,
    *,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
) -> Connector:
    """A connector to the workspace of ``kind`` at ``url``; nothing is called yet.

    Args:
        kind: one of ``list_kinds``.
        url: the workspace's address.
        credential: what is shown to it.
        private_networks: networks that are not public and that may be reached all the same.

    Raises:
        UsageError: no such kind is installed, or ``url`` is not an address of one.
        OriginDeniedError: ``url`` may not be called.
    """
    return _factory(kind)(url, credential=credential, private_networks=private_networks)


def _factory(kind: str) -> ConnectorFactory:
    found = list(entry_points(group=ENTRY_POINT_GROUP, name=kind))
    if not found:
        raise UsageError(
            f"There is no connector for workspaces of kind '{kind}'.",
            hint=f"The kinds installed here are: {', '.join(list_kinds()) or 'none'}.",
        )
    factory: ConnectorFactory = found[0].load()
    return factory
