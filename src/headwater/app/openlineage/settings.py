"""The table ``[openlineage]`` of ``headwater.toml``: who is sent the events of refreshes.

::

    [openlineage]
    url = "https://lineage.example.org/api/v1/lineage"
    api_key = "env:LINEAGE_KEY"            # sent as a bearer token
    file = "lineage.jsonl"                 # or as well: a file, one event a line; relative to the home folder
    source_code = false                    # whether the M text of entities goes with them
    private_networks = ["10.0.0.0/8"]      # in which the receiver may be
    collection = "pipelines"               # where new assets go that others send events of; the root if it is left out
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from headwater.app.configuration import Section
from headwater.errors import HeadwaterError
from headwater.net.origins import check_scheme, parse_origin

__all__ = ["Receiver", "read_receiver"]

_KNOWN = ("url", "api_key", "file", "source_code", "private_networks", "collection")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is sent the events; ``api_key`` is a reference. Neither ``url`` nor ``file``: nobody.

    ``collection`` is of what is received: where new assets go, where a request does not say.
    """

    url: str = ""
    api_key: str = ""
    file: Path | None = None
    source_code: bool = False
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    collection: str | None = None

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self.url) or self.file is not None


def read_receiver(document: Mapping[str, Any], home: Path, marker: Path) -> Receiver:
    """What the table says.

    Raises:
        HomeError: an entry is not known or of another kind, or the address is none (``home.unreadable``).
    """
    section = Section.of(document, "openlineage", marker, _KNOWN)
    source_code = section.entries.get("source_code", False)
    if not isinstance(source_code, bool):
        raise section.wrong("source_code", "true or false", "false")
    try:
        networks = tuple(ip_network(text) for text in section.texts("private_networks", example="10.0.0.0/8"))
    except ValueError:
        raise section.wrong("private_networks", "a list of networks", '["10.0.0.0/8"]') from None
    example = "https://lineage.example.org/api/v1/lineage"
    url = section.text("url", example=example)
    try:
        if url:
            check_scheme(parse_origin(url), networks)
    except HeadwaterError:
        # Without the text: an address may hold a secret.
        raise section.wrong("url", "an https address", f'"{example}"') from None
    file = section.text("file", example="lineage.jsonl")
    kept = (home / file) if file else None
    collection = section.text("collection", example="pipelines") or None
    return Receiver(url, section.reference("api_key"), kept, source_code, networks, collection)
