"""Which addresses may be called, and which address really answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from headwater.errors import OriginDeniedError, UsageError

__all__ = ["Origin", "check_peer", "check_scheme", "parse_origin"]

Network = IPv4Network | IPv6Network
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a credential and a permission are bound to.

    >>> str(Origin("https", "ml.example.com", 443)), str(Origin("http", "::1", 5000))
    ('https://ml.example.com', 'http://[::1]:5000')
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def netloc(self) -> str:
        """Host and port, the port always there: how a workspace is told from another one on the same machine."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it names this machine itself."""
        return self.host == "localhost" or _is_loopback_literal(self.host)


def parse_origin(url: str) -> Origin:
    """The origin of ``url``; path and query are ignored.

    Raises:
        UsageError: not an http(s) URL, or one that carries a user name or password.

    >>> parse_origin("HTTPS://ML.Example.com/api?x=1")
    Origin(scheme='https', host='ml.example.com', port=443)
    """
    hint = "Give it as https://host or https://host:port."
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise UsageError("The address cannot be read as a URL.", hint=hint) from error
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "The address carries a user name or password.",
            hint="Give the address alone; a credential is stored separately.",
        )
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise UsageError("The address is not an http or https URL.", hint=hint)
    return Origin(parts.scheme, parts.hostname, _DEFAULT_PORTS[parts.scheme] if port is None else port)


def check_scheme(origin: Origin, private_networks: Sequence[Network]) -> None:
    """Refuse plain http, except to this machine and to literal addresses of an allowed private network.

    Raises:
        OriginDeniedError: ``origin`` is http and neither.
    """
    if origin.scheme == "https" or origin.is_loopback:
        return
    address = _literal(origin.host)
    if address is not None and _within(address, private_networks):
        return
    raise OriginDeniedError(
        "The address is plain http, which is allowed to this machine only.",
        place=str(origin),
        hint="Use https, or have an administrator allow the private network it is in.",
    )


def check_peer(origin: Origin, peer: str, private_networks: Sequence[Network]) -> None:
    """Refuse an address that ``origin``'s name should not lead to, however it was resolved.

    A name that is this machine's must lead to this machine; any other must lead to a public address or into an
    allowed private network (a name that leads to 127.0.0.1 or 169.254.169.254 is how an inner service is reached
    by way of a request).

    Raises:
        OriginDeniedError: it leads elsewhere.
    """
    address = _unmapped(ip_address(peer))
    allowed = address.is_loopback if origin.is_loopback else address.is_global or _within(address, private_networks)
    if not allowed:
        raise OriginDeniedError(
            "The address leads to a network that is not allowed.",
            place=str(origin),
            hint="Have an administrator allow that private network, or correct the address.",
        )


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return _unmapped(ip_address(host))
    except ValueError:
        return None


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """``::ffff:10.0.0.1`` is 10.0.0.1."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_loopback_literal(host: str) -> bool:
    address = _literal(host)
    return address is not None and address.is_loopback


def _within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
