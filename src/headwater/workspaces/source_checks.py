"""What a source may be: its name, its address, and who may give it that address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from sqlalchemy import Connection, select

from headwater.access import Actor
from headwater.errors import ConflictError, UsageError
from headwater.store import tables
from headwater.workspaces.addresses import Destination, networks, origin_of
from headwater.workspaces.permissions import require_administrator
from headwater.workspaces.registry import destination, load_source
from headwater.workspaces.source_rows import CredentialMode, Source

__all__ = ["callable_address", "check_destination", "check_free", "check_mode", "check_name", "readdressed"]

_M_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_NAME = 255


def callable_address(kind: str, url: str, private_networks: Sequence[str], folders: Sequence[Path] = ()) -> Destination:
    """Where a source's address leads, if its connector can call it.

    Raises:
        UsageError: the kind is not installed, or the address or a network is none.
        OriginDeniedError: the address could never be called, or is in none of ``folders``.
    """
    found = destination(kind, url)
    load_source(kind, found.path, private_networks=networks(private_networks), folders=folders).close()
    return found


def check_destination(
    connection: Connection, actor: Actor, destination: Destination, private_networks: Sequence[str]
) -> None:
    """Go on only where the actor may name such an address; ForbiddenError: that is left to administrators."""
    if not destination.public or private_networks:
        require_administrator(connection, actor, "an address that is not a public https one")


def readdressed(  # noqa: PLR0917 -- the connection and the actor come first everywhere
    connection: Connection,
    actor: Actor,
    source: Source,
    url: str | None,
    private_networks: Sequence[str] | None,
    folders: Sequence[Path] = (),
) -> Source:
    """The source at another address, or with other private networks.

    Networks were allowed for one origin: at another, none are, unless they are given again. Models were trusted where
    they lay: at another address they are not.

    Raises:
        UsageError, OriginDeniedError, ForbiddenError: as ``callable_address`` and ``check_destination`` say.
    """
    address = source.url if url is None else url
    stays = destination(source.kind, address).origin == origin_of(source.url)
    kept = source.private_networks if stays else ()
    allowed = kept if private_networks is None else tuple(private_networks)
    found = callable_address(source.kind, address, allowed, folders)
    check_destination(connection, actor, found, allowed)
    trusted = source.trusted and found.path == source.url
    return replace(source, url=found.path, private_networks=allowed, trusted=trusted)


def check_name(name: str) -> None:
    """Refuse a name that M could not write (UsageError)."""
    if not _M_IDENTIFIER.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"'{name[:_LONGEST_NAME]}' cannot be a source's name.",
            hint="Use letters, digits and underscores, and begin with no digit: M calls its models name.model.",
        )


def check_mode(mode: str) -> None:
    """Refuse what is no ``CredentialMode`` (UsageError)."""
    if mode not in get_args(CredentialMode):
        raise UsageError("This is no way to use credentials.", hint="It is 'service' or 'personal'.")


def check_free(connection: Connection, name: str) -> None:
    """Refuse a name that is taken (ConflictError), also by a source that the actor may not see: M has one of a name."""
    if connection.scalar(select(tables.sources.c.id).where(tables.sources.c.name == name)) is not None:
        raise ConflictError(f"The name '{name}' is taken by a source.", hint="Choose another name.")
