"""What a credential of a workspace can be, and what is sent for it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from headwater.errors import UsageError
from headwater.workspaces.base import Credential

__all__ = ["CREDENTIAL_KINDS", "CredentialKind", "check_credential", "make_credential"]


@dataclass(frozen=True, slots=True)
class CredentialKind:
    """A kind of credential: its public fields, and whether a secret belongs to it."""

    name: str
    description: str
    fields: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    has_secret: bool = False
    uses_machine_identity: bool = False


CREDENTIAL_KINDS: Mapping[str, CredentialKind] = {
    kind.name: kind
    for kind in (
        CredentialKind("anonymous", "Nothing is sent."),
        CredentialKind("basic", "A user name and a password.", ("username",), frozenset({"username"}), has_secret=True),
        CredentialKind("token", "A bearer token.", has_secret=True),
        CredentialKind("key", "A key of a scoring service.", has_secret=True),
        CredentialKind("entra_managed_identity", "The machine's own identity.", uses_machine_identity=True),
    )
}


def check_credential(kind: str, fields: Mapping[str, str], *, has_secret: bool) -> CredentialKind:
    """The kind of a credential, if that is what belongs to it; the secret itself need not be at hand.

    Raises:
        UsageError: the kind is unknown, or its fields or its secret are missing or too many.
    """
    known = CREDENTIAL_KINDS.get(kind)
    if known is None:
        raise UsageError("There is no such kind of credential.", hint=f"Kinds: {', '.join(CREDENTIAL_KINDS)}.")
    if set(fields) != set(known.fields) or has_secret != known.has_secret:
        raise UsageError(f"A credential of kind {kind} has other fields.", hint="Give those of its kind.")
    return known


def make_credential(
    kind: str,
    fields: Mapping[str, str],
    secret: str | None,
    *,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
) -> Credential:
    """The credential of a kind.

    Raises:
        UsageError: as ``check_credential`` says.
    """
    check_credential(kind, fields, has_secret=secret is not None)
    if secret is None:
        return Credential({})
    if kind == "basic":
        encoded = b64encode(f"{fields['username']}:{secret}".encode()).decode()
        return Credential({"Authorization": f"Basic {encoded}"})
    return Credential({"Authorization": f"Bearer {secret}"})
