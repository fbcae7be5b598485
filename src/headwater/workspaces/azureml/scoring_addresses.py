"""Where a workspace's endpoint may be. A workspace names addresses that nobody registered: each is looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from headwater.errors import OriginDeniedError, UsageError, WorkspaceError
from headwater.net import Origin, parse_origin, redact
from headwater.net.origins import check_peer, check_scheme

__all__ = ["same_origin", "scoring_origin"]


def scoring_origin(url: str, management: Origin, private_networks: Sequence[IPv4Network | IPv6Network]) -> Origin:
    """The origin of an endpoint's address, if the workspace on ``management`` may send us there.

    Where its name leads is looked at again when it is called.

    Raises:
        WorkspaceError: it is no address, or carries a secret.
        OriginDeniedError: it is plain http, or in a network that is not allowed; or it is this machine, and the
            workspace is not.

    >>> str(scoring_origin("https://a.inference.ml.azure.com/score", parse_origin("https://management.azure.com"), ()))
    'https://a.inference.ml.azure.com'
    """
    origin = _origin(url)
    if origin is None or redact(url) != url:
        raise WorkspaceError(
            "The workspace gives the endpoint an address that cannot be called.",
            place=str(management),
            hint="See the endpoint's page in the studio.",
        )
    check_scheme(origin, private_networks)
    address = _literal(origin.host)
    if origin.is_loopback and not management.is_loopback:
        # Whoever may register a workspace did not name this machine's other services with it.
        if address is None or not any(address in network for network in private_networks):
            raise OriginDeniedError(
                "The workspace gives the endpoint an address on this machine.",
                place=str(management),
                hint="Have an administrator allow the network 127.0.0.0/8 for the source, if that is meant.",
            )
    elif address is not None:
        check_peer(origin, str(address), private_networks)
    return origin


def same_origin(url: str, other: str) -> bool:
    """Whether both are addresses at one origin."""
    return _origin(url) is not None and _origin(url) == _origin(other)


def _origin(url: str) -> Origin | None:
    try:
        return parse_origin(url)
    except UsageError:
        return None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
