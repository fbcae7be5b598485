"""A provider of OpenID Connect, as an administrator describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headwater.errors import OriginDeniedError, UsageError
from headwater.net.origins import Network, check_scheme, parse_origin
from headwater.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Provider"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_URL = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches for people, and what is believed of it.

    Args:
        name: what it is called in addresses and in the configuration: small letters, digits and hyphens.
        display_name: what the button on the sign-in page says.
        issuer: its identifier, exactly as its discovery document writes it.
        client_id: what this installation is called there.
        client_secret: None for a public client, which PKCE alone protects.
        scopes: what is asked for; ``openid`` is among them.
        create_users: make a user of whoever comes for the first time. Otherwise only those come in who were linked.
        groups_claim: the claim of the ID token that lists the person's groups; None: groups are not the provider's.
        allowed_email_domains: if there are any, a verified address in one of them is needed to come in.
        private_networks: networks that are not public and in which the provider may be.
        timeout: seconds that each of its answers may take.

    Raises:
        UsageError: a field cannot be used; the message says which.

    >>> Provider("corp", "Corp", "https://id.example.com", "headwater", Secret("hunter2")).client_secret
    Secret(***)
    """

    name: str
    display_name: str
    issuer: str
    client_id: str
    client_secret: Secret | None = None
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    create_users: bool = False
    groups_claim: str | None = None
    allowed_email_domains: tuple[str, ...] = ()
    private_networks: tuple[Network, ...] = ()
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise _unusable("name", "It has 1 to 32 small letters, digits and hyphens.", place="openid")
        if not self.display_name.strip() or not self.display_name.isprintable():
            raise self._unusable("display_name", "It is one line of text.")
        if not is_issuer(self.issuer, self.private_networks):
            raise self._unusable("issuer", "It is an https URL without query and fragment, or http on this machine.")
        if not self.client_id or not self.client_id.isprintable():
            raise self._unusable("client_id", "The provider shows it where the application is registered.")
        if self.client_secret is not None and not self.client_secret.reveal():
            raise self._unusable("client_secret", "Leave it out for a public client.")
        if "openid" not in self.scopes or not all(_SCOPE.fullmatch(scope) for scope in self.scopes):
            raise self._unusable("scopes", "They are words, and 'openid' is one of them.")
        if self.groups_claim == "":
            raise self._unusable("groups_claim", "Name a claim, or leave it out.")
        if not all(domain and "@" not in domain for domain in self.allowed_email_domains):
            raise self._unusable("allowed_email_domains", "Write each as what follows the @.")
        if not self.timeout > 0:
            raise self._unusable("timeout", "It is a number of seconds.")

    def allows(self, email: str | None) -> bool:
        """Whether somebody with this verified address may come in.

        >>> provider = Provider("corp", "Corp", "https://id.example.com", "x", allowed_email_domains=("example.com",))
        >>> provider.allows("Ann@Example.COM"), provider.allows("ann@example.com.example.org"), provider.allows(None)
        (True, False, False)
        """
        if not self.allowed_email_domains:
            return True
        name, _, domain = (email or "").rpartition("@")
        return bool(name) and domain.casefold() in {allowed.casefold() for allowed in self.allowed_email_domains}

    def _unusable(self, field: str, hint: str) -> UsageError:
        return _unusable(field, hint, place=f"openid '{self.name}'")


def is_issuer(url: str, private_networks: Sequence[Network]) -> bool:
    """Whether ``url`` can be an issuer that may be asked."""
    if not _URL.fullmatch(url) or "?" in url or "#" in url:
        return False
    try:
        check_scheme(parse_origin(url), private_networks)
    except (UsageError, OriginDeniedError):
        return False
    # Compared letter by letter with what the provider writes: a spelling that only we understand never fits.
    return urlsplit(url).scheme == url.partition(":")[0]


def _unusable(field: str, hint: str, *, place: str) -> UsageError:
    return UsageError(f"The field '{field}' of the OpenID Connect provider cannot be used.", hint=hint, place=place)
