"""Addresses that are written as such: where to listen, who asks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from headwater.errors import ServeError

Address = IPv4Address | IPv6Address


def listening_address(host: str) -> Address:
    """The address to listen at; ``localhost`` is 127.0.0.1.

    Raises:
        ServeError: a name, which may lead to several addresses (``serve.address``).

    >>> listening_address("localhost"), listening_address("::")
    (IPv4Address('127.0.0.1'), IPv6Address('::'))
    """
    address = literal("127.0.0.1" if host == "localhost" else host)
    if address is None:
        raise ServeError(
            f"'{host}' is not an address of a network interface.",
            place=host,
            hint="Give --host an IP address; 0.0.0.0 is every one of this machine. Names belong to --public-url.",
            code="serve.address",
        )
    return address


def literal(text: str) -> Address | None:
    """The address that ``text`` writes, if it is one; ``::ffff:10.0.0.1`` is 10.0.0.1.

    >>> literal("::ffff:10.0.0.1"), literal("ten")
    (IPv4Address('10.0.0.1'), None)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
