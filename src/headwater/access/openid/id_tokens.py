"""Believing an ID token: who signed it, for whom, when, in answer to which request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.access.openid.directory import Directory
from headwater.access.openid.exchange import Tokens
from headwater.access.openid.provider import Provider
from headwater.errors import UnauthenticatedError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet
    from joserfc.jwt import Token

__all__ = ["ALGORITHMS", "Identity", "verify"]

#: Signatures with a private key. With HS256 anybody who reads the published key could sign, with "none" anybody.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")

#: Seconds by which the provider's clock may differ from ours.
LEEWAY = 60

_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for.

    ``email`` is there only when the provider says that it verified it; ``groups`` is None when nothing is to be read
    from the provider about groups.
    """

    subject: str
    username: str | None
    email: str | None
    display_name: str
    groups: frozenset[str] | None


def verify(provider: Provider, tokens: Tokens, directory: Directory, *, nonce: str, now: datetime) -> Identity:
    """Whom the ID token is about, once everything about it has been checked.

    Raises:
        UnauthenticatedError: it must not be believed; the message names the check, never what the token says.
        NetworkError: the provider's keys cannot be had.
    """
    from joserfc.errors import JoseError

    try:
        token = _decoded(provider, tokens.id_token, directory, now)
        _check_claims(provider, token, nonce, tokens.access_token, now)
    except JoseError as error:
        # Not "from error": it may quote the token.
        raise _refused(provider, getattr(error, "claim", "") or error.error) from None
    return _identity(provider, token.claims)


def _check_claims(provider: Provider, token: Token, nonce: str, access_token: str, now: datetime) -> None:
    """Check all that the token says about itself; JoseError names what does not fit."""
    from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # has no type information
    from joserfc.errors import InvalidClaimError

    options = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "sub": {"essential": True},
        "at_hash": {"essential": False},
    }
    if not isinstance(token.claims.get("at_hash", ""), str):
        raise InvalidClaimError("at_hash")  # the library expects a text
    params = {"client_id": provider.client_id, "nonce": nonce, "access_token": access_token}
    CodeIDToken(token.claims, token.header, options, params).validate(int(now.timestamp()), LEEWAY)


def _decoded(provider: Provider, id_token: str, directory: Directory, now: datetime) -> Token:
    """The token, its signature checked; a provider that changed its keys is asked for them once more."""
    from joserfc.errors import BadSignatureError, InvalidKeyIdError

    try:
        return _decode(id_token, directory.keys(provider, now=now))
    except (BadSignatureError, InvalidKeyIdError):
        # The former where keys have no names, or a name went on to another key.
        renewed = directory.renewed_keys(provider, now=now)
        if renewed is None:
            raise
        return _decode(id_token, renewed)


def _decode(id_token: str, keys: KeySet) -> Token:
    from joserfc.errors import DecodeError
    from joserfc.jws import JWSRegistry
    from joserfc.jwt import decode

    # Header parameters that nobody has to understand are none of our business; "crit" is checked all the same.
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        return decode(id_token, keys, registry=registry)
    except (ValueError, TypeError, KeyError, AttributeError):
        # What the library says to a token whose parts are of kinds that none has.
        raise DecodeError from None


def _identity(provider: Provider, claims: dict[str, Any]) -> Identity:
    subject = claims["sub"]
    if not subject.isprintable() or len(subject) > _LONGEST_SUBJECT:
        raise _refused(provider, "sub")
    return Identity(
        subject,
        _text(claims, "preferred_username"),
        _text(claims, "email") if claims.get("email_verified") is True else None,
        _text(claims, "name") or "",
        None if provider.groups_claim is None else _groups(provider, provider.groups_claim, claims),
    )


def _text(claims: dict[str, Any], name: str) -> str | None:
    """A claim that can be shown in a line; None where it is something else, for nothing depends on it."""
    value = claims.get(name)
    if not isinstance(value, str) or not value.isprintable() or len(value) > 255:
        return None
    return value.strip() or None


def _groups(provider: Provider, name: str, claims: dict[str, Any]) -> frozenset[str]:
    """The groups that the claim lists: none where it is missing, for then the person is in none that count."""
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, dict) and name in elsewhere:
        # Taken for "in no group", somebody in very many would lose all that they may do, without a word.
        raise UnauthenticatedError(
            f"The provider '{provider.display_name}' does not list all groups that you are in.",
            hint="Have it send only the groups that are assigned to this application.",
        )
    value = claims.get(name, [])
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(group, str) for group in listed):
        raise _refused(provider, "groups")
    return frozenset(listed)


def _refused(provider: Provider, check: str) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"What the provider '{provider.display_name}' says of you cannot be believed: its ID token fails the check "
        f"'{check}'.",
        hint="Sign in again. If that does not help, compare the configuration with the provider's, and the clocks.",
    )
