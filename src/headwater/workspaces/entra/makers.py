"""Making the several kinds of Entra credential. azure-identity is imported by the one that needs it."""

from __future__ import annotations

import importlib.util
import logging
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from headwater.errors import UsageError
from headwater.net import parse_origin
from headwater.workspaces.entra.credential import EntraCredential

__all__ = ["PUBLIC_AUTHORITY", "Maker", "client_secret", "command_line", "managed_identity"]

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
Maker = Callable[[Mapping[str, str], str, Sequence[IPv4Network | IPv6Network], ssl.SSLContext | None], EntraCredential]

#: Where an Azure machine asks for its own identity; reachable from that machine alone.
_LINK_LOCAL = (ip_network("169.254.0.0/16"),)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_CLI_SECONDS = 20
#: They repeat what an authority answered, and what was asked: nothing of it belongs into a log.
_TALKATIVE = ("azure.core", "azure.identity", "msal")


def client_secret(
    fields: Mapping[str, str],
    secret: str,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
    tls: ssl.SSLContext | None = None,
) -> EntraCredential:
    """A service principal with a client secret, which is sent to ``authority`` alone.

    Raises:
        UsageError: a field that cannot be one, or azure-identity is not installed.
    """
    _check_installed()
    from azure.identity import ClientSecretCredential

    from headwater.workspaces.entra.transport import GuardedTransport

    authority = _authority(fields.get("authority", PUBLIC_AUTHORITY))
    source = ClientSecretCredential(
        _name("tenant_id", fields["tenant_id"]),
        _name("client_id", fields["client_id"]),
        secret,
        authority=authority,
        # The list of known authorities is another address; ours is known because somebody registered it.
        disable_instance_discovery=True,
        transport=GuardedTransport(lambda url: authority, private_networks, tls),
        retry_total=2,
    )
    return EntraCredential(
        source, authority, "Check tenant, client id and client secret, and whether the secret has expired."
    )


def managed_identity(
    fields: Mapping[str, str],
    secret: str = "",
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
    tls: ssl.SSLContext | None = None,
) -> EntraCredential:
    """The identity of the Azure machine that this runs on; the machine's environment says where to ask for it.

    Raises:
        UsageError: a field that cannot be one, or azure-identity is not installed.
    """
    _check_installed()
    from azure.identity import ManagedIdentityCredential

    from headwater.workspaces.entra.transport import GuardedTransport

    client_id = fields.get("client_id")
    source = ManagedIdentityCredential(
        client_id=None if client_id is None else _name("client_id", client_id),
        transport=GuardedTransport(lambda url: str(parse_origin(url)), (*_LINK_LOCAL, *private_networks), tls),
        retry_total=2,
    )
    return EntraCredential(
        source, "managed identity", "Run Headwater on an Azure machine that has a managed identity, or name another."
    )


def command_line(
    fields: Mapping[str, str],
    secret: str = "",
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
    tls: ssl.SSLContext | None = None,
) -> EntraCredential:
    """Whoever is signed in to the ``az`` command here; the command itself does the calling.

    Raises:
        UsageError: a field that cannot be one, or azure-identity is not installed.
    """
    _check_installed()
    from azure.identity import AzureCliCredential

    tenant_id = fields.get("tenant_id", "")
    source = AzureCliCredential(
        tenant_id=_name("tenant_id", tenant_id) if tenant_id else "", process_timeout=_CLI_SECONDS
    )
    return EntraCredential(source, "az", "Run 'az login' as the account that Headwater runs as.")


def _check_installed() -> None:
    if importlib.util.find_spec("azure") is None or importlib.util.find_spec("azure.identity") is None:
        raise UsageError(
            "Credentials of Microsoft Entra ID need azure-identity, which is not installed.",
            hint="Install it with: pip install 'headwater[azure]'.",
        )
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _authority(url: str) -> str:
    origin = parse_origin(url)
    if origin.scheme != "https":
        raise UsageError("A token authority is called over https only.", hint="Give it as https://host.")
    return str(origin)


def _name(field: str, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise UsageError(
            f"The field '{field}' is neither an id nor a domain name.", hint="Copy it from the Azure portal."
        )
    return value
