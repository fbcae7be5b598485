"""Where a source or a connection leads, and whether anybody may name that place or an administrator alone.

What leads into a network that is not public, to this machine or to its files is an administrator's to allow: with it,
somebody else's request would reach what only the server can reach. A name says too little, for it may lead anywhere;
so ``headwater.net`` looks at the address again when it is called.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote, urlsplit

from headwater.errors import UsageError
from headwater.net import Origin, parse_origin, redact

__all__ = [
    "DATABASE_KINDS",
    "WEB_KINDS",
    "Destination",
    "Network",
    "connection_destination",
    "networks",
    "origin_of",
    "source_url",
]

Network = IPv4Network | IPv6Network

#: The kinds of M's data sources whose path is an http or https address.
WEB_KINDS = frozenset({"Web", "OData", "Soda", "Hdfs"})
#: Those whose path is a server, or a server and a database: ``server;database``.
DATABASE_KINDS = frozenset({"DB2", "Informix", "MySql", "Oracle", "PostgreSQL", "SapHana", "Sql", "Sybase", "Teradata"})

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_LONGEST_PATH = 2_000
#: A host with a port or an instance, in the ways that databases write them.
_SERVER = re.compile(r"(?P<host>[A-Za-z0-9._-]+)(?:[:,]\d+)?(?:\\[\w$-]+)?")
#: A database's name. Drivers read other texts as options, by which it could lead to another server.
_DATABASE = re.compile(r"[\w .$#@-]+")
#: Names that lead to this machine or into its own network by definition or by custom.
_INNER_NAMES = (".localhost", ".localdomain", ".local", ".internal", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where something leads.

    Attributes:
        path: the address or path in its one spelling.
        origin: the part of it that a credential is bound to: scheme, host and port, a server, a folder.
        public: whether anybody who may register may name it; what is not is left to administrators.
    """

    path: str
    origin: str
    public: bool


def source_url(url: str, *, takes_fragment: bool = False) -> Destination:
    """Where a workspace's address leads; some kinds mean a part of it by a fragment.

    Raises:
        UsageError: it is no http(s) address, or carries a user name, a fragment or what looks like a secret.

    >>> source_url("https://ML.example.com/team/")
    Destination(path='https://ML.example.com/team', origin='https://ml.example.com', public=True)
    """
    origin = parse_origin(url)
    _check_plain(url.strip())
    if "#" in url and not takes_fragment:
        raise _unusable("The address has a fragment.", "Leave out what follows '#'.")
    return Destination(url.strip().rstrip("/"), str(origin), _is_public(origin))


def origin_of(address: str) -> str:
    """What permissions and credentials for a source's stored address are bound to: its origin, or a path itself.

    >>> origin_of("https://ml.example.com/team"), origin_of("postgresql://db:5432/shop"), origin_of("file:///data")
    ('https://ml.example.com', 'postgresql://db:5432', 'file:///data')
    """
    parts = urlsplit(address)
    if parts.scheme in {"http", "https"}:
        return str(parse_origin(address))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else address


def connection_destination(kind: str, path: str) -> Destination:
    """Where a connection of one of M's kinds leads.

    Raises:
        UsageError: the kind is no name, or the path is none of its kind, or holds what looks like a secret.

    >>> connection_destination("OData", "https://example.com/sales/")
    Destination(path='https://example.com/sales', origin='https://example.com', public=True)
    >>> connection_destination("PostgreSQL", "db.example.com; sales")
    Destination(path='db.example.com;sales', origin='db.example.com', public=True)
    >>> connection_destination("Folder", "/data").public
    False
    """
    if not _KIND.fullmatch(kind):
        raise UsageError(
            "This is no kind of data source.", hint="Write it as M does: Web, OData, PostgreSQL, Sql, Folder …"
        )
    path = path.strip()
    if not path:
        raise _unusable("The connection has no path.", "Say where it leads.")
    _check_plain(path)
    if kind in WEB_KINDS:
        return _web_destination(path)
    if kind in DATABASE_KINDS:
        return _database_destination(path)
    return Destination(path, path, public=False)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks written as ``10.0.0.0/8``.

    Raises:
        UsageError: a text is none.
    """
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise UsageError("This is no network.", hint="Write it like 10.0.0.0/8 or fd00::/8.") from error


def _web_destination(path: str) -> Destination:
    origin = parse_origin(path)
    parts = urlsplit(path)
    if parts.query or parts.fragment or path.endswith(("?", "#")):
        raise _unusable("The address has a query or a fragment.", "Leave out what follows '?' or '#': M adds it.")
    if {".", ".."}.intersection(unquote(parts.path).split("/")):
        raise _unusable("The address holds '.' or '..', which would lead elsewhere than it says.", "Write it in full.")
    return Destination(f"{origin}{parts.path.rstrip('/')}", str(origin), _is_public(origin))


def _database_destination(path: str) -> Destination:
    parts = [part.strip() for part in path.split(";")]
    if len(parts) > 2 or not all(parts):
        raise _unusable("This is no database's path.", "Write it as server or server;database.")
    found = _SERVER.fullmatch(parts[0])
    named = all(_DATABASE.fullmatch(part) for part in parts[1:])
    public = named and found is not None and _is_public_host(found["host"].lower())
    return Destination(";".join(parts), parts[0].casefold(), public)


def _check_plain(text: str) -> None:
    """Addresses and paths are shown to many: what looks like a secret has no place in them."""
    if len(text) > _LONGEST_PATH or not text.isprintable():
        raise _unusable(f"It is longer than {_LONGEST_PATH} characters, or not one line.", "Correct it.")
    if redact(text) != text:
        raise _unusable(
            "It carries what looks like a secret.", "Give the address alone; a credential is stored separately."
        )


def _is_public(origin: Origin) -> bool:
    return origin.scheme == "https" and _is_public_host(origin.host)


def _is_public_host(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        name = host.rstrip(".")
        # Without a dot it is a name of the local network; a last part in digits is an address in another spelling.
        return name.rpartition(".")[2][:1].isalpha() and "." in name and not name.endswith(_INNER_NAMES)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_global


def _unusable(message: str, hint: str) -> UsageError:
    return UsageError(message, code="usage.address", hint=hint)
