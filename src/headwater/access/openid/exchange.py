"""Giving the provider the code that the browser brought, for the tokens that say who it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import orjson

from headwater.access.openid.directory import Metadata, client_for
from headwater.access.openid.provider import Provider
from headwater.errors import RemoteError, UnauthenticatedError
from headwater.net import Answer, parse_origin

__all__ = ["Tokens", "exchange_code"]

#: What RFC 6749 lets a code consist of.
_CODE = re.compile(r"[\x20-\x7e]{1,8192}")

#: The words of RFC 6749. Any other word could be a secret that was sent, said back.
_ERRORS = frozenset({"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type",
                     "invalid_scope"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was worth. The access token is used for nothing but to check the ID token's ``at_hash``."""

    id_token: str
    access_token: str

    def __repr__(self) -> str:
        return "Tokens(***)"


def exchange_code(
    provider: Provider, metadata: Metadata, *, code: str, redirect_uri: str, code_verifier: str
) -> Tokens:
    """The tokens that ``code`` stands for.

    Raises:
        UnauthenticatedError: the provider does not accept the code.
        NetworkError: it cannot be reached, does not accept this client, or answers with something else.
    """
    from authlib.oauth2.rfc6749.parameters import prepare_token_request  # type: ignore[import-untyped]  # as elsewhere

    if not _CODE.fullmatch(code):
        raise _refused(provider)
    body = prepare_token_request(
        "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=code_verifier
    )
    headers, body = _authenticated(provider, metadata, body)
    # No redirect is followed: it would carry the code and the secret along.
    with client_for(provider, metadata.token_endpoint, max_redirects=0) as client:
        answer = client.request("POST", metadata.token_endpoint, headers=headers, content=body.encode())
    return _tokens(provider, answer)


def _authenticated(provider: Provider, metadata: Metadata, body: str) -> tuple[dict[str, str], str]:
    """Headers and body with the client's id and secret, in the way that the provider asks for."""
    from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]  # as elsewhere

    client_id, secret = provider.client_id, None if provider.client_secret is None else provider.client_secret.reveal()
    method = _auth_method(provider, metadata)
    if method == "client_secret_basic" and secret is not None:
        # RFC 6749, 2.3.1: encoded as in a form before they are joined, for either may have a colon in it.
        client_id, secret = quote_plus(client_id), quote_plus(secret)
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    _, headers, body = ClientAuth(client_id, secret, method).prepare("POST", metadata.token_endpoint, headers, body)
    return headers, body


def _auth_method(provider: Provider, metadata: Metadata) -> str:
    if provider.client_secret is None:
        return "none"
    for method in ("client_secret_basic", "client_secret_post"):
        if method in metadata.token_endpoint_auth_methods:
            return method
    raise _unusable(provider, "takes no client secret", status=200)


def _tokens(provider: Provider, answer: Answer) -> Tokens:
    content = _object(answer.body)
    if answer.status != 200:
        word = content.get("error")
        if word == "invalid_grant":
            raise _refused(provider)
        named = word if isinstance(word, str) and word in _ERRORS else ""
        said = f"{answer.status}, {named}" if named else str(answer.status)
        raise _unusable(provider, f"answered the exchange of a code with {said}", status=answer.status, word=named)
    id_token, access_token = content.get("id_token"), content.get("access_token")
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise _unusable(provider, "answered the exchange of a code without an ID token", status=200)
    return Tokens(id_token, access_token)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _refused(provider: Provider) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"The provider '{provider.display_name}' does not accept the code that your browser brought.",
        hint="Codes are good once, and for a short time: sign in again.",
    )


def _unusable(provider: Provider, what: str, *, status: int, word: str = "") -> RemoteError:
    return RemoteError(
        f"The provider '{provider.display_name}' {what}.",
        status=status,
        error_code=word,
        place=str(parse_origin(provider.issuer)),
        hint="Compare client_id, client_secret and the redirect address with what is registered at the provider.",
    )
