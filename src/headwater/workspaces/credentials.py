"""The kinds of credential that workspaces take, and making one of what is stored about it."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType

from headwater.errors import UsageError
from headwater.workspaces import entra
from headwater.workspaces.base import Credential

__all__ = ["CREDENTIAL_KINDS", "CredentialKind", "HeaderCredential", "check_credential", "make_credential"]

_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
#: Headers that say how a message is carried. A key in one of them would change the request itself.
_CARRIERS = frozenset(
    {"connection", "content-length", "content-type", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class CredentialKind:
    """One kind of credential, and what has to be known of it.

    Attributes:
        name: what it is stored as.
        description: one sentence for whoever chooses.
        fields: what everybody may see of it, in the order in which it is asked for.
        required: those of ``fields`` that cannot be left out.
        has_secret: whether a secret belongs to it.
        uses_machine_identity: whether the machine that Headwater runs on vouches for it. What that identity may do
            is open to whoever registers a workspace with it, so it is an administrator's choice.
    """

    name: str
    description: str
    fields: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    has_secret: bool = False
    uses_machine_identity: bool = False


_KINDS = (
    CredentialKind("anonymous", "No credential: the workspace asks for none."),
    CredentialKind("basic", "A user name and a password.", ("username",), frozenset({"username"}), has_secret=True),
    CredentialKind("token", "A token that is sent as it is (bearer).", has_secret=True),
    CredentialKind(
        "key", "A key, sent as a bearer token or in a header of the service's choice.", ("header",), has_secret=True
    ),
    CredentialKind(
        "entra_client_secret",
        "A service principal of Microsoft Entra ID, with a client secret.",
        ("tenant_id", "client_id", "authority"),
        frozenset({"tenant_id", "client_id"}),
        has_secret=True,
    ),
    CredentialKind(
        "entra_managed_identity",
        "The managed identity of the Azure machine that Headwater runs on.",
        ("client_id",),
        uses_machine_identity=True,
    ),
    CredentialKind(
        "entra_cli",
        "Whoever is signed in to the Azure CLI on the machine that Headwater runs on.",
        ("tenant_id",),
        uses_machine_identity=True,
    ),
)
#: Every kind by its name.
CREDENTIAL_KINDS: Mapping[str, CredentialKind] = MappingProxyType({kind.name: kind for kind in _KINDS})


class HeaderCredential(Credential):
    """A credential that is the same headers every time."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = MappingProxyType(dict(headers))

    def headers(self) -> Mapping[str, str]:
        return self._headers


def check_credential(kind: str, fields: Mapping[str, str], *, has_secret: bool) -> CredentialKind:
    """The kind of a credential, if that is what belongs to it; the secret itself need not be at hand.

    Raises:
        UsageError: there is no such kind, a field of another kind was given, one is missing, or the secret is missing
            or one too many. The message names it.
    """
    found = CREDENTIAL_KINDS.get(kind)
    if found is None:
        raise UsageError(
            f"There is no credential of kind '{kind}'.", hint=f"The kinds are: {', '.join(CREDENTIAL_KINDS)}."
        )
    unknown = sorted(set(fields) - set(found.fields))
    missing = [name for name in found.fields if name in found.required and not fields.get(name, "").strip()]
    if has_secret and not found.has_secret:
        unknown.append("a secret")
    if found.has_secret and not has_secret:
        missing.append("the secret")
    if unknown:
        raise _misfit(found, f"has no place for {_listed(unknown)}")
    if missing:
        raise _misfit(found, f"lacks {_listed(missing)}")
    return found


def make_credential(
    kind: str,
    fields: Mapping[str, str],
    secret: str | None,
    *,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
    tls: ssl.SSLContext | None = None,
) -> Credential:
    """The credential of ``kind`` with these public fields and this secret. Nothing is called yet.

    Args:
        kind: one of ``CREDENTIAL_KINDS``.
        fields: its public fields; an empty one counts as not given.
        secret: the password, token, key or client secret; None for kinds without one.
        private_networks: where a token authority may be besides public networks.
        tls: what certificates of a token authority are trusted; by default those of public authorities.

    Raises:
        UsageError: as ``check_credential`` says, or a value that cannot be one.

    >>> credential = make_credential("basic", {"username": "ann"}, "hunter2")
    >>> credential
    HeaderCredential(***)
    >>> credential.headers()["Authorization"]
    'Basic YW5uOmh1bnRlcjI='
    """
    found = check_credential(kind, fields, has_secret=bool(secret))
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    if found.name in _ENTRA:
        return _ENTRA[found.name](given, secret or "", private_networks, tls)
    return HeaderCredential(_HEADERS[found.name](found, given, secret or ""))


def _nothing(kind: CredentialKind, fields: Mapping[str, str], secret: str) -> dict[str, str]:
    return {}


def _basic(kind: CredentialKind, fields: Mapping[str, str], secret: str) -> dict[str, str]:
    username = fields["username"]
    if ":" in username:
        raise _misfit(kind, "cannot have a colon in its username")
    return {"Authorization": f"Basic {base64.b64encode(f'{username}:{secret}'.encode()).decode()}"}


def _bearer(kind: CredentialKind, fields: Mapping[str, str], secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {_sendable(kind, secret)}"}


def _key(kind: CredentialKind, fields: Mapping[str, str], secret: str) -> dict[str, str]:
    name = fields.get("header")
    if name is None:
        return _bearer(kind, fields, secret)
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _CARRIERS:
        raise _misfit(kind, "names a header that no key can be sent in")
    return {name: _sendable(kind, secret)}


def _sendable(kind: CredentialKind, secret: str) -> str:
    if not (secret.isascii() and secret.isprintable() and secret.strip() == secret):
        raise _misfit(kind, "has a secret with characters that no header can carry (a line break, a space around it)")
    return secret


_HEADERS: Mapping[str, Callable[[CredentialKind, Mapping[str, str], str], dict[str, str]]] = {
    "anonymous": _nothing,
    "basic": _basic,
    "token": _bearer,
    "key": _key,
}
_ENTRA: Mapping[str, entra.Maker] = {
    "entra_client_secret": entra.client_secret,
    "entra_managed_identity": entra.managed_identity,
    "entra_cli": entra.command_line,
}


def _misfit(kind: CredentialKind, why: str) -> UsageError:
    optional = [f"{name}{'' if name in kind.required else ' (optional)'}" for name in kind.fields]
    parts = [*optional, *(["a secret"] if kind.has_secret else [])]
    return UsageError(
        f"A credential of kind '{kind.name}' {why}.", hint=f"It consists of: {', '.join(parts) or 'nothing'}."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name if " " in name else f"'{name}'" for name in names)
