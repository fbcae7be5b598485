"""What providers publish about themselves: their discovery documents and the keys they sign with, kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

from headwater.access.openid.provider import Provider
from headwater.errors import OriginDeniedError, RemoteError, UsageError
from headwater.net import HttpClient, parse_origin

if TYPE_CHECKING:
    from joserfc.jwk import Key, KeySet

__all__ = ["DIRECTORY", "Directory", "Metadata", "client_for"]

LIFETIME = timedelta(hours=1)
#: Whoever can make us see unknown keys must not be able to make us ask for keys without end.
RENEWED_EVERY = timedelta(minutes=1)

MAX_BYTES = 1024 * 1024

#: Key types that the allowed algorithms use: a symmetric key has no business among published ones.
_KEY_TYPES = ("RSA", "EC", "OKP")

#: What RFC 7518 asks for; a shorter one may be broken by now.
SHORTEST_RSA_KEY = 2048

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is needed of a discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods: tuple[str, ...]
    #: Whether each answer of the authorization endpoint names the issuer (RFC 9207).
    names_issuer: bool


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    at: datetime


class Directory:
    """Discovery documents and keys by issuer. Threads may share one: whoever finds nothing fresh asks the provider.

    Every method may raise:
        NetworkError: the provider cannot be reached, or published something that cannot be used.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metadata: dict[str, _Kept[Metadata]] = {}
        self._keys: dict[str, _Kept[KeySet]] = {}
        self._renewed: dict[str, datetime] = {}

    def metadata(self, provider: Provider, *, now: datetime) -> Metadata:
        """What the provider says of itself."""
        return _fresh(self._metadata, provider, now, lambda: _fetch_metadata(provider))

    def keys(self, provider: Provider, *, now: datetime) -> KeySet:
        """The keys that the provider signs with."""
        return _fresh(self._keys, provider, now, lambda: self._fetch_keys(provider, now))

    def renewed_keys(self, provider: Provider, *, now: datetime) -> KeySet | None:
        """The keys asked for anew, because one was not among them; None where that was done within a minute."""
        with self._lock:
            last = self._renewed.get(provider.issuer)
            if last is not None and abs(now - last) < RENEWED_EVERY:
                return None
            self._renewed[provider.issuer] = now
        keys = self._fetch_keys(provider, now)
        self._keys[provider.issuer] = _Kept(keys, now)
        return keys

    def _fetch_keys(self, provider: Provider, now: datetime) -> KeySet:
        from joserfc.jwk import KeySet

        listed = _get_object(provider, self.metadata(provider, now=now).jwks_uri).get("keys")
        keys = [key for entry in listed if (key := _key(entry)) is not None] if isinstance(listed, list) else []
        if not keys:
            raise _unusable(provider, "publishes no key that can be used")
        return KeySet(keys)


#: The one that a process has.
DIRECTORY = Directory()


def client_for(provider: Provider, url: str, *, max_redirects: int) -> HttpClient:
    """A client for the origin of ``url``, which is an endpoint of the provider.

    Each endpoint has a client of its own, bound to its own origin: what is meant for one reaches no other.
    """
    return HttpClient(
        str(parse_origin(url)),
        timeout=provider.timeout,
        deadline=provider.timeout,
        max_bytes=MAX_BYTES,
        private_networks=provider.private_networks,
        max_redirects=max_redirects,
    )


def _fresh(kept: dict[str, _Kept[T]], provider: Provider, now: datetime, fetch: Callable[[], T]) -> T:
    found = kept.get(provider.issuer)
    if found is None or not found.at <= now < found.at + LIFETIME:
        # Two at once both ask; a lock would make everybody wait for a provider that hangs.
        found = kept[provider.issuer] = _Kept(fetch(), now)
    return found.value


def _fetch_metadata(provider: Provider) -> Metadata:
    from authlib.oidc.discovery import get_well_known_url  # type: ignore[import-untyped]  # has no type information

    document = _get_object(provider, get_well_known_url(provider.issuer, external=True))
    if document.get("issuer") != provider.issuer:
        raise _unusable(provider, "calls itself by another issuer than the one configured")
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not isinstance(methods, list):
        raise _unusable(provider, "publishes a list that is none")
    return Metadata(
        authorization_endpoint=_endpoint(provider, document, "authorization_endpoint"),
        token_endpoint=_endpoint(provider, document, "token_endpoint"),
        jwks_uri=_endpoint(provider, document, "jwks_uri"),
        token_endpoint_auth_methods=tuple(method for method in methods if isinstance(method, str)),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(provider: Provider, document: dict[str, Any], name: str) -> str:
    """The address of an endpoint: at the issuer's own origin, or at another one by https, but not on this machine.

    The last of these because the document comes from elsewhere: it must not lead to what only this machine reaches.
    """
    url = document.get(name)
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\#'):
        raise _unusable(provider, f"publishes no usable {name}")
    try:
        origin, own = parse_origin(url), parse_origin(provider.issuer)
    except UsageError:
        raise _unusable(provider, f"publishes no usable {name}") from None
    if origin != own and (origin.scheme != "https" or origin.is_loopback):
        raise OriginDeniedError(
            f"The provider '{provider.display_name}' names a {name} that may not be called.",
            place=str(own),
            hint="It has to be at the issuer's own address, or elsewhere by https.",
        )
    return url


def _get_object(provider: Provider, url: str) -> dict[str, Any]:
    with client_for(provider, url, max_redirects=2) as client:
        body = client.get_bytes(url)
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise _unusable(provider, "publishes something that is no JSON object")
    return answer


def _key(entry: object) -> Key | None:
    """One published key; None for one of a kind that we have no use for, which spoils none of the others."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey, import_key

    if not isinstance(entry, dict) or entry.get("kty") not in _KEY_TYPES or entry.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(entry)
    except (JoseError, ValueError, KeyError, TypeError, UnsupportedAlgorithm):
        return None
    return None if isinstance(key, RSAKey) and key.public_key.key_size < SHORTEST_RSA_KEY else key


def _unusable(provider: Provider, what: str) -> RemoteError:
    return RemoteError(
        f"The provider '{provider.display_name}' {what}.",
        status=200,
        place=str(parse_origin(provider.issuer)),
        hint="Compare the configured issuer with the 'issuer' of the provider's discovery document.",
    )
