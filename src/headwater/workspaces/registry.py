"""Finding connectors: the bundled ones and others' come through the same entry points."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import cast

from headwater.errors import UsageError
from headwater.workspaces.addresses import Destination, source_url
from headwater.workspaces.base import Connector, ConnectorFactory, Credential, DataSource, DataSourceFactory
from headwater.workspaces.credentials import CREDENTIAL_KINDS

__all__ = [
    "ENTRY_POINT_GROUP",
    "credential_kinds",
    "destination",
    "holds_models",
    "list_kinds",
    "load_connector",
    "load_data_source",
    "load_source",
]

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


def destination(kind: str, url: str) -> Destination:
    """Where an address of a source of ``kind`` leads; most kinds have http addresses, the others read their own.

    Raises:
        UsageError: no such kind is installed, or ``url`` is no address of one.
    """
    factory = _factory(kind)
    if hasattr(factory, "destination"):
        read: Destination = factory.destination(url)
        return read
    return source_url(url, takes_fragment=bool(getattr(factory, "takes_fragment", False)))


def holds_models(kind: str) -> bool:
    """Whether a source of ``kind`` is a workspace with models; False: it holds data alone (a ``DataSource``).

    A kind that is not installed (any more) counts as one: whoever calls such a source is then told what is missing.
    """
    return kind not in list_kinds() or _has_models(_factory(kind))


def load_source(
    kind: str,
    url: str,
    credential: Credential | None = None,
    *,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
    folders: Sequence[Path] = (),
) -> Connector | DataSource:
    """A connector or a data source, as the kind has it; see :func:`load_connector` and :func:`load_data_source`."""
    if holds_models(kind):
        return load_connector(kind, url, credential, private_networks=private_networks)
    return load_data_source(kind, url, credential, private_networks=private_networks, folders=folders)


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
        UsageError: no such kind is installed, it holds no models, or ``url`` is not an address of one.
        OriginDeniedError: ``url`` may not be called.
    """
    factory = _factory(kind)
    if not _has_models(factory):
        raise UsageError(f"A source of kind '{kind}' holds data and no models.", hint="Name a workspace with models.")
    return factory(url, credential=credential, private_networks=private_networks)


def load_data_source(
    kind: str,
    url: str,
    credential: Credential | None = None,
    *,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
    folders: Sequence[Path] = (),
) -> DataSource:
    """The data source of ``kind`` at ``url``; nothing is called or opened yet.

    Args:
        kind: one of ``list_kinds``.
        url: the source's address.
        credential: what is shown to it.
        private_networks: networks that are not public and that may be reached all the same.
        folders: those whose files, and the files below them, may be read.

    Raises:
        UsageError: no such kind is installed, it is one of workspaces, or ``url`` is not an address of one.
        OriginDeniedError: ``url`` may not be read.
    """
    found = _factory(kind)
    if _has_models(found):
        raise UsageError(f"A source of kind '{kind}' is a workspace.", hint="Name a source of data.")
    factory = cast("DataSourceFactory", found)
    return factory(url, credential=credential, private_networks=private_networks, folders=tuple(folders))


def _has_models(factory: ConnectorFactory) -> bool:
    return bool(getattr(factory, "holds_models", True))


def _factory(kind: str) -> ConnectorFactory:
    found = list(entry_points(group=ENTRY_POINT_GROUP, name=kind))
    if not found:
        raise UsageError(
            f"There is no connector for workspaces of kind '{kind}'.",
            hint=f"The kinds installed here are: {', '.join(list_kinds()) or 'none'}.",
        )
    factory: ConnectorFactory = found[0].load()
    return factory
